"""One identity for one Kubernetes service account: a role, what it may do, and the binding by EKS Pod Identity.

No key or token is stored anywhere. Which accounts there are is decided elsewhere (`identity`, `edge`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from components.sites.aws import policy
from components.sites.aws.provider import Scope


@dataclass(frozen=True)
class PodIdentity:
    """The role's ARN, and what must exist before a pod can act as it."""

    role_arn: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


def pod_identity(
    scope: Scope,
    control_plane: eks.Cluster,
    purpose: str,
    namespace: str,
    account: str,
    statements: Sequence[policy.Statement],
    tags: Mapping[str, str] | None = None,
) -> PodIdentity:
    """Register the identity of `account` in `namespace`. Neither has to exist yet; they are bound by name."""
    name = scope.named(purpose)
    own_tags = dict(tags) if tags else None
    role = iam.Role(
        name,
        assume_role_policy=policy.trust_account(scope.settings.cluster_arn, namespace, account),
        tags=own_tags,
        opts=scope.child(),
    )
    allowed = iam.RolePolicy(name, role=role.name, policy=policy.document(*statements), opts=scope.child())
    bound = eks.PodIdentityAssociation(
        name,
        cluster_name=control_plane.name,
        namespace=namespace,
        service_account=account,
        role_arn=role.arn,
        tags=own_tags,
        opts=scope.child(),
    )
    return PodIdentity(role_arn=role.arn, ready=(allowed, bound))
