"""The machines with GPUs: one managed node group for each service, in the zones where the machine is sold.

The driver and the container toolkit are in the machine image; the device plugin comes with the platform's operators.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final

from pulumi_aws import eks

from components.foundation import Placement
from components.plan import SitePlan, Sized
from components.sites.aws.cluster import Cluster
from components.sites.aws.keys import Keys
from components.sites.aws.network import Network
from components.sites.aws.nodes import NodeRole, launch_template
from components.sites.aws.provider import Scope
from components.sites.aws.settings import AwsSettings
from core import naming
from core.errors import KokunaiError
from core.naming import SERVICE_LABEL

TAINT_KEY: Final = "nvidia.com/gpu"
TAINT_VALUE: Final = "present"
DISK_GIB: Final = 300
"""Room for the model server's image, twice while it is replaced, and for its cache."""


def labels(sized: Sized) -> Mapping[str, str]:
    """What marks the nodes of a service, and what its pods select."""
    return {SERVICE_LABEL: sized.service.name, naming.ACCELERATOR_LABEL: sized.fit.machine.accelerator}


def placement(sized: Sized) -> Placement:
    """Where the pods of a service run."""
    return Placement(
        fit=sized.fit,
        node_selector=labels(sized),
        tolerations=[{"key": TAINT_KEY, "operator": "Equal", "value": TAINT_VALUE, "effect": "NoSchedule"}],
    )


def machines(sized: Sized) -> int:
    """How many machines hold all replicas of a service."""
    return ceil(sized.service.replicas.max / sized.fit.replicas_per_machine)


def unusable_reservations(plan: SitePlan, settings: AwsSettings) -> list[KokunaiError]:
    """What is wrong with the declared reservations: for no service of this site, or where its machine is not sold."""
    by_name = {sized.service.name: sized for sized in plan.sized}
    problems: list[KokunaiError] = []
    for name, reservation in settings.capacity_reservations.items():
        where = f"capacity_reservations.{name}"
        sized = by_name.get(name)
        if sized is None:
            known = ", ".join(by_name) or "none"
            problems.append(KokunaiError("no such service runs on aws", where=where, fix=f"services here: {known}"))
        elif reservation.zone not in sized.zones:
            fix = f"reserve it in one of {', '.join(sized.zones)}"
            problems.append(
                KokunaiError(f"{sized.fit.machine.name} is not sold in {reservation.zone}", where=where, fix=fix)
            )
    return problems


def gpu_pool(scope: Scope, made: Cluster, network: Network, keys: Keys, role: NodeRole, sized: Sized) -> eks.NodeGroup:
    """Register the machines of a service. Those of a cold standby exist only while a switch or a drill asks for them."""
    name = sized.service.name
    reservation = scope.settings.capacity_reservations.get(name)
    zones = (reservation.zone,) if reservation else sized.zones
    most = machines(sized)
    least = 0 if sized.service.standby == "cold" else most
    template = launch_template(
        scope,
        f"gpu-{name}",
        keys,
        disk_gib=DISK_GIB,
        tags=sized.tags,
        capacity_reservation_id=reservation.id if reservation else None,
    )
    return eks.NodeGroup(
        scope.named(f"gpu-{name}"),
        cluster_name=made.eks.name,
        node_role_arn=role.arn,
        subnet_ids=[network.nodes[zone] for zone in zones],
        version=scope.settings.kubernetes_version,
        ami_type="AL2023_x86_64_NVIDIA",
        capacity_type="ON_DEMAND",
        instance_types=[sized.fit.machine.name],
        launch_template=eks.NodeGroupLaunchTemplateArgs(id=template.id, version=template.latest_version.apply(str)),
        scaling_config=eks.NodeGroupScalingConfigArgs(min_size=least, desired_size=least, max_size=most),
        update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
        node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
        labels=dict(labels(sized)),
        taints=[eks.NodeGroupTaintArgs(key=TAINT_KEY, value=TAINT_VALUE, effect="NO_SCHEDULE")],
        tags=dict(sized.tags),
        opts=scope.child(
            depends_on=[*role.attachments, *network.endpoints, *made.before_nodes],
            # The size of a cold pool belongs to whoever woke it, until it is put to sleep again.
            ignore_changes=["scalingConfig.desiredSize"] if least == 0 else [],
        ),
    )
