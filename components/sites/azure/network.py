"""The site's network: private subnets, nothing from the internet, one guarded way out, private names for Azure's services.

How clients and runners get in (peering, ExpressRoute, VPN) belongs to the organisation's network, not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi
from pulumi_azure_native import network as net
from pulumi_azure_native import privatedns

from components.sites.azure.provider import GLOBAL, Scope

REGISTRY_ZONE: Final = "privatelink.azurecr.io"
BLOB_ZONE: Final = "privatelink.blob.core.windows.net"
VAULT_ZONE: Final = "privatelink.vaultcore.azure.net"
MONITOR_ZONES: Final = (
    "privatelink.monitor.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.ods.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
)


@dataclass(frozen=True)
class Addresses:
    """Address ranges of the subnets. Pods have none: theirs are inside the cluster only."""

    system: IPv4Network
    gpu: IPv4Network
    endpoints: IPv4Network
    apiserver: IPv4Network


@dataclass(frozen=True)
class Network:
    """Ids of what the cluster is placed into, and the private zones by their DNS name."""

    id: pulumi.Output[str]
    system: pulumi.Output[str]
    gpu: pulumi.Output[str]
    endpoints: pulumi.Output[str]
    apiserver: pulumi.Output[str]
    cluster_zone: privatedns.PrivateZone
    zones: Mapping[str, privatedns.PrivateZone]
    links: Sequence[pulumi.Resource]
    """A name resolves inside the network only when its zone is linked."""


def addresses(network: IPv4Network) -> Addresses:
    """The layout in a /16 to /22: sixteenths, of which four are used; the API server takes the /28 that Azure asks for."""
    parts = list(network.subnets(prefixlen_diff=4))
    return Addresses(parts[0], parts[1], parts[2], next(parts[3].subnets(new_prefix=28)))


def network(scope: Scope) -> Network:
    """The network with its subnets, and a private zone for every service that is reached through it."""
    ranges = addresses(scope.settings.network)
    guard = net.NetworkSecurityGroupArgs(id=_guard(scope).id)
    way_out = net.RouteTableArgs(id=_way_out(scope).id)
    virtual = net.VirtualNetwork(
        scope.named("network"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        address_space=net.AddressSpaceArgs(address_prefixes=[str(scope.settings.network)]),
        # Subnets inside, so that one operation makes them all: Azure refuses two at a time on one network.
        subnets=[
            _nodes("system", ranges.system, guard, way_out),
            _nodes("gpu", ranges.gpu, guard, way_out),
            net.SubnetArgs(
                name="endpoints",
                address_prefix=str(ranges.endpoints),
                network_security_group=guard,
                private_endpoint_network_policies=net.VirtualNetworkPrivateEndpointNetworkPolicies.NETWORK_SECURITY_GROUP_ENABLED,
                default_outbound_access=False,
            ),
            net.SubnetArgs(
                name="apiserver",
                address_prefix=str(ranges.apiserver),
                network_security_group=guard,
                default_outbound_access=False,
                delegations=[net.DelegationArgs(name="aks", service_name="Microsoft.ContainerService/managedClusters")],
            ),
        ],
        opts=scope.child(),
    )
    zones = {name: _zone(scope, name) for name in (REGISTRY_ZONE, BLOB_ZONE, VAULT_ZONE, *MONITOR_ZONES)}
    cluster_zone = _zone(scope, f"privatelink.{scope.location}.azmk8s.io", purpose="cluster")
    named = {"cluster": cluster_zone, **zones}
    return Network(
        id=virtual.id,
        system=_subnet(virtual, "system"),
        gpu=_subnet(virtual, "gpu"),
        endpoints=_subnet(virtual, "endpoints"),
        apiserver=_subnet(virtual, "apiserver"),
        cluster_zone=cluster_zone,
        zones=zones,
        links=[_link(scope, purpose, zone, virtual) for purpose, zone in named.items()],
    )


def private_endpoint(
    scope: Scope, into: Network, purpose: str, target: pulumi.Input[str], kind: str, zones: Sequence[str]
) -> net.PrivateDnsZoneGroup:
    """A private address for the service with the id `target`, and its names. Usable when what is returned exists."""
    endpoint = net.PrivateEndpoint(
        scope.named(f"{purpose}-endpoint"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        subnet=net.SubnetArgs(id=into.endpoints),
        private_link_service_connections=[
            net.PrivateLinkServiceConnectionArgs(name=purpose, private_link_service_id=target, group_ids=[kind])
        ],
        opts=scope.child(),
    )
    return net.PrivateDnsZoneGroup(
        scope.named(f"{purpose}-endpoint-names"),
        resource_group_name=scope.group.name,
        private_endpoint_name=endpoint.name,
        private_dns_zone_configs=[
            net.PrivateDnsZoneConfigArgs(name=_dashed(zone), private_dns_zone_id=into.zones[zone].id) for zone in zones
        ],
        opts=scope.child(depends_on=into.links),
    )


def _guard(scope: Scope) -> net.NetworkSecurityGroup:
    # Azure's own rules already refuse what comes from the internet; what goes there they allow.
    return net.NetworkSecurityGroup(
        scope.named("guard"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        security_rules=[
            net.SecurityRuleArgs(
                name="sign-in",
                description="Workload identities are exchanged at Entra ID, which has no private endpoint.",
                priority=4000,
                direction=net.SecurityRuleDirection.OUTBOUND,
                access=net.SecurityRuleAccess.ALLOW,
                protocol=net.SecurityRuleProtocol.TCP,
                source_address_prefix="VirtualNetwork",
                source_port_range="*",
                destination_address_prefix="AzureActiveDirectory",
                destination_port_range="443",
            ),
            net.SecurityRuleArgs(
                name="nothing-else-leaves",
                priority=4096,
                direction=net.SecurityRuleDirection.OUTBOUND,
                access=net.SecurityRuleAccess.DENY,
                protocol=net.SecurityRuleProtocol.ASTERISK,
                source_address_prefix="*",
                source_port_range="*",
                destination_address_prefix="Internet",
                destination_port_range="*",
            ),
        ],
        opts=scope.child(),
    )


def _way_out(scope: Scope) -> net.RouteTable:
    return net.RouteTable(
        scope.named("way-out"),
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        routes=[
            net.RouteArgs(
                name="firewall",
                address_prefix="0.0.0.0/0",
                next_hop_type=net.RouteNextHopType.VIRTUAL_APPLIANCE,
                next_hop_ip_address=str(scope.settings.firewall),
            )
        ],
        opts=scope.child(),
    )


def _nodes(
    name: str, range_: IPv4Network, guard: net.NetworkSecurityGroupArgs, way_out: net.RouteTableArgs
) -> net.SubnetArgs:
    # Nodes alone have a way out; endpoints and API server talk to nobody beyond the network.
    return net.SubnetArgs(
        name=name,
        address_prefix=str(range_),
        network_security_group=guard,
        route_table=way_out,
        default_outbound_access=False,
    )


def _subnet(virtual: net.VirtualNetwork, name: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(virtual.id, "/subnets/", name)


def _zone(scope: Scope, name: str, purpose: str = "") -> privatedns.PrivateZone:
    return privatedns.PrivateZone(
        scope.named(f"zone-{purpose or _dashed(name)}"),
        private_zone_name=name,
        location=GLOBAL,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        opts=scope.child(),
    )


def _link(
    scope: Scope, purpose: str, zone: privatedns.PrivateZone, virtual: net.VirtualNetwork
) -> privatedns.VirtualNetworkLink:
    return privatedns.VirtualNetworkLink(
        scope.named(f"link-{_dashed(purpose)}"),
        private_zone_name=zone.name,
        location=GLOBAL,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        registration_enabled=False,
        virtual_network=privatedns.SubResourceArgs(id=virtual.id),
        opts=scope.child(),
    )


def _dashed(zone: str) -> str:
    return zone.removeprefix("privatelink.").replace(".", "-")
