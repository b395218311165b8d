"""Who may talk to a model server: the edge. Whom it may talk to: nobody, not even a name server.

Weights come through the node's volume driver, so a serving pod needs no way out at all.
"""

from typing import Final

import pulumi
from pulumi_kubernetes import meta, networking

from components import hardening, labels
from components.plan import Sized
from core import naming, serving

NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"


def network_policies(
    name: str, sized: Sized, opts: pulumi.ResourceOptions
) -> tuple[networking.v1.NetworkPolicy, networking.v1.NetworkPolicy]:
    """Everything closed, then the one way in."""
    service = sized.service
    home = naming.namespace(service.name)
    closed = hardening.default_deny(f"{name}-default-deny", home, sized.tags, opts, service)
    opened = networking.v1.NetworkPolicy(
        f"{name}-from-edge",
        metadata=meta.v1.ObjectMetaArgs(
            name="from-edge", namespace=home, labels=labels.labels("network", sized.tags, service)
        ),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.MODEL_SERVICE, service)),
            policy_types=["Ingress"],
            ingress=[
                networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[
                        networking.v1.NetworkPolicyPeerArgs(
                            namespace_selector=meta.v1.LabelSelectorArgs(
                                match_labels={NAMESPACE_NAME: naming.EDGE_NAMESPACE}
                            ),
                            pod_selector=meta.v1.LabelSelectorArgs(match_labels=labels.selector(naming.EDGE_SERVICE)),
                        )
                    ],
                    ports=[networking.v1.NetworkPolicyPortArgs(port=serving.PORT, protocol="TCP")],
                )
            ],
        ),
        opts=opts,
    )
    return closed, opened
