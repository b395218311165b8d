"""The regional cluster and its system nodes. Private: nodes and control plane have no address outside the network.

GPU nodes are in `gpu_pool`; what runs in the cluster is the shared path's matter.
"""

from typing import Final

from pulumi_gcp import container

from components.sites.gcp import network as net
from components.sites.gcp import nodes
from components.sites.gcp.keys import Keys
from components.sites.gcp.network import Network
from components.sites.gcp.nodes import NodeIdentity
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services
from core import naming

SYSTEM_LABELS: Final = {naming.POOL_LABEL: "system"}
# Saturday and Sunday, 00:00 to 08:00 in Japan; GKE keeps the window in UTC. Google asks for 48 hours in any 32 days.
MAINTENANCE: Final[container.ClusterMaintenancePolicyRecurringWindowArgsDict] = {
    "start_time": "2026-01-02T15:00:00Z",
    "end_time": "2026-01-02T23:00:00Z",
    "recurrence": "FREQ=WEEKLY;BYDAY=FR,SA",
}
LOGS: Final = ("SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "WORKLOADS")


def cluster(
    scope: Scope, services: Services, network: Network, keys: Keys, identity: NodeIdentity
) -> container.Cluster:
    """The cluster without nodes of its own."""
    settings = scope.settings
    return container.Cluster(
        scope.name("cluster"),
        project=settings.project,
        location=settings.region,
        node_locations=settings.region_zones,
        deletion_protection=True,
        resource_labels=scope.plan.shared_tags,
        release_channel={"channel": "REGULAR"},
        maintenance_policy={"recurring_window": MAINTENANCE},
        # The first pool is deleted at once, yet its nodes boot: with the same account and key as all others.
        remove_default_node_pool=True,
        initial_node_count=1,
        node_config={
            "machine_type": settings.system_machine,
            "service_account": identity.email,
            "oauth_scopes": [nodes.SCOPE],
            "boot_disk_kms_key": keys.disks.id,
            "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
            "workload_metadata_config": {"mode": "GKE_METADATA"},
        },
        # Reachability
        network=network.network,
        subnetwork=network.subnetwork,
        networking_mode="VPC_NATIVE",
        ip_allocation_policy={
            "cluster_secondary_range_name": net.PODS,
            "services_secondary_range_name": net.SERVICES,
            "stack_type": "IPV4",
        },
        datapath_provider="ADVANCED_DATAPATH",
        enable_intranode_visibility=True,
        enable_l4_ilb_subsetting=True,
        service_external_ips_config={"enabled": False},
        private_cluster_config={
            "enable_private_nodes": True,
            "enable_private_endpoint": True,
            "master_global_access_config": {"enabled": False},
        },
        control_plane_endpoints_config={
            "ip_endpoints_config": {"enabled": True},
            "dns_endpoint_config": {"allow_external_traffic": False},
        },
        master_authorized_networks_config={
            "cidr_blocks": [{"cidr_block": str(runners)} for runners in settings.runner_networks],
            "gcp_public_cidrs_access_enabled": False,
            "private_endpoint_enforcement_enabled": True,
        },
        # Identity and hardening
        workload_identity_config={"workload_pool": settings.workload_pool},
        database_encryption={"state": "ENCRYPTED", "key_name": keys.cluster.id},
        enable_shielded_nodes=True,
        enable_legacy_abac=False,
        anonymous_authentication_config={"mode": "LIMITED"},
        rbac_binding_config={
            "enable_insecure_binding_system_authenticated": False,
            "enable_insecure_binding_system_unauthenticated": False,
        },
        node_pool_defaults={"node_config_defaults": {"insecure_kubelet_readonly_port_enabled": "FALSE"}},
        # Weights, logs, cost
        addons_config={"gcs_fuse_csi_driver_config": {"enabled": True}},
        logging_config={"enable_components": LOGS},
        # Managed metrics are kept without a region: only Google's own components report there.
        monitoring_config={"enable_components": ["SYSTEM_COMPONENTS"], "managed_prometheus": {"enabled": False}},
        cost_management_config={"enabled": True},
        opts=scope.options(
            depends_on=[
                keys.cluster.grant,
                keys.disks.grant,
                *identity.grants,
                *network.ready,
                *services.ready("container"),
            ],
            protect=True,
            ignore_changes=["nodeConfig"],
        ),
    )


def system_pool(scope: Scope, cluster: container.Cluster, keys: Keys, identity: NodeIdentity) -> container.NodePool:
    """One node in each zone of the region for everything except models."""
    settings = scope.settings
    return container.NodePool(
        scope.name("system"),
        project=settings.project,
        cluster=cluster.name,
        location=settings.region,
        node_locations=settings.region_zones,
        node_count=1,
        network_config={"enable_private_nodes": True},
        management={"auto_repair": True, "auto_upgrade": True},
        upgrade_settings={"max_surge": 1, "max_unavailable": 0},
        node_config=nodes.node_config(
            identity,
            keys.disks,
            machine_type=settings.system_machine,
            labels=SYSTEM_LABELS,
            tags=scope.plan.shared_tags,
        ),
        opts=scope.options(),
    )
