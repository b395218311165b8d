"""The site as one component: its parts in the order in which they are built, and the `Foundation` that they make."""

import pulumi

from components.foundation import Foundation, Identity
from components.kubernetes_provider import kubernetes_provider
from components.plan import SitePlan
from components.sites.aws.access import administrators, kubeconfig
from components.sites.aws.cluster import cluster, system_pool
from components.sites.aws.edge import controller_identity, exposure
from components.sites.aws.gpu_pool import gpu_pool, placement, unusable_reservations
from components.sites.aws.identity import identities
from components.sites.aws.keys import keys
from components.sites.aws.network import network
from components.sites.aws.nodes import node_role
from components.sites.aws.provider import Scope, provider
from components.sites.aws.registry import registry
from components.sites.aws.settings import AwsSettings
from components.sites.aws.weights import guard, volume, weights
from core.errors import InputError


class AwsSite(pulumi.ComponentResource):
    """Everything of the AWS site that lives outside its cluster."""

    foundation: Foundation
    cluster_name: pulumi.Output[str]
    """The cluster's name, which `aws eks update-kubeconfig` takes."""
    network_id: pulumi.Output[str]
    """The network that the organisation connects its own networks to."""
    weights_bucket: pulumi.Output[str]
    """The bucket that weights are synchronised into."""

    def __init__(
        self, name: str, plan: SitePlan, settings: AwsSettings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        problems = unusable_reservations(plan, settings)
        if problems:
            raise InputError(problems)
        super().__init__(
            "kokunai:index:AwsSite", name, {"region": settings.region, "zones": list(settings.zones)}, opts
        )
        scope = Scope(plan, settings, parent=self, provider=provider(plan, settings, self))

        own_keys = keys(scope)
        site_network = network(scope, own_keys)
        images = registry(scope, own_keys)
        held = weights(scope, own_keys)
        made = cluster(scope, site_network, own_keys)
        role = node_role(scope)
        system = system_pool(scope, made, site_network, own_keys, role)
        pools = [gpu_pool(scope, made, site_network, own_keys, role, sized) for sized in plan.sized]
        bound = identities(scope, made.eks, held)
        controller = controller_identity(scope, made.eks, site_network.vpc_arn)
        guard(scope, held, site_network.s3_endpoint_id, bound.writers)
        granted = administrators(scope, made.eks)

        self.cluster_name = made.eks.name
        self.network_id = site_network.vpc_id
        self.weights_bucket = held.bucket.bucket
        self.foundation = Foundation(
            site=plan.site,
            region=settings.region,
            kubernetes=kubernetes_provider(
                scope.named("kubernetes"),
                kubeconfig(scope, made.eks),
                pulumi.ResourceOptions(parent=self, depends_on=granted),
            ),
            placements={sized.service.name: placement(sized) for sized in plan.sized},
            weights={sized.service.name: volume(scope, sized) for sized in plan.sized},
            registry=images,
            edge=exposure(scope),
            # Pod Identity binds by namespace and account, so nothing is written on an account or a pod.
            serving={sized.service.name: Identity() for sized in plan.sized},
            depends_on=[*system, *pools, *bound.ready, *controller.ready],
        )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "network_id": self.network_id,
                "weights_bucket": self.weights_bucket,
            }
        )
