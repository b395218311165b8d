"""The address of the model server inside the cluster, and how many of its pods may be away on purpose.

Never a door: only the edge talks to it (`network.py`), and the quota forbids any other kind of Service.
"""

import pulumi
from pulumi_kubernetes import core, meta, policy

from components import labels
from components.plan import Sized
from core import naming, serving


def service(name: str, sized: Sized, opts: pulumi.ResourceOptions) -> core.v1.Service:
    """The Service that the edge's configuration names."""
    return core.v1.Service(
        f"{name}-service",
        metadata=_metadata(sized),
        spec=core.v1.ServiceSpecArgs(
            type="ClusterIP",
            selector=labels.selector(naming.MODEL_SERVICE, sized.service),
            ports=[core.v1.ServicePortArgs(name="http", port=serving.PORT, target_port=serving.PORT)],
        ),
        opts=opts,
    )


def disruption_budget(name: str, sized: Sized, opts: pulumi.ResourceOptions) -> policy.v1.PodDisruptionBudget | None:
    """One pod away at a time. None for a single replica: a budget would then block every drain for ever."""
    if sized.service.replicas.min < 2:
        return None
    return policy.v1.PodDisruptionBudget(
        f"{name}-disruption-budget",
        metadata=_metadata(sized),
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            selector=meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.MODEL_SERVICE, sized.service)),
        ),
        opts=opts,
    )


def _metadata(sized: Sized) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=naming.MODEL_SERVICE,
        namespace=naming.namespace(sized.service.name),
        labels=labels.labels(naming.MODEL_SERVICE, sized.tags, sized.service),
    )
