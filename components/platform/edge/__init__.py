"""The edge: the only door of a site. HAProxy, its configuration, its Service and its borders; one file per concern."""

import pulumi
from pulumi_kubernetes import core, meta, scheduling

from components import hardening, labels
from components.foundation import Foundation
from components.plan import SitePlan
from components.platform.edge import configuration, door, network, workload
from components.platform.secrets import EdgeSecrets
from core import naming

__all__ = ["edge"]


def edge(
    name: str,
    plan: SitePlan,
    foundation: Foundation,
    secrets: EdgeSecrets,
    priority_class: scheduling.v1.PriorityClass,
    opts: pulumi.ResourceOptions,
) -> None:
    """Register everything of the edge, in its own namespace."""
    home = core.v1.Namespace(
        f"{name}-edge-namespace",
        metadata=meta.v1.ObjectMetaArgs(
            name=naming.EDGE_NAMESPACE,
            labels={**labels.labels("namespace", plan.shared_tags), **hardening.NAMESPACE_LABELS},
        ),
        opts=opts,
    )
    # What is in the namespace goes with it; asking for each deletion apart would only take longer.
    within = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[home], deleted_with=home))
    policies = network.network_policies(name, plan, foundation, within)
    files = configuration.configuration(name, plan, secrets, within)
    first = [priority_class, *policies, *files.objects, *foundation.depends_on]
    workload.workload(
        name, plan, foundation, files, pulumi.ResourceOptions.merge(within, pulumi.ResourceOptions(depends_on=first))
    )
    door.door(name, plan, foundation, within)
