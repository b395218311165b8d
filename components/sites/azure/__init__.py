"""The Azure site: everything between a subscription and a cluster that is ready for workloads.

One file per concern, in the order in which things are built. Not the workload: that is one code path for all sites.
"""

import pulumi

from components.foundation import EdgeExposure, Foundation
from components.kubernetes_provider import kubernetes_provider
from components.plan import SitePlan
from components.sites.azure import access, cluster, gpu_pool, identity, keys, logs, network, provider, registry, weights
from components.sites.azure.settings import AzureSettings
from core.errors import KokunaiError

__all__ = ["AzureSettings", "foundation"]


class AzureSite(pulumi.ComponentResource):
    """Network, keys, logs, registry, weights store, cluster, GPU pools and identities of one region."""

    registry: pulumi.Output[str]
    """Host of the container registry."""

    def __init__(self, name: str, plan: SitePlan, settings: AzureSettings) -> None:
        super().__init__("kokunai:index:AzureSite", name, {"region": settings.region, "host": settings.host})
        names = _checked(plan, settings)
        at = provider.scope(plan, settings, self)
        net = network.network(at)
        closed = keys.keys(at, net)
        sink = logs.workspace(at, net)
        images = registry.registry(at, net, closed)
        store = weights.weights(at, net, closed)
        made = cluster.cluster(at, net, closed, images)
        pools = [gpu_pool.gpu_pool(at, made, net, sized, names[sized.service.name]) for sized in plan.sized]
        who = {sized.service.name: identity.identities(at, sized, store, cluster.issuer(made)) for sized in plan.sized}
        for purpose, of in {
            "keys": closed.vault.id,
            "secrets-vault": closed.secrets_vault.id,
            "registry": images.id,
            "weights": pulumi.Output.concat(store.account.id, "/blobServices/default"),
        }.items():
            logs.record(at, sink, purpose, of)
        logs.record(at, sink, "cluster", made.id, cluster.AUDITED)

        self.foundation = Foundation(
            site=plan.site,
            region=settings.region,
            kubernetes=kubernetes_provider(
                at.named("kubernetes"), access.kubeconfig(at, made), pulumi.ResourceOptions(parent=self)
            ),
            placements={sized.service.name: gpu_pool.placement(sized) for sized in plan.sized},
            weights={service: weights.volume(at, service, them.serve) for service, them in who.items()},
            registry=settings.registry,
            edge=EdgeExposure({"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}, settings.host),
            serving={service: identity.account(them.serve) for service, them in who.items()},
            syncing={service: identity.account(them.sync) for service, them in who.items()},
            depends_on=[*pools, store.ready, *(granted for them in who.values() for granted in them.granted)],
        )
        self.registry = pulumi.Output.from_input(settings.registry)
        self.register_outputs({"registry": self.registry})


def foundation(plan: SitePlan, settings: AzureSettings) -> Foundation:
    """Register the site's resources for the plan's services and return what a workload needs.

    Raises:
        KokunaiError: a reservation names a service that does not run here, or two services share a pool name.
    """
    return AzureSite(plan.site, plan, settings).foundation


def _checked(plan: SitePlan, settings: AzureSettings) -> dict[str, str]:
    services = [sized.service.name for sized in plan.sized]
    unknown = sorted(set(settings.capacity_reservations) - set(services))
    if unknown:
        raise KokunaiError(
            f"capacity_reservations names {', '.join(unknown)}, which does not run on azure",
            where="kokunai:azure",
            fix=f"use one of: {', '.join(services)}",
        )
    return dict(gpu_pool.pool_names(services))
