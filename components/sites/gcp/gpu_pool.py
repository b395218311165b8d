"""The GPU nodes of one service, and where its pods run. Both come from the same constants, so that they cannot drift apart.

GKE owns the driver, the container toolkit and the device plugin: nothing of the kind is installed by the shared path here.
"""

from collections.abc import Sequence
from typing import Final

from pulumi_gcp import container

from components.foundation import Placement
from components.plan import Sized
from components.sites.gcp import nodes
from components.sites.gcp.keys import Keys
from components.sites.gcp.nodes import NodeIdentity
from components.sites.gcp.scope import Scope
from components.sites.gcp.settings import CapacityReservation
from core import naming

TAINT_KEY: Final = "nvidia.com/gpu"
# GKE taints GPU nodes so by itself; another value would differ from what it reports.
TAINT_VALUE: Final = "present"


def node_labels(sized: Sized) -> dict[str, str]:
    """What a service's nodes carry and its pods ask for. GKE adds its own accelerator label."""
    return {naming.SERVICE_LABEL: sized.service.name}


def placement(sized: Sized) -> Placement:
    """Where the service's pods run."""
    toleration = {"key": TAINT_KEY, "operator": "Equal", "value": TAINT_VALUE, "effect": "NoSchedule"}
    return Placement(fit=sized.fit, node_selector=node_labels(sized), tolerations=[toleration])


def spread(machines: int, zones: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Zones and machines in each: exactly `machines` together, in as many of `zones` as divide them evenly.

    GKE counts nodes by zone, and a GPU machine too many costs more than a zone too few.
    """
    used = max(count for count in range(1, len(zones) + 1) if machines % count == 0)
    return tuple(zones[:used]), machines // used


def gpu_pool(
    scope: Scope, sized: Sized, cluster: container.Cluster, keys: Keys, identity: NodeIdentity
) -> container.NodePool:
    """As many machines as `replicas.max` pods need, in zones that sell them or in the zone of the reservation."""
    settings = scope.settings
    machine = sized.fit.machine
    reservation = settings.capacity_reservations.get(sized.service.name)
    machines = -(-sized.service.replicas.max // sized.fit.replicas_per_machine)
    zones, in_each = spread(machines, (reservation.zone,) if reservation else sized.zones)
    return container.NodePool(
        scope.name(f"{sized.service.name}-gpu"),
        # GKE allows 40 characters, fewer than a generated name of a long service would take.
        name=f"gpu-{sized.service.name}",
        project=settings.project,
        cluster=cluster.name,
        location=settings.region,
        node_locations=zones,
        node_count=in_each,
        network_config={"enable_private_nodes": True},
        management={"auto_repair": True, "auto_upgrade": True},
        # A spare GPU machine for the time of an upgrade rarely exists.
        upgrade_settings={"max_surge": 0, "max_unavailable": 1},
        node_config={
            **nodes.node_config(
                identity, keys.disks, machine_type=machine.name, labels=node_labels(sized), tags=sized.tags
            ),
            "taints": [{"key": TAINT_KEY, "value": TAINT_VALUE, "effect": "NO_SCHEDULE"}],
            "guest_accelerators": [
                {
                    "type": machine.provider_accelerator,
                    "count": machine.gpus,
                    "gpu_driver_installation_config": {"gpu_driver_version": "LATEST"},
                }
            ],
            **_affinity(reservation),
        },
        opts=scope.options(delete_before_replace=True),
    )


def _affinity(reservation: CapacityReservation | None) -> container.NodePoolNodeConfigArgsDict:
    if reservation is None:
        return {}
    return {
        "reservation_affinity": {
            "consume_reservation_type": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": [reservation.name],
        }
    }
