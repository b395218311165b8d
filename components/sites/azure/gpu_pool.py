"""One GPU pool for each service: its machine, its zones, its tags, and room for every replica that it may have.

Labels and taint stand here once, and are used by the pool and by the pod.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from pulumi_azure_native import containerservice as aks

from components.foundation import Placement
from components.plan import Sized
from components.sites.azure.network import Network
from components.sites.azure.provider import Scope
from core import naming
from core.errors import KokunaiError

TAINT_KEY: Final = "nvidia.com/gpu"
TAINT_VALUE: Final = "present"
TAINT_EFFECT: Final = "NoSchedule"
# Whose the driver is decides who may install one more: AKS brings driver and container toolkit, the device plugin and
# the GPU exporter are ours, and GPU Operator with a driver of its own must not be put on top.
DRIVER: Final = aks.GPUDriver.INSTALL
LONGEST_POOL_NAME: Final = 12


def placement(sized: Sized) -> Placement:
    """Where the pods of a service run."""
    return Placement(
        fit=sized.fit,
        node_selector=_labels(sized),
        tolerations=[{"key": TAINT_KEY, "operator": "Equal", "value": TAINT_VALUE, "effect": TAINT_EFFECT}],
    )


def pool_name(service: str) -> str:
    """At most 12 lowercase letters and digits, a letter first: what the service name begins with, and a hash of all of it."""
    digest = base64.b32hexencode(hashlib.sha256(service.encode("ascii")).digest()).decode("ascii").lower()
    readable = service.replace("-", "")[: LONGEST_POOL_NAME // 2]
    return readable + digest[: LONGEST_POOL_NAME - len(readable)]


def pool_names(services: Sequence[str]) -> Mapping[str, str]:
    """The pool name of each service.

    Raises:
        KokunaiError: two services would share one pool name.
    """
    names = {service: pool_name(service) for service in services}
    for name in names.values():
        sharing = [service for service, other in names.items() if other == name]
        if len(sharing) > 1:
            raise KokunaiError(
                f"services {' and '.join(sharing)} have the same pool name {name!r} on Azure",
                where="estate/services",
                fix="rename one of them",
            )
    return names


def gpu_pool(scope: Scope, made: aks.ManagedCluster, network: Network, sized: Sized, name: str) -> aks.AgentPool:
    """The pool of one service. A change that needs another pool deletes the old one first: its name is fixed."""
    return aks.AgentPool(
        scope.named(f"gpu-{sized.service.name}"),
        agent_pool_name=name,
        resource_name_=made.name,
        resource_group_name=scope.group.name,
        tags=sized.tags,
        mode=aks.AgentPoolMode.USER,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        os_type=aks.OSType.LINUX,
        os_sku=aks.OSSKU.UBUNTU,
        vm_size=sized.fit.machine.name,
        count=-(-sized.service.replicas.max // sized.fit.replicas_per_machine),
        enable_auto_scaling=False,
        availability_zones=_zones(scope, sized),
        capacity_reservation_group_id=scope.settings.capacity_reservations.get(sized.service.name),
        scale_set_priority=aks.ScaleSetPriority.REGULAR,
        vnet_subnet_id=network.gpu,
        node_labels=_labels(sized),
        node_taints=[f"{TAINT_KEY}={TAINT_VALUE}:{TAINT_EFFECT}"],
        gpu_profile=aks.GPUProfileArgs(driver=DRIVER),
        # Not the machine's own disk: only a managed one is closed with the organisation's key.
        os_disk_type=aks.OSDiskType.MANAGED,
        enable_encryption_at_host=True,
        enable_node_public_ip=False,
        security_profile=aks.AgentPoolSecurityProfileArgs(ssh_access=aks.AgentPoolSSHAccess.DISABLED),
        # No spare GPU machine exists to surge into.
        upgrade_settings=aks.AgentPoolUpgradeSettingsArgs(max_surge="0", max_unavailable="1"),
        opts=scope.child(delete_before_replace=True),
    )


def _labels(sized: Sized) -> Mapping[str, str]:
    return {naming.SERVICE_LABEL: sized.service.name, naming.ACCELERATOR_LABEL: sized.fit.machine.accelerator}


def _zones(scope: Scope, sized: Sized) -> list[str] | None:
    # A region without zones stands for itself in a plan.
    return [zone for zone in sized.zones if zone != scope.location] or None
