"""Identities of pods: who reads weights, who writes them, and the load balancer controller, each with a role of its own.

Bound through EKS Pod Identity by namespace and service account; no key or token is stored anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from components.sites.aws import policy
from components.sites.aws.provider import Scope
from components.sites.aws.weights import Weights
from core.naming import SERVING_ACCOUNT, SYNC_ACCOUNT, namespace


@dataclass(frozen=True)
class Identities:
    """What was bound. `writers` are the ARNs of the roles that may write weights."""

    writers: tuple[pulumi.Output[str], ...]
    bound: tuple[pulumi.Resource, ...]


def identities(scope: Scope, control_plane: eks.Cluster, held: Weights) -> Identities:
    """Register for each service a role that reads its model's weights, and another that writes them."""
    writers: list[pulumi.Output[str]] = []
    bound: list[pulumi.Resource] = []
    for sized in scope.plan.sized:
        service, tags = sized.service, sized.tags
        reads = _role(scope, f"serve-{service.name}", namespace(service.name), SERVING_ACCOUNT, tags)
        writes = _role(scope, f"sync-{service.name}", namespace(service.name), SYNC_ACCOUNT, tags)
        _allow(scope, f"serve-{service.name}", reads, *_reading(scope, service.model, held))
        _allow(scope, f"sync-{service.name}", writes, *_writing(scope, service.model, held))
        writers.append(writes.arn)
        bound.append(
            _bind(scope, control_plane, f"serve-{service.name}", namespace(service.name), SERVING_ACCOUNT, reads, tags)
        )
        bound.append(
            _bind(scope, control_plane, f"sync-{service.name}", namespace(service.name), SYNC_ACCOUNT, writes, tags)
        )
    return Identities(writers=tuple(writers), bound=tuple(bound))


def _reading(scope: Scope, model: str, held: Weights) -> list[policy.Statement]:
    bucket = f"arn:aws:s3:::{scope.settings.bucket_name}"
    return [
        # The volume looks up the model's directory from the root of the bucket.
        policy.allow(
            "ListModel",
            ["s3:ListBucket"],
            [bucket],
            condition={"StringLike": {"s3:prefix": ["", model, f"{model}/", f"{model}/*"]}},
        ),
        policy.allow("ReadModel", ["s3:GetObject"], [f"{bucket}/{model}", f"{bucket}/{model}/*"]),
        policy.allow("DecryptModel", ["kms:Decrypt"], [held.key_arn], condition=_through_s3(scope)),
    ]


def _writing(scope: Scope, model: str, held: Weights) -> list[policy.Statement]:
    bucket = f"arn:aws:s3:::{scope.settings.bucket_name}"
    return [
        policy.allow(
            "ListModel",
            ["s3:ListBucket"],
            [bucket],
            condition={"StringLike": {"s3:prefix": [f"{model}/", f"{model}/*"]}},
        ),
        policy.allow(
            "WriteModel",
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            [f"{bucket}/{model}/*"],
        ),
        policy.allow(
            "EncryptModel", ["kms:Decrypt", "kms:GenerateDataKey"], [held.key_arn], condition=_through_s3(scope)
        ),
    ]


def _through_s3(scope: Scope) -> policy.Condition:
    return {"StringEquals": {"kms:ViaService": f"s3.{scope.settings.region}.amazonaws.com"}}


def _role(scope: Scope, purpose: str, in_namespace: str, account: str, tags: Mapping[str, str]) -> iam.Role:
    return iam.Role(
        scope.named(purpose),
        assume_role_policy=policy.trust_account(scope.settings.cluster_arn, in_namespace, account),
        tags=dict(tags),
        opts=scope.child(),
    )


def _allow(scope: Scope, purpose: str, role: iam.Role, *statements: policy.Statement) -> None:
    iam.RolePolicy(scope.named(purpose), role=role.name, policy=policy.document(*statements), opts=scope.child())


def _bind(
    scope: Scope,
    control_plane: eks.Cluster,
    purpose: str,
    in_namespace: str,
    account: str,
    role: iam.Role,
    tags: Mapping[str, str],
) -> eks.PodIdentityAssociation:
    return eks.PodIdentityAssociation(
        scope.named(purpose),
        cluster_name=control_plane.name,
        namespace=in_namespace,
        service_account=account,
        role_arn=role.arn,
        tags=dict(tags),
        opts=scope.child(),
    )
