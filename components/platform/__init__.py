"""What a cluster needs once, whatever runs on it: the priority of what serves, and the edge, its only door.

Not the services behind the door (`components.endpoint`), and nothing that differs between sites.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import meta, scheduling

from components import labels
from components.foundation import Foundation
from components.plan import SitePlan
from components.platform import edge
from components.platform.secrets import EdgeSecrets
from core import naming

__all__ = ["EdgeSecrets", "Platform", "PlatformArgs"]

SERVING_PRIORITY = 1_000_000
"""Above anything that an organisation's batch work is likely to have, far below the cluster's own."""


@dataclass(frozen=True)
class PlatformArgs:
    """The services that the edge must know, the site under it, and the edge's secrets."""

    plan: SitePlan
    foundation: Foundation
    secrets: EdgeSecrets


class Platform(pulumi.ComponentResource):
    """Priority class and edge of one cluster.

    Security defaults: the edge has a private address only, takes connections from the clients' networks only, and
    reaches nothing but the model servers and the name server.
    """

    priority_class: scheduling.v1.PriorityClass
    """The class of pods that serve."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("kokunai:index:Platform", name, {"site": args.plan.site}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.priority_class = scheduling.v1.PriorityClass(
            f"{name}-priority",
            metadata=meta.v1.ObjectMetaArgs(
                name=naming.PRIORITY_CLASS, labels=labels.labels("priority", args.plan.shared_tags)
            ),
            value=SERVING_PRIORITY,
            description="Model servers and their edge: before batch work.",
            opts=own,
        )
        edge.edge(name, args.plan, args.foundation, args.secrets, self.priority_class, own)
        self.register_outputs({"site": args.plan.site})
