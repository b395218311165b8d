"""How the edge's Service becomes an internal network load balancer, and the role of the controller that makes it one.

The controller itself (AWS Load Balancer Controller) is one of the platform's operators and installed with them.
"""

from typing import Final

from components.foundation import EdgeExposure
from components.sites.aws.network import addresses
from components.sites.aws.provider import Scope

LOAD_BALANCER_CLASS: Final = "service.k8s.aws/nlb"
_ANNOTATION: Final = "service.beta.kubernetes.io/aws-load-balancer-"


def exposure(scope: Scope) -> EdgeExposure:
    """An internal load balancer in the subnets that are tagged for it, with the addresses of clients preserved."""
    tags = ",".join(f"{key}={value}" for key, value in scope.plan.shared_tags.items())
    return EdgeExposure(
        host=scope.settings.host,
        load_balancer_class=LOAD_BALANCER_CLASS,
        probe_sources=[str(addresses(scope.settings.network, zone).inside) for zone in scope.settings.zones],
        annotations={
            f"{_ANNOTATION}scheme": "internal",
            f"{_ANNOTATION}nlb-target-type": "ip",
            f"{_ANNOTATION}attributes": "load_balancing.cross_zone.enabled=true",
            f"{_ANNOTATION}target-group-attributes": "preserve_client_ip.enabled=true",
            f"{_ANNOTATION}additional-resource-tags": tags,
        },
    )
