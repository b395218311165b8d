"""A service on a site: the endpoint, rendered alike everywhere from one plan and the site's foundation.

Not the door to it: the edge belongs to the cluster (`components.platform`). One file per concern.
"""

from dataclasses import dataclass
from typing import TypedDict

import pulumi
from pulumi_kubernetes import scheduling

from components.endpoint import accounts, namespace, network, quota, service, weights, workload
from components.foundation import Foundation
from components.plan import Sized
from core import haproxy, serving
from core.fingerprint import fingerprint
from core.lock import Lock

__all__ = ["EndpointArgs", "InferenceEndpoint", "Publication"]


class Publication(TypedDict):
    """What a stack exports about an endpoint, by service name."""

    url: str
    """The base URL that an OpenAI client takes, ending in /v1."""
    fingerprint: str
    """What makes its answers alike on every site, as one hash; `unknown` while something is not locked."""
    region: str
    data_class: str
    max_model_len: int
    """Longest prompt plus answer in tokens, as `/v1/models` tells it."""
    accelerator: str
    machine: str
    placement: list[str]
    """The arguments of the model server that follow the accelerator."""


@dataclass(frozen=True)
class EndpointArgs:
    """What to run and on what. All decided before: nothing here is computed from a cloud."""

    sized: Sized
    foundation: Foundation
    lock: Lock
    priority_class: scheduling.v1.PriorityClass
    """The cluster's class of what serves (`components.platform`)."""


class InferenceEndpoint(pulumi.ComponentResource):
    """One service: namespace, accounts, quota, weights, model server, its Service, and who may talk to it.

    Security defaults: Pod Security `restricted`, no token of the cluster in any pod, weights read-only, network closed
    but for the edge, image by digest.
    """

    publication: Publication
    """What `kokunai publish` needs to know of it: plain values, all known before an update."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None):
        foundation = args.foundation
        self.publication = publication(args.sized, foundation, args.lock)
        super().__init__("kokunai:index:InferenceEndpoint", name, {"service": args.sized.service.name}, opts)
        own = pulumi.ResourceOptions(parent=self)
        home = namespace.namespace(name, args.sized, own)
        # What is in the namespace goes with it; asking for each deletion apart would only take longer.
        within = pulumi.ResourceOptions(parent=self, depends_on=[home], deleted_with=home)
        policies = network.network_policies(name, args.sized, foundation, within)
        limits = quota.quota(name, args.sized, within)
        serving_account = accounts.accounts(name, args.sized, foundation, within)
        claim = weights.weights(name, args.sized, foundation, own, within)
        first = [args.priority_class, limits, serving_account, claim, *policies, *foundation.depends_on]
        workload.workload(
            name,
            args.sized,
            foundation,
            args.lock,
            pulumi.ResourceOptions.merge(within, pulumi.ResourceOptions(depends_on=first)),
        )
        service.service(name, args.sized, within)
        service.disruption_budget(name, args.sized, within)

        self.register_outputs({**self.publication})


def publication(sized: Sized, foundation: Foundation, lock: Lock) -> Publication:
    """What a stack exports about a service, from what was decided."""
    return {
        "url": f"https://{foundation.edge.host}{haproxy.base_path(sized.service)}/v1",
        "fingerprint": fingerprint(sized.service, lock),
        "region": foundation.region,
        "data_class": sized.service.data_class.value,
        "max_model_len": sized.service.context_tokens,
        "accelerator": sized.fit.machine.accelerator,
        "machine": sized.fit.machine.name,
        "placement": list(serving.placement_arguments(sized.fit)),
    }
