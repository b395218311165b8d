"""The namespace of a service: its border for Pod Security, quota, network and cost."""

import pulumi
from pulumi_kubernetes import core, meta

from components import hardening, labels
from components.plan import Sized
from core import naming


def namespace(name: str, sized: Sized, opts: pulumi.ResourceOptions) -> core.v1.Namespace:
    """The service's own namespace, in which only restricted pods start."""
    service = sized.service
    return core.v1.Namespace(
        f"{name}-namespace",
        metadata=meta.v1.ObjectMetaArgs(
            name=naming.namespace(service.name),
            labels={**labels.labels("namespace", sized.tags, service), **hardening.NAMESPACE_LABELS},
        ),
        opts=opts,
    )
