"""What a service may take of the cluster at most. A limit against mistakes, and the ceiling of its bill."""

import pulumi
from pulumi_kubernetes import core, meta

from components import labels
from components.plan import Sized
from core import naming


def quota(name: str, sized: Sized, opts: pulumi.ResourceOptions) -> core.v1.ResourceQuota:
    """GPUs for the largest number of replicas and one more, and no door of its own.

    The one more is the pod that waits for its predecessor's GPUs during a rollout: were it refused, the controller would
    come back for it later and later.
    """
    gpus = (sized.service.replicas.max + 1) * sized.fit.gpus
    return core.v1.ResourceQuota(
        f"{name}-quota",
        metadata=meta.v1.ObjectMetaArgs(
            name="service",
            namespace=naming.namespace(sized.service.name),
            labels=labels.labels("quota", sized.tags, sized.service),
        ),
        spec=core.v1.ResourceQuotaSpecArgs(
            hard={
                "requests.nvidia.com/gpu": str(gpus),
                "services.loadbalancers": "0",
                "services.nodeports": "0",
            }
        ),
        opts=opts,
    )
