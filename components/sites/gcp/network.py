"""A network that knows only itself and Google's APIs: no route, no address and no rule leads to the internet.

Names of Google's APIs and registries resolve to the restricted addresses, which are reached inside Google's network. How
the organisation reaches the site (Interconnect, VPN) is its own network's matter.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_gcp import compute, dns

from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services

# Google Cloud documentation, "Private Google Access": the addresses behind restricted.googleapis.com.
RESTRICTED: Final = IPv4Network("199.36.153.4/30")
# Domain of an API or registry to the name, inside that domain, that holds the addresses.
DOMAINS: Final = {"googleapis.com.": "restricted.googleapis.com.", "pkg.dev.": "pkg.dev.", "gcr.io.": "gcr.io."}
PODS: Final = "pods"
SERVICES: Final = "services"
TTL_SECONDS: Final = 300


@dataclass(frozen=True)
class Network:
    """Where the cluster stands."""

    network: pulumi.Output[str]
    subnetwork: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]
    """Routes, rules and names without which a node cannot join."""


def network(scope: Scope, services: Services) -> Network:
    """One network, one subnetwork in the site's region, egress denied but for itself and Google's restricted addresses."""
    vpc = compute.Network(
        scope.name("network"),
        auto_create_subnetworks=False,
        routing_mode="REGIONAL",
        delete_default_routes_on_create=True,
        opts=scope.options(depends_on=services.ready("compute")),
    )
    subnetwork = _subnetwork(scope, vpc)
    route = compute.Route(
        scope.name("google-apis"),
        network=vpc.id,
        dest_range=str(RESTRICTED),
        next_hop_gateway="default-internet-gateway",
        description="Google's restricted addresses only; they never leave Google's network",
        opts=scope.options(),
    )
    ready = (route, *_egress(scope, vpc), *_names(scope, vpc, services))
    # Disk snapshots go to the nearest multi-region, which is all of Asia, unless the project says otherwise.
    compute.SnapshotSettings(
        scope.name("snapshots"),
        project=scope.settings.project,
        storage_location={"policy": "LOCAL_REGION"},
        opts=scope.options(depends_on=services.ready("compute")),
    )
    return Network(vpc.id, subnetwork.id, ready)


def _subnetwork(scope: Scope, vpc: compute.Network) -> compute.Subnetwork:
    settings = scope.settings
    return compute.Subnetwork(
        scope.name("nodes"),
        network=vpc.id,
        region=settings.region,
        ip_cidr_range=str(settings.nodes_range),
        secondary_ip_ranges=[
            {"range_name": PODS, "ip_cidr_range": str(settings.pods_range)},
            {"range_name": SERVICES, "ip_cidr_range": str(settings.services_range)},
        ],
        stack_type="IPV4_ONLY",
        private_ip_google_access=True,
        log_config={
            "aggregation_interval": "INTERVAL_5_SEC",
            "flow_sampling": 0.5,
            "metadata": "INCLUDE_ALL_METADATA",
        },
        opts=scope.options(),
    )


def _egress(scope: Scope, vpc: compute.Network) -> list[compute.Firewall]:
    return [
        compute.Firewall(
            scope.name("deny-egress"),
            network=vpc.id,
            direction="EGRESS",
            priority=65534,
            denies=[{"protocol": "all"}],
            destination_ranges=["0.0.0.0/0"],
            log_config={"metadata": "INCLUDE_ALL_METADATA"},
            opts=scope.options(),
        ),
        compute.Firewall(
            scope.name("allow-inside"),
            network=vpc.id,
            direction="EGRESS",
            priority=1000,
            allows=[{"protocol": "all"}],
            destination_ranges=[str(scope.settings.network)],
            opts=scope.options(),
        ),
        compute.Firewall(
            scope.name("allow-google-apis"),
            network=vpc.id,
            direction="EGRESS",
            priority=1000,
            allows=[{"protocol": "tcp", "ports": ["443"]}],
            destination_ranges=[str(RESTRICTED)],
            opts=scope.options(),
        ),
    ]


def _names(scope: Scope, vpc: compute.Network, services: Services) -> list[dns.RecordSet]:
    records = []
    for domain, holder in DOMAINS.items():
        purpose = domain.strip(".").replace(".", "-")
        zone = dns.ManagedZone(
            scope.name(purpose),
            dns_name=domain,
            visibility="private",
            private_visibility_config={"networks": [{"network_url": vpc.id}]},
            labels=scope.plan.shared_tags,
            opts=scope.options(depends_on=services.ready("dns")),
        )
        records += [
            dns.RecordSet(
                scope.name(f"{purpose}-addresses"),
                managed_zone=zone.name,
                name=holder,
                type="A",
                ttl=TTL_SECONDS,
                rrdatas=[str(address) for address in RESTRICTED],
                opts=scope.options(),
            ),
            dns.RecordSet(
                scope.name(f"{purpose}-names"),
                managed_zone=zone.name,
                name=f"*.{domain}",
                type="CNAME",
                ttl=TTL_SECONDS,
                rrdatas=[holder],
                opts=scope.options(),
            ),
        ]
    return records
