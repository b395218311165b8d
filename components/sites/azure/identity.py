"""Who a service's pods are in Azure: one identity that reads its weights, another that writes them, neither with a secret."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import managedidentity

from components.foundation import Identity
from components.plan import Sized
from components.sites.azure import grants
from components.sites.azure.grants import Role
from components.sites.azure.provider import Scope
from components.sites.azure.weights import Weights
from core import naming

AUDIENCE: Final = "api://AzureADTokenExchange"
ACCOUNT_ANNOTATION: Final = "azure.workload.identity/client-id"


@dataclass(frozen=True)
class Identities:
    """The two identities of one service."""

    serve: managedidentity.UserAssignedIdentity
    sync: managedidentity.UserAssignedIdentity
    granted: tuple[pulumi.Resource, ...]
    """No pod mounts weights before these exist."""


def identities(scope: Scope, sized: Sized, weights: Weights, issuer: pulumi.Input[str]) -> Identities:
    """Both identities of a service, each bound to one service account and to the service's own container."""
    serve, read = _bound(scope, sized, naming.SERVING_ACCOUNT, Role.BLOB_READER, weights, issuer)
    sync, write = _bound(scope, sized, naming.SYNC_ACCOUNT, Role.BLOB_CONTRIBUTOR, weights, issuer)
    return Identities(serve, sync, (*read, *write))


def account(identity: managedidentity.UserAssignedIdentity) -> Identity:
    """What a service account carries. Pods get no label: the mount asks for their token, they themselves need none."""
    return Identity(annotations={ACCOUNT_ANNOTATION: identity.client_id})


def _bound(
    scope: Scope, sized: Sized, account: str, role: Role, weights: Weights, issuer: pulumi.Input[str]
) -> tuple[managedidentity.UserAssignedIdentity, tuple[pulumi.Resource, ...]]:
    service = sized.service.name
    identity = grants.identity(scope, f"{account}-{service}", dict(sized.tags))
    binding = managedidentity.FederatedIdentityCredential(
        scope.named(f"{account}-{service}-binding"),
        resource_name_=identity.name,
        resource_group_name=scope.group.name,
        issuer=issuer,
        subject=f"system:serviceaccount:{naming.namespace(service)}:{account}",
        audiences=[AUDIENCE],
        opts=scope.child(),
    )
    container = weights.containers[service]
    return identity, (binding, grants.grant(scope, f"{account}-{service}-weights", identity, role, container.id))
