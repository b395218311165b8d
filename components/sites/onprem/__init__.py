"""The organisation's own cluster: adopted as it is, nothing of it is created here.

Network, machines, registry and storage are there already; what differs from a cloud is therefore settings only.
"""

import pulumi

from components.foundation import EdgeExposure, Foundation, Identity
from components.kubernetes_provider import kubernetes_provider
from components.plan import SitePlan
from components.sites.onprem.placement import placement
from components.sites.onprem.settings import OnpremSettings
from components.sites.onprem.weights import volume_sources

__all__ = ["OnpremSettings", "foundation"]


class OnpremSite(pulumi.ComponentResource):
    """The site, with the provider of its cluster under it."""

    def __init__(
        self,
        name: str,
        plan: SitePlan,
        settings: OnpremSettings,
        kubeconfig: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ):
        weights = volume_sources(settings.weights, plan)
        super().__init__("kokunai:index:OnpremSite", name, {"region": plan.region}, opts)
        self.foundation = Foundation(
            site="onprem",
            region=plan.region,
            kubernetes=kubernetes_provider(
                f"{name}-cluster", kubeconfig, pulumi.ResourceOptions(parent=self), context=settings.context
            ),
            placements={each.service.name: placement(each, settings) for each in plan.sized},
            weights=weights,
            registry=settings.registry,
            edge=EdgeExposure(
                annotations=settings.edge.annotations,
                host=settings.edge.host,
                load_balancer_class=settings.edge.load_balancer_class,
            ),
            # Volumes are mounted by the nodes; no identity of a cloud is involved.
            serving={each.service.name: Identity() for each in plan.sized},
        )
        self.register_outputs({"region": plan.region})


def foundation(plan: SitePlan, settings: OnpremSettings, kubeconfig: pulumi.Output[str]) -> Foundation:
    """Adopt the cluster that `kubeconfig` and the context of the settings name."""
    return OnpremSite("onprem", plan, settings, kubeconfig).foundation
