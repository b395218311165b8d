"""The site's encryption keys: one a purpose, managed by the customer, rotated, never in a second region.

Each key's own policy says which service of AWS may use it; people and roles get theirs by IAM, on the key's ARN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from components.sites.aws import policy
from components.sites.aws.logs import LOG_GROUP_ROOTS
from components.sites.aws.provider import Scope

_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:UpdateKeyDescription",
]
_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


@dataclass(frozen=True)
class Keys:
    """ARNs of the keys, by purpose."""

    secrets: pulumi.Output[str]
    """Kubernetes secrets in the cluster's store."""
    disks: pulumi.Output[str]
    """Disks of nodes."""
    weights: pulumi.Output[str]
    registry: pulumi.Output[str]
    logs: pulumi.Output[str]


def keys(scope: Scope) -> Keys:
    """Register the keys and their aliases."""
    return Keys(
        secrets=_key(scope, "secrets", "Kubernetes secrets"),
        disks=_key(scope, "disks", "Disks of nodes", _disks_of_managed_nodes(scope)),
        weights=_key(scope, "weights", "Model weights"),
        registry=_key(scope, "registry", "Container images"),
        logs=_key(scope, "logs", "Logs", [_log_groups(scope)]),
    )


def _key(scope: Scope, purpose: str, description: str, users: Sequence[policy.Statement] = ()) -> pulumi.Output[str]:
    account = {"AWS": f"arn:aws:iam::{scope.settings.account_id}:root"}
    key = kms.Key(
        scope.named(f"key-{purpose}"),
        description=f"{scope.settings.cluster_name}: {description}",
        enable_key_rotation=True,
        multi_region=False,
        deletion_window_in_days=30,
        # In a key's policy `*` is the key itself.
        policy=policy.document(
            policy.allow("AccountAdministersByIam", _ADMINISTER, ["*"], principal=account),
            policy.allow("AccountUsesByIam", [*_USE, "kms:CreateGrant"], ["*"], principal=account),
            *users,
        ),
        opts=scope.child(protect=True),
    )
    kms.Alias(
        scope.named(f"key-{purpose}"),
        name=f"alias/{scope.settings.cluster_name}-{purpose}",
        target_key_id=key.key_id,
        opts=scope.child(),
    )
    return key.arn


def _disks_of_managed_nodes(scope: Scope) -> list[policy.Statement]:
    # Auto Scaling starts the nodes under its service-linked role. That role is named in a condition, since a principal
    # that does not exist yet, as in a new account, makes the whole policy invalid.
    account = scope.settings.account_id
    linked = f"arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    only = {"StringEquals": {"kms:CallerAccount": account}, "ArnEquals": {"aws:PrincipalArn": linked}}
    everyone = {"AWS": "*"}
    return [
        policy.allow("NodesUseDisks", _USE, ["*"], principal=everyone, condition=only),
        policy.allow(
            "NodesAttachDisks",
            ["kms:CreateGrant"],
            ["*"],
            principal=everyone,
            condition={**only, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _log_groups(scope: Scope) -> policy.Statement:
    settings = scope.settings
    groups = f"arn:aws:logs:{settings.region}:{settings.account_id}:log-group:"
    return policy.allow(
        "LogGroupsOfThisSite",
        _USE,
        ["*"],
        principal={"Service": f"logs.{settings.region}.amazonaws.com"},
        condition={
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [
                    f"{groups}{root.format(cluster=settings.cluster_name)}/*" for root in LOG_GROUP_ROOTS
                ]
            }
        },
    )
