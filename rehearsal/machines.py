"""The machines of a rehearsed site: those that its pools would bring, as the catalogue describes them.

Pure. That they exist in name only is `rehearsal.cluster`'s business.
"""

from __future__ import annotations

from components.plan import SitePlan
from core import naming
from rehearsal.cluster import NodePool, Taint


def node_pools(site_plan: SitePlan) -> list[NodePool]:
    """One pool of plain machines, and one for each service."""
    first_zone = next((zone for sized in site_plan.sized for zone in sized.zones), site_plan.region)
    pools = [
        NodePool(
            name="system",
            count=2,
            machine="cpu",
            cpu=8,
            memory_gib=32,
            labels={naming.POOL_LABEL: "system"},
            region=site_plan.region,
            zone=first_zone,
        )
    ]
    for sized in site_plan.sized:
        machine = sized.fit.machine
        pools.append(
            NodePool(
                name=sized.service.name,
                count=-(-sized.service.replicas.max // sized.fit.replicas_per_machine),
                machine=machine.name,
                gpus=machine.gpus,
                cpu=machine.vcpus,
                memory_gib=machine.memory_gib,
                labels={naming.SERVICE_LABEL: sized.service.name, naming.ACCELERATOR_LABEL: machine.accelerator},
                taints=(Taint("nvidia.com/gpu", "present"),),
                region=site_plan.region,
                zone=sized.zones[0],
            )
        )
    return pools
