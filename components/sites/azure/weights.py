"""The weights store: one storage account without keys or public address, one container for each service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import managedidentity, storage

from components.foundation import VolumeSource
from components.sites.azure.keys import Keys
from components.sites.azure.network import BLOB_ZONE, Network, private_endpoint
from components.sites.azure.provider import Scope
from core import naming

RESTORABLE_DAYS: Final = 30
"""For how long a deleted or overwritten file can be brought back."""
# The files never change once written, so names and attributes may be remembered; the mount must not list 100 GB first.
MOUNT_OPTIONS: Final = (
    "-o allow_other",
    "--read-only=true",
    "--use-attr-cache=true",
    "--cancel-list-on-mount-seconds=10",
)


@dataclass(frozen=True)
class Weights:
    """The account, and the container of each service by its name."""

    account: storage.StorageAccount
    containers: Mapping[str, storage.BlobContainer]
    ready: pulumi.Resource
    """The account answers inside the network."""


def weights(scope: Scope, network: Network, keys: Keys) -> Weights:
    """The account, closed with its own key, and a container for every service of the plan."""
    account = storage.StorageAccount(
        scope.named("weights"),
        account_name=scope.settings.storage_account_name,
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        kind=storage.Kind.STORAGE_V2,
        # One region, several buildings. A second region is a second site.
        sku=storage.SkuArgs(
            name=storage.SkuName.STANDARD_ZRS if scope.settings.every_zone else storage.SkuName.STANDARD_LRS
        ),
        allow_blob_public_access=False,
        allow_shared_key_access=False,
        default_to_o_auth_authentication=True,
        allow_cross_tenant_replication=False,
        allowed_copy_scope=storage.AllowedCopyScope.PRIVATE_LINK,
        is_local_user_enabled=False,
        is_sftp_enabled=False,
        is_hns_enabled=False,
        enable_nfs_v3=False,
        enable_https_traffic_only=True,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        public_network_access=storage.PublicNetworkAccess.DISABLED,
        network_rule_set=storage.NetworkRuleSetArgs(
            default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.NONE
        ),
        identity=storage.IdentityArgs(
            type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[keys.weights.user.id]
        ),
        encryption=storage.EncryptionArgs(
            key_source=storage.KeySource.MICROSOFT_KEYVAULT,
            encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=keys.weights.user.id),
            # Without a version: the account follows the rotation.
            key_vault_properties=storage.KeyVaultPropertiesArgs(
                key_name=keys.weights.name, key_vault_uri=keys.vault_uri
            ),
            require_infrastructure_encryption=True,
        ),
        opts=scope.child(protect=True, depends_on=[keys.weights.granted, keys.weights.key]),
    )
    restorable = storage.DeleteRetentionPolicyArgs(enabled=True, days=RESTORABLE_DAYS)
    storage.BlobServiceProperties(
        scope.named("weights-blobs"),
        blob_services_name="default",
        account_name=account.name,
        resource_group_name=scope.group.name,
        is_versioning_enabled=True,
        delete_retention_policy=restorable,
        container_delete_retention_policy=restorable,
        opts=scope.child(),
    )
    return Weights(
        account=account,
        containers={sized.service.name: _container(scope, account, sized.service.name) for sized in scope.plan.sized},
        ready=private_endpoint(scope, network, "weights", account.id, "blob", [BLOB_ZONE]),
    )


def volume(scope: Scope, service: str, reader: managedidentity.UserAssignedIdentity) -> VolumeSource:
    """How the driver on the node mounts a service's container: with a token of the pod's service account, never a key."""
    account, container = scope.settings.storage_account_name, container_name(service)
    return VolumeSource(
        {
            "csi": {
                "driver": "blob.csi.azure.com",
                "volumeHandle": f"{account}_{container}",
                "readOnly": True,
                "volumeAttributes": {
                    "protocol": "fuse2",
                    "resourceGroup": scope.group.name,
                    "storageAccount": account,
                    "containerName": container,
                    "clientID": reader.client_id,
                    "tenantID": scope.settings.tenant_id,
                    "mountWithWorkloadIdentityToken": "true",
                },
            }
        },
        MOUNT_OPTIONS,
    )


def container_name(service: str) -> str:
    """3 to 63 lowercase letters, digits and single hyphens."""
    return naming.namespace(service)


def _container(scope: Scope, account: storage.StorageAccount, service: str) -> storage.BlobContainer:
    return storage.BlobContainer(
        scope.named(f"weights-{service}"),
        container_name=container_name(service),
        account_name=account.name,
        resource_group_name=scope.group.name,
        public_access=storage.PublicAccess.NONE,
        opts=scope.child(protect=True),
    )
