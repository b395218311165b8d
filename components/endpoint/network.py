"""Who may talk to a model server: the edge. Whom it may talk to: nobody, not even a name server.

Where the node mounts the weights, a serving pod needs no way out at all. Where a side-car inside the pod mounts them, the
pod gets exactly the ways that the site names for it.
"""

import pulumi
from pulumi_kubernetes import meta, networking

from components import hardening, labels
from components.foundation import Foundation
from components.plan import Sized
from core import naming, serving


def network_policies(
    name: str, sized: Sized, foundation: Foundation, opts: pulumi.ResourceOptions
) -> list[networking.v1.NetworkPolicy]:
    """Everything closed, then the one way in, and to the weights' store where the pod itself must reach it."""
    service = sized.service
    home = naming.namespace(service.name)
    closed = hardening.default_deny(f"{name}-default-deny", home, sized.tags, opts, service)
    opened = networking.v1.NetworkPolicy(
        f"{name}-from-edge",
        metadata=_metadata("from-edge", sized),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=_model(sized),
            policy_types=["Ingress"],
            ingress=[
                networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[
                        networking.v1.NetworkPolicyPeerArgs(
                            namespace_selector=hardening.in_namespace(naming.EDGE_NAMESPACE),
                            pod_selector=meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.EDGE_SERVICE)),
                        )
                    ],
                    ports=[hardening.port(serving.PORT)],
                )
            ],
        ),
        opts=opts,
    )
    egress = foundation.weights[service.name].egress
    if not egress:
        return [closed, opened]
    to_weights = networking.v1.NetworkPolicy(
        f"{name}-to-weights",
        metadata=_metadata("to-weights", sized),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=_model(sized),
            policy_types=["Egress"],
            egress=[
                hardening.to_names(),
                *(
                    networking.v1.NetworkPolicyEgressRuleArgs(
                        to=[networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=network))],
                        ports=[hardening.port(number) for number in ports],
                    )
                    for network, ports in egress.items()
                ),
            ],
        ),
        opts=opts,
    )
    return [closed, opened, to_weights]


def _metadata(name: str, sized: Sized) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=name,
        namespace=naming.namespace(sized.service.name),
        labels=labels.labels("network", sized.tags, sized.service),
    )


def _model(sized: Sized) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.MODEL_SERVICE, sized.service))
