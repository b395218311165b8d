"""What every node has in common: its identity and its hardening. Pools differ in machine, labels and taints only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import artifactregistry, container, projects, serviceaccount

from components.sites.gcp.keys import Key
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services

IMAGE: Final = "COS_CONTAINERD"
# Google's one scope: what a node may do is decided by its account's roles.
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
DISK_GB: Final = 200


@dataclass(frozen=True)
class NodeIdentity:
    """The account of all nodes: logs, metrics, and images of our repository."""

    email: pulumi.Output[str]
    grants: tuple[pulumi.Resource, ...]


def node_identity(scope: Scope, services: Services, repository: artifactregistry.Repository) -> NodeIdentity:
    """An account of our own instead of the project's default one, which may edit the whole project."""
    settings = scope.settings
    account = serviceaccount.Account(
        scope.name("nodes"),
        project=settings.project,
        account_id=settings.node_account,
        display_name="kokunai: nodes of the cluster",
        opts=scope.options(depends_on=services.ready("iam")),
    )
    work = projects.IAMMember(
        scope.name("nodes-work"),
        project=settings.project,
        role="roles/container.defaultNodeServiceAccount",
        member=account.member,
        opts=scope.options(),
    )
    pull = artifactregistry.RepositoryIamMember(
        scope.name("nodes-pull"),
        project=settings.project,
        location=settings.region,
        repository=repository.repository_id,
        role="roles/artifactregistry.reader",
        member=account.member,
        opts=scope.options(),
    )
    return NodeIdentity(account.email, (work, pull))


def node_config(
    identity: NodeIdentity, disks: Key, *, machine_type: str, labels: Mapping[str, str], tags: Mapping[str, str]
) -> container.NodePoolNodeConfigArgsDict:
    """A hardened node: verified boot, own disk key, no node credentials for pods, no read-only port of the kubelet."""
    return {
        "machine_type": machine_type,
        "image_type": IMAGE,
        "disk_type": "pd-balanced",
        "disk_size_gb": DISK_GB,
        "boot_disk_kms_key": disks.id,
        "service_account": identity.email,
        "oauth_scopes": [SCOPE],
        "metadata": {"disable-legacy-endpoints": "true"},
        "labels": labels,
        "resource_labels": tags,
        "gvnic": {"enabled": True},
        "kubelet_config": {"insecure_kubelet_readonly_port_enabled": "FALSE"},
        "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
        "workload_metadata_config": {"mode": "GKE_METADATA"},
    }
