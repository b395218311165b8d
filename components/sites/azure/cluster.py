"""The private cluster and its system nodes. Not the GPU pools: each service has its own, in `gpu_pool`.

What the cluster's identity may do is granted before the cluster exists, one resource at a time.
"""

from typing import Final

import pulumi
from pulumi_azure_native import containerservice as aks

from components.sites.azure import grants
from components.sites.azure.grants import Role
from components.sites.azure.keys import Keys
from components.sites.azure.network import Network
from components.sites.azure.provider import Scope
from components.sites.azure.registry import Registry
from core import naming

# Inside the cluster only. From the range that no network of an organisation may take (see `settings.PRIVATE`).
POD_NETWORK: Final = "100.64.0.0/16"
SERVICE_NETWORK: Final = "100.127.0.0/20"
DNS_ADDRESS: Final = "100.127.0.10"
AUDITED: Final = ("kube-audit-admin", "kube-apiserver", "guard")
"""Changes made through the API, the API server's own log, and sign-ins. Not reads: those are 100 times as many."""

# When Azure may replace nodes: the night from Saturday to Sunday in Japan.
UPGRADES: Final = {"aksManagedAutoUpgradeSchedule": "01:00", "aksManagedNodeOSUpgradeSchedule": "03:00"}


def cluster(scope: Scope, network: Network, keys: Keys, registry: Registry) -> aks.ManagedCluster:
    """The cluster with its system nodes, its upgrade windows, and the identities that it runs as."""
    settings = scope.settings
    control, kubelet = grants.identity(scope, "cluster-control"), grants.identity(scope, "cluster-kubelet")
    granted = [
        # The virtual network, not its subnets alone: joining a private zone of one's own needs it.
        grants.grant(scope, "cluster-network", control, Role.NETWORK_CONTRIBUTOR, network.id),
        grants.grant(scope, "cluster-zone", control, Role.DNS_ZONE_CONTRIBUTOR, network.cluster_zone.id),
        grants.grant(scope, "cluster-kubelet-use", control, Role.IDENTITY_OPERATOR, kubelet.id),
        grants.grant(scope, "cluster-disks", control, Role.READER, keys.disks.id),
        # The API server makes a private endpoint of its own to this vault, and must approve it there.
        grants.grant(scope, "cluster-secrets-key", control, Role.KEY_CRYPTO_USER, keys.secrets_vault.id),
        grants.grant(scope, "cluster-secrets-vault", control, Role.VAULT_CONTRIBUTOR, keys.secrets_vault.id),
        grants.grant(scope, "cluster-pull", kubelet, Role.ACR_PULL, registry.id),
        *(
            grants.grant(scope, f"cluster-reservation-{service}", control, Role.CONTRIBUTOR, group)
            for service, group in sorted(settings.capacity_reservations.items())
        ),
    ]
    made = aks.ManagedCluster(
        scope.named("cluster"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        sku=aks.ManagedClusterSKUArgs(name=aks.ManagedClusterSKUName.BASE, tier=aks.ManagedClusterSKUTier.STANDARD),
        kubernetes_version=settings.kubernetes_version,
        dns_prefix=f"{settings.name_prefix}-kokunai",
        identity=aks.ManagedClusterIdentityArgs(
            type=aks.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[control.id]
        ),
        identity_profile={
            "kubeletidentity": aks.UserAssignedIdentityArgs(
                resource_id=kubelet.id, client_id=kubelet.client_id, object_id=kubelet.principal_id
            )
        },
        public_network_access=aks.PublicNetworkAccess.DISABLED,
        api_server_access_profile=aks.ManagedClusterAPIServerAccessProfileArgs(
            enable_private_cluster=True,
            enable_private_cluster_public_fqdn=False,
            disable_run_command=True,
            # Without it the API server cannot reach a private vault.
            enable_vnet_integration=True,
            subnet_id=network.apiserver,
            private_dns_zone=network.cluster_zone.id,
        ),
        disable_local_accounts=True,
        enable_rbac=True,
        aad_profile=aks.ManagedClusterAADProfileArgs(
            managed=True,
            enable_azure_rbac=True,
            tenant_id=settings.tenant_id,
            admin_group_object_ids=settings.administrators,
        ),
        oidc_issuer_profile=aks.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=aks.ManagedClusterSecurityProfileArgs(
            workload_identity=aks.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
            azure_key_vault_kms=aks.AzureKeyVaultKmsArgs(
                enabled=True,
                # With its version, as the API wants it: the next update after a rotation moves the cluster on.
                key_id=keys.secrets.key_uri_with_version,
                key_vault_network_access=aks.KeyVaultNetworkAccessTypes.PRIVATE,
                key_vault_resource_id=keys.secrets_vault.id,
            ),
            image_cleaner=aks.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
        ),
        network_profile=aks.ContainerServiceNetworkProfileArgs(
            network_plugin=aks.NetworkPlugin.AZURE,
            network_plugin_mode=aks.NetworkPluginMode.OVERLAY,
            network_dataplane=aks.NetworkDataplane.CILIUM,
            network_policy=aks.NetworkPolicy.CILIUM,
            load_balancer_sku=aks.LoadBalancerSku.STANDARD,
            outbound_type=aks.OutboundType.USER_DEFINED_ROUTING,
            ip_families=[aks.IpFamily.I_PV4],
            pod_cidr=POD_NETWORK,
            service_cidr=SERVICE_NETWORK,
            dns_service_ip=DNS_ADDRESS,
        ),
        # Nodes boot from the registry's cache; otherwise they would fetch from Microsoft's registry abroad.
        bootstrap_profile=aks.ManagedClusterBootstrapProfileArgs(
            artifact_source=aks.ArtifactSource.CACHE, container_registry_id=registry.id
        ),
        disk_encryption_set_id=keys.disks.id,
        storage_profile=aks.ManagedClusterStorageProfileArgs(
            blob_csi_driver=aks.ManagedClusterStorageProfileBlobCSIDriverArgs(enabled=True),
            disk_csi_driver=aks.ManagedClusterStorageProfileDiskCSIDriverArgs(enabled=True),
            file_csi_driver=aks.ManagedClusterStorageProfileFileCSIDriverArgs(enabled=False),
        ),
        node_resource_group_profile=aks.ManagedClusterNodeResourceGroupProfileArgs(
            restriction_level=aks.RestrictionLevel.READ_ONLY
        ),
        auto_upgrade_profile=aks.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel=aks.UpgradeChannel.PATCH, node_os_upgrade_channel=aks.NodeOSUpgradeChannel.NODE_IMAGE
        ),
        metrics_profile=aks.ManagedClusterMetricsProfileArgs(
            cost_analysis=aks.ManagedClusterCostAnalysisArgs(enabled=True)
        ),
        agent_pool_profiles=[_system_pool(scope, network)],
        opts=scope.child(protect=True, depends_on=[*granted, *registry.ready, *network.links]),
    )
    for name, start in UPGRADES.items():
        _upgrade_window(scope, made, name, start)
    return made


