"""The borders of the edge: in from the clients' networks, out to the model servers and the name server, nothing else."""

from collections.abc import Sequence
from ipaddress import collapse_addresses

import pulumi
from pulumi_kubernetes import meta, networking

from components import hardening, labels
from components.foundation import Foundation
from components.plan import SitePlan
from core import haproxy, naming, serving


def client_networks(plan: SitePlan) -> list[str]:
    """The networks whose clients may connect: those of all services together, since they share the door."""
    networks = (network for each in plan.sized for network in each.service.exposure.clients)
    return [str(network) for network in collapse_addresses(networks)]


def network_policies(
    name: str, plan: SitePlan, foundation: Foundation, opts: pulumi.ResourceOptions
) -> Sequence[networking.v1.NetworkPolicy]:
    """Everything closed, then the one way in and the two ways out."""
    sources = [*client_networks(plan), *foundation.edge.probe_sources]
    return (
        hardening.default_deny(f"{name}-edge-default-deny", naming.EDGE_NAMESPACE, plan.shared_tags, opts),
        networking.v1.NetworkPolicy(
            f"{name}-edge-from-clients",
            metadata=_metadata("from-clients", plan),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=_edge(),
                policy_types=["Ingress"],
                ingress=[
                    networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[
                            networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=source))
                            for source in sources
                        ],
                        ports=[hardening.port(haproxy.PORT)],
                    )
                ],
            ),
            opts=opts,
        ),
        networking.v1.NetworkPolicy(
            f"{name}-edge-to-models",
            metadata=_metadata("to-models", plan),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=_edge(),
                policy_types=["Egress"],
                egress=[
                    networking.v1.NetworkPolicyEgressRuleArgs(
                        to=[
                            networking.v1.NetworkPolicyPeerArgs(
                                namespace_selector=hardening.in_namespace(naming.namespace(each.service.name)),
                                pod_selector=meta.v1.LabelSelectorArgs(
                                    match_labels=labels.selector(naming.MODEL_SERVICE, each.service)
                                ),
                            )
                            for each in plan.sized
                        ],
                        ports=[hardening.port(serving.PORT)],
                    )
                ],
            ),
            opts=opts,
        ),
        networking.v1.NetworkPolicy(
            f"{name}-edge-to-names",
            metadata=_metadata("to-names", plan),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=_edge(),
                policy_types=["Egress"],
                egress=[hardening.to_names()],
            ),
            opts=opts,
        ),
    )


def _metadata(name: str, plan: SitePlan) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=name, namespace=naming.EDGE_NAMESPACE, labels=labels.labels("network", plan.shared_tags)
    )


def _edge() -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.EDGE_SERVICE))
