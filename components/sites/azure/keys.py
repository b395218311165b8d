"""Keys that the organisation holds: one for each store, in hardware, rotated every year, usable by that store alone.

The key of Kubernetes secrets has a vault of its own: to reach it privately the cluster's identity must manage the vault
that it lies in.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import compute, keyvault, managedidentity

from components.sites.azure import grants
from components.sites.azure.grants import Role
from components.sites.azure.network import VAULT_ZONE, Network, private_endpoint
from components.sites.azure.provider import Scope

ROTATION: Final = "P1Y"
"""How long a version is used. None expires: what an old version closed must open as long as it is kept."""


@dataclass(frozen=True)
class StoreKey:
    """A key, and the one identity that may wrap with it."""

    name: str
    key: keyvault.Key
    user: managedidentity.UserAssignedIdentity
    granted: pulumi.Resource
    """A store cannot be created before this exists."""


@dataclass(frozen=True)
class Keys:
    """The vaults and what is closed with their keys."""

    vault: keyvault.Vault
    vault_uri: str
    disks: compute.DiskEncryptionSet
    weights: StoreKey
    registry: StoreKey
    secrets_vault: keyvault.Vault
    secrets: keyvault.Key


def keys(scope: Scope, network: Network) -> Keys:
    """Both vaults and all keys."""
    vault = _vault(scope, "keys")
    # For people; the stores come another way (see `_vault`), and the API server makes its own way to the other vault.
    private_endpoint(scope, network, "keys", vault.id, "vault", [VAULT_ZONE])
    disks = _store_key(scope, vault, "disks")
    secrets_vault = _vault(scope, "secrets")
    return Keys(
        vault=vault,
        vault_uri=f"https://{scope.settings.vault_name('keys')}.vault.azure.net/",
        disks=_disk_encryption(scope, vault, disks),
        weights=_store_key(scope, vault, "weights"),
        registry=_store_key(scope, vault, "registry"),
        secrets_vault=secrets_vault,
        secrets=_key(scope, secrets_vault, "secrets"),
    )


def _vault(scope: Scope, purpose: str) -> keyvault.Vault:
    return keyvault.Vault(
        scope.named(f"{purpose}-vault"),
        vault_name=scope.settings.vault_name(purpose),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        properties=keyvault.VaultPropertiesArgs(
            tenant_id=scope.settings.tenant_id,
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.PREMIUM),
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            soft_delete_retention_in_days=90,
            enable_purge_protection=True,
            enabled_for_deployment=False,
            enabled_for_disk_encryption=False,
            enabled_for_template_deployment=False,
            public_network_access="Disabled",
            # Disks, storage and registry come as "trusted services", by identity and not by address.
            network_acls=keyvault.NetworkRuleSetArgs(
                default_action=keyvault.NetworkRuleAction.DENY,
                bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
            ),
        ),
        opts=scope.child(protect=True),
    )


def _key(scope: Scope, vault: keyvault.Vault, purpose: str) -> keyvault.Key:
    return keyvault.Key(
        scope.named(f"{purpose}-key"),
        key_name=purpose,
        vault_name=vault.name,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        properties=keyvault.KeyPropertiesArgs(
            kty=keyvault.JsonWebKeyType.RS_A_HSM,
            key_size=3072,
            attributes=keyvault.KeyAttributesArgs(enabled=True, exportable=False),
            rotation_policy=keyvault.RotationPolicyArgs(
                lifetime_actions=[
                    keyvault.LifetimeActionArgs(
                        action=keyvault.ActionArgs(type=keyvault.KeyRotationPolicyActionType.ROTATE),
                        trigger=keyvault.TriggerArgs(time_after_create=ROTATION),
                    )
                ]
            ),
        ),
        opts=scope.child(protect=True),
    )


def _store_key(scope: Scope, vault: keyvault.Vault, purpose: str) -> StoreKey:
    key = _key(scope, vault, purpose)
    user = grants.identity(scope, f"{purpose}-key-user")
    granted = grants.grant(scope, f"{purpose}-key-use", user, Role.KEY_ENCRYPTION_USER, key.id)
    return StoreKey(purpose, key, user, granted)


def _disk_encryption(scope: Scope, vault: keyvault.Vault, key: StoreKey) -> compute.DiskEncryptionSet:
    return compute.DiskEncryptionSet(
        scope.named("disks"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        encryption_type=compute.DiskEncryptionSetType.ENCRYPTION_AT_REST_WITH_CUSTOMER_KEY,
        identity=compute.EncryptionSetIdentityArgs(
            type=compute.DiskEncryptionSetIdentityType.USER_ASSIGNED, user_assigned_identities=[key.user.id]
        ),
        active_key=compute.KeyForDiskEncryptionSetArgs(
            key_url=key.key.key_uri, source_vault=compute.SourceVaultArgs(id=vault.id)
        ),
        rotation_to_latest_key_version_enabled=True,
        opts=scope.child(protect=True, depends_on=[key.granted]),
    )
