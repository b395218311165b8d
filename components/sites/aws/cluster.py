"""The Kubernetes cluster: private API only, its add-ons, and the nodes for everything but models.

Managed node groups and add-ons, not EKS Auto Mode: machines are exactly those that the plan sized and that a preview
shows, and no controller starts others. Nodes with GPUs are in `gpu_pool`, people's and pods' access in `access` and
`identity`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import eks, iam

from components.sites.aws import policy
from components.sites.aws.keys import Keys
from components.sites.aws.logs import cluster_log_group
from components.sites.aws.network import Network
from components.sites.aws.nodes import NodeRole, launch_template
from components.sites.aws.provider import Scope
from core import naming

CONTROL_PLANE_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
SYSTEM_DISK_GIB: Final = 100

BEFORE_NODES: Final[Mapping[str, Mapping[str, Any]]] = {
    "vpc-cni": {"enableNetworkPolicy": "true"},
    "kube-proxy": {},
    "eks-pod-identity-agent": {},
}
"""Add-ons without which a node does not become ready, and their configuration."""
ON_NODES: Final[Mapping[str, Mapping[str, Any]]] = {
    "coredns": {},
    "metrics-server": {},
    "aws-mountpoint-s3-csi-driver": {"node": {"tolerateAllTaints": True}},
}
"""Add-ons that become active only when there is a node to run them."""


@dataclass(frozen=True)
class Cluster:
    """The cluster, and what a node group and a workload wait for."""

    eks: eks.Cluster
    before_nodes: Sequence[pulumi.Resource]


def cluster(scope: Scope, network: Network, keys: Keys) -> Cluster:
    """Register the control plane and the add-ons that nodes need. It protects itself against deletion."""
    settings = scope.settings
    logs = cluster_log_group(scope, keys.logs)
    role, role_ready = _control_plane_role(scope, keys)
    control_plane = eks.Cluster(
        scope.named("cluster"),
        name=settings.cluster_name,
        version=settings.kubernetes_version,
        role_arn=role.arn,
        vpc_config=eks.ClusterVpcConfigArgs(
            subnet_ids=list(network.inside.values()),
            security_group_ids=[network.api_security_group_id],
            endpoint_private_access=True,
            endpoint_public_access=False,
        ),
        access_config=eks.ClusterAccessConfigArgs(
            authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
        ),
        encryption_config=eks.ClusterEncryptionConfigArgs(
            provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=keys.secrets), resources=["secrets"]
        ),
        kubernetes_network_config=eks.ClusterKubernetesNetworkConfigArgs(
            ip_family="ipv4", service_ipv4_cidr=str(settings.service_network)
        ),
        enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
        upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
        bootstrap_self_managed_addons=False,
        deletion_protection=True,
        opts=scope.child(protect=True, depends_on=[logs, *role_ready]),
    )
    network_role, network_role_ready = _network_addon_role(scope)
    return Cluster(
        eks=control_plane,
        before_nodes=[
            _addon(
                scope,
                control_plane,
                name,
                configuration,
                roles={"aws-node": network_role} if name == "vpc-cni" else {},
                depends_on=network_role_ready,
            )
            for name, configuration in BEFORE_NODES.items()
        ],
    )


def system_pool(scope: Scope, made: Cluster, network: Network, keys: Keys, role: NodeRole) -> list[pulumi.Resource]:
    """Register the nodes for everything but models, one a zone, and the add-ons that run on them."""
    tags = dict(scope.plan.shared_tags)
    template = launch_template(scope, "system", keys, disk_gib=SYSTEM_DISK_GIB, tags=tags)
    size = len(scope.settings.zones)
    pool = eks.NodeGroup(
        scope.named("system"),
        cluster_name=made.eks.name,
        node_role_arn=role.arn,
        subnet_ids=list(network.nodes.values()),
        version=scope.settings.kubernetes_version,
        ami_type="AL2023_x86_64_STANDARD",
        capacity_type="ON_DEMAND",
        instance_types=[scope.settings.system_machine],
        launch_template=eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
        scaling_config=eks.NodeGroupScalingConfigArgs(min_size=size, desired_size=size, max_size=size),
        update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
        node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
        labels={naming.POOL_LABEL: "system"},
        opts=scope.child(depends_on=[*role.attachments, *network.endpoints, *made.before_nodes]),
    )
    return [
        pool,
        *(_addon(scope, made.eks, name, values, depends_on=[pool]) for name, values in ON_NODES.items()),
    ]


def _control_plane_role(scope: Scope, keys: Keys) -> tuple[iam.Role, list[pulumi.Resource]]:
    role = iam.Role(
        scope.named("control-plane"),
        assume_role_policy=policy.trust(
            "eks.amazonaws.com",
            condition={
                "StringEquals": {"aws:SourceAccount": scope.settings.account_id},
                "ArnEquals": {"aws:SourceArn": scope.settings.cluster_arn},
            },
        ),
        opts=scope.child(),
    )
    return role, [
        iam.RolePolicyAttachment(
            scope.named("control-plane"),
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
            opts=scope.child(),
        ),
        iam.RolePolicy(
            scope.named("control-plane-secrets"),
            role=role.name,
            policy=policy.document(
                policy.allow(
                    "EncryptSecrets",
                    ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
                    [keys.secrets],
                )
            ),
            opts=scope.child(),
        ),
    ]


def _network_addon_role(scope: Scope) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
    role = iam.Role(
        scope.named("network-addon"),
        assume_role_policy=policy.trust_account(scope.settings.cluster_arn, "kube-system", "aws-node"),
        opts=scope.child(),
    )
    attached = iam.RolePolicyAttachment(
        scope.named("network-addon"),
        role=role.name,
        policy_arn="arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        opts=scope.child(),
    )
    return role.arn, [attached]


def _addon(
    scope: Scope,
    control_plane: eks.Cluster,
    name: str,
    configuration: Mapping[str, Any],
    *,
    roles: Mapping[str, pulumi.Output[str]] | None = None,
    depends_on: Sequence[pulumi.Resource] = (),
) -> eks.Addon:
    return eks.Addon(
        scope.named(f"addon-{name}"),
        cluster_name=control_plane.name,
        addon_name=name,
        addon_version=scope.settings.addon_versions.get(name),
        configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
        pod_identity_associations=[
            eks.AddonPodIdentityAssociationArgs(service_account=account, role_arn=arn)
            for account, arn in (roles or {}).items()
        ]
        or None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=scope.child(depends_on=list(depends_on)),
    )