def _system_pool(scope: Scope, network: Network) -> aks.ManagedClusterAgentPoolProfileArgs:
    return aks.ManagedClusterAgentPoolProfileArgs(
        name="system",
        mode=aks.AgentPoolMode.SYSTEM,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        os_type=aks.OSType.LINUX,
        os_sku=aks.OSSKU.UBUNTU,
        vm_size=scope.settings.system_machine,
        count=scope.settings.system_nodes,
        enable_auto_scaling=False,
        availability_zones=list(scope.settings.every_zone) or None,
        vnet_subnet_id=network.system,
        node_labels={naming.POOL_LABEL: "system"},
        os_disk_type=aks.OSDiskType.MANAGED,
        enable_encryption_at_host=True,
        enable_node_public_ip=False,
        security_profile=aks.AgentPoolSecurityProfileArgs(
            enable_secure_boot=True, enable_vtpm=True, ssh_access=aks.AgentPoolSSHAccess.DISABLED
        ),
        upgrade_settings=aks.AgentPoolUpgradeSettingsArgs(max_surge="1"),
        tags=scope.tags,
    )


def _upgrade_window(scope: Scope, made: aks.ManagedCluster, name: str, start: str) -> None:
    aks.MaintenanceConfiguration(
        scope.named(f"cluster-{name}"),
        config_name=name,
        resource_name_=made.name,
        resource_group_name=scope.group.name,
        maintenance_window=aks.MaintenanceWindowArgs(
            schedule=aks.ScheduleArgs(weekly=aks.WeeklyScheduleArgs(day_of_week=aks.WeekDay.SUNDAY, interval_weeks=1)),
            start_time=start,
            duration_hours=4,
            utc_offset="+09:00",
        ),
        opts=scope.child(),
    )


def issuer(made: aks.ManagedCluster) -> pulumi.Output[str]:
    """The URL whose tokens Entra ID accepts for the cluster's service accounts."""
    return made.oidc_issuer_profile.issuer_url
