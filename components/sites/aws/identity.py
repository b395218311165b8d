"""Who reads weights and who writes them: for each service two identities, neither of which can do the other's work.

The one that reads is the model server's; its volume is mounted with it, so a service sees its own model only.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.sites.aws import policy
from components.sites.aws.pod_identity import pod_identity
from components.sites.aws.provider import Scope
from components.sites.aws.weights import Weights
from core.naming import SERVING_ACCOUNT, SYNC_ACCOUNT, namespace


@dataclass(frozen=True)
class Identities:
    """`writers` are the ARNs of the roles that write weights; `ready` is what a pod waits for."""

    writers: tuple[pulumi.Output[str], ...]
    ready: tuple[pulumi.Resource, ...]


def identities(scope: Scope, control_plane: eks.Cluster, held: Weights) -> Identities:
    """Register both identities of each service."""
    writers: list[pulumi.Output[str]] = []
    ready: list[pulumi.Resource] = []
    for sized in scope.plan.sized:
        name, model = sized.service.name, sized.service.model
        home = namespace(name)
        serve = pod_identity(
            scope, control_plane, f"serve-{name}", home, SERVING_ACCOUNT, _reading(scope, model, held), sized.tags
        )
        sync = pod_identity(
            scope, control_plane, f"sync-{name}", home, SYNC_ACCOUNT, _writing(scope, model, held), sized.tags
        )
        writers.append(sync.role_arn)
        ready += [*serve.ready, *sync.ready]
    return Identities(writers=tuple(writers), ready=tuple(ready))


def _reading(scope: Scope, model: str, held: Weights) -> list[policy.Statement]:
    bucket = f"arn:aws:s3:::{scope.settings.bucket_name}"
    return [
        # The volume finds the model's directory from the root of the bucket.
        _list_model(bucket, ["", model, f"{model}/", f"{model}/*"]),
        policy.allow("ReadModel", ["s3:GetObject"], [f"{bucket}/{model}", f"{bucket}/{model}/*"]),
        policy.allow("DecryptModel", ["kms:Decrypt"], [held.key_arn], condition=_through_s3(scope)),
    ]


def _writing(scope: Scope, model: str, held: Weights) -> list[policy.Statement]:
    bucket = f"arn:aws:s3:::{scope.settings.bucket_name}"
    return [
        _list_model(bucket, [f"{model}/", f"{model}/*"]),
        policy.allow(
            "WriteModel",
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            [f"{bucket}/{model}/*"],
        ),
        policy.allow(
            "EncryptModel", ["kms:Decrypt", "kms:GenerateDataKey"], [held.key_arn], condition=_through_s3(scope)
        ),
    ]


def _list_model(bucket: str, prefixes: list[str]) -> policy.Statement:
    return policy.allow("ListModel", ["s3:ListBucket"], [bucket], condition={"StringLike": {"s3:prefix": prefixes}})


def _through_s3(scope: Scope) -> policy.Condition:
    return {"StringEquals": {"kms:ViaService": f"s3.{scope.settings.region}.amazonaws.com"}}
