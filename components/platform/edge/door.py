"""The edge's Service: a private address, for the clients' networks only."""

import pulumi
from pulumi_kubernetes import core, meta

from components import labels
from components.foundation import Foundation
from components.plan import SitePlan
from components.platform.edge.network import client_networks
from core import haproxy, naming


def door(name: str, plan: SitePlan, foundation: Foundation, opts: pulumi.ResourceOptions) -> core.v1.Service:
    """The Service of type LoadBalancer; that it is internal is what the site's annotations say."""
    return core.v1.Service(
        f"{name}-edge-service",
        metadata=meta.v1.ObjectMetaArgs(
            name=naming.EDGE_SERVICE,
            namespace=naming.EDGE_NAMESPACE,
            labels=labels.labels(naming.EDGE_SERVICE, plan.shared_tags),
            annotations=dict(foundation.edge.annotations),
        ),
        spec=core.v1.ServiceSpecArgs(
            type="LoadBalancer",
            load_balancer_class=foundation.edge.load_balancer_class,
            load_balancer_source_ranges=client_networks(plan),
            # Keeps the client's address, by which the network policy decides.
            external_traffic_policy="Local",
            selector=labels.selector(naming.EDGE_SERVICE),
            ports=[core.v1.ServicePortArgs(name="https", port=443, target_port=haproxy.PORT)],
        ),
        opts=opts,
    )
