"""The Google Cloud site: a private GKE cluster in Japan and everything under it. One file a concern, in the order below.

It creates nothing inside the cluster: that is the shared path, given the `Foundation` from here.
"""

import pulumi

from components.foundation import EdgeExposure, Foundation, Identity
from components.kubernetes_provider import kubernetes_provider
from components.plan import SitePlan
from components.sites.gcp.access import kubeconfig
from components.sites.gcp.cluster import cluster, system_pool
from components.sites.gcp.gpu_pool import gpu_pool, placement
from components.sites.gcp.identity import access_to_weights
from components.sites.gcp.keys import keys
from components.sites.gcp.logs import logs
from components.sites.gcp.network import network
from components.sites.gcp.nodes import node_identity
from components.sites.gcp.registry import registry
from components.sites.gcp.scope import scope
from components.sites.gcp.services import services
from components.sites.gcp.settings import GcpSettings
from components.sites.gcp.weights import bucket, volume
from core.errors import KokunaiError

__all__ = ["GcpSettings", "foundation"]


def foundation(plan: SitePlan, settings: GcpSettings) -> Foundation:
    """Register the site.

    Raises:
        KokunaiError: a capacity reservation is for a service that does not run here, or in a zone without its machine.
    """
    _check_reservations(plan, settings)
    site = scope(plan, settings)
    apis = services(site)
    net = network(site, apis)
    cmk = keys(site, apis)
    log_bucket = logs(site, apis, cmk)
    images = registry(site, apis, cmk)
    weights = bucket(site, apis, cmk)
    identity = node_identity(site, apis, images)
    gke = cluster(site, apis, net, cmk, identity)
    system = system_pool(site, gke, cmk, identity)
    pools = [gpu_pool(site, sized, gke, cmk, identity) for sized in plan.sized]
    grants = access_to_weights(site, weights, gke)
    inside = kubernetes_provider(site.name("kubernetes"), kubeconfig(gke), pulumi.ResourceOptions(parent=site.site))
    site.site.register_outputs({"cluster": gke.name, "weights": weights.name, "registry": settings.registry})
    names = [sized.service.name for sized in plan.sized]
    return Foundation(
        site="gcp",
        region=settings.region,
        kubernetes=inside,
        placements={sized.service.name: placement(sized) for sized in plan.sized},
        weights={name: volume(settings.bucket_name) for name in names},
        registry=settings.registry,
        edge=EdgeExposure(annotations={"networking.gke.io/load-balancer-type": "Internal"}, host=settings.host),
        serving={name: Identity() for name in names},
        depends_on=[log_bucket, system, *pools, *grants],
    )


def _check_reservations(plan: SitePlan, settings: GcpSettings) -> None:
    zones = {sized.service.name: sized.zones for sized in plan.sized}
    for name, reservation in settings.capacity_reservations.items():
        where = f"kokunai:gcp capacity_reservations.{name}"
        if name not in zones:
            raise KokunaiError("no such service runs here", where=where, fix=f"use one of: {', '.join(zones)}")
        if reservation.zone not in zones[name]:
            raise KokunaiError(
                f"its machine is not sold in {reservation.zone}", where=where, fix=f"zones: {', '.join(zones[name])}"
            )
