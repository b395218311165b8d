"""Who may do what on which resource: built-in roles of Azure, each granted on one resource, never on a group or subscription."""

from enum import StrEnum

import pulumi
from pulumi_azure_native import authorization, managedidentity

from components.sites.azure.provider import Scope


class Role(StrEnum):
    """Ids of the built-in roles in use; they are the same in every subscription."""

    ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    DNS_ZONE_CONTRIBUTOR = "b12aa53e-6015-4669-85d0-8515ebb3ae7f"
    IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
    KEY_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    KEY_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"


def identity(scope: Scope, purpose: str, tags: dict[str, str] | None = None) -> managedidentity.UserAssignedIdentity:
    """An identity that holds no secret and may do nothing yet."""
    return managedidentity.UserAssignedIdentity(
        scope.named(purpose),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=dict(scope.tags) if tags is None else tags,
        opts=scope.child(),
    )


def grant(
    scope: Scope,
    purpose: str,
    to: managedidentity.UserAssignedIdentity,
    role: Role,
    on: pulumi.Input[str],
) -> authorization.RoleAssignment:
    """Let an identity use `role` on the resource with the id `on`, and on nothing beside it."""
    return authorization.RoleAssignment(
        scope.named(purpose),
        principal_id=to.principal_id,
        # Said outright, since Azure cannot look up an identity that is only seconds old.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=(
            f"/subscriptions/{scope.settings.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role.value}"
        ),
        scope=on,
        opts=scope.child(),
    )
