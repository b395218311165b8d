"""On which of the organisation's machines a service runs: those that carry the accelerator's label.

The machines are the organisation's and are not created here. It labels them once, and taints them so that nothing else
lands on them.
"""

from typing import Final

from components.foundation import Placement
from components.plan import Sized
from components.sites.onprem.settings import OnpremSettings
from core import naming

TOLERATION: Final = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def placement(sized: Sized, settings: OnpremSettings) -> Placement:
    """By accelerator: which of its machines is the scheduler's choice."""
    return Placement(
        fit=sized.fit,
        node_selector={naming.ACCELERATOR_LABEL: sized.fit.machine.accelerator},
        tolerations=[TOLERATION],
        runtime_class=settings.runtime_class,
    )
