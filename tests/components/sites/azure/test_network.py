"""Nothing comes from the internet, one thing may leave."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from components.sites.azure import cluster
from components.sites.azure.network import addresses
from components.sites.azure.settings import PRIVATE
from tests.components.sites.azure.conftest import Site


@pytest.mark.parametrize("prefix", range(16, 23))
def test_subnets_are_inside_and_apart(prefix: int) -> None:
    whole = IPv4Network(f"10.20.0.0/{prefix}")
    ranges = addresses(whole)
    each = [ranges.system, ranges.gpu, ranges.endpoints, ranges.apiserver]
    assert all(one.subnet_of(whole) for one in each)
    assert not [pair for pair in combinations(each, 2) if pair[0].overlaps(pair[1])]
    assert ranges.apiserver.prefixlen == 28
    # Azure keeps five addresses of each subnet.
    assert ranges.system.num_addresses - 5 >= 50


def test_addresses_inside_the_cluster_meet_no_network_of_an_organisation() -> None:
    pods, services = IPv4Network(cluster.POD_NETWORK), IPv4Network(cluster.SERVICE_NETWORK)
    assert not pods.overlaps(services)
    assert not [private for private in PRIVATE if private.overlaps(pods) or private.overlaps(services)]


def test_no_subnet_has_a_way_out_of_its_own(site: Site) -> None:
    subnets = {each["name"]: each for each in site.one("azure-native:network:VirtualNetwork").props["subnets"]}
    assert set(subnets) == {"system", "gpu", "endpoints", "apiserver"}
    assert all(each["defaultOutboundAccess"] is False for each in subnets.values())
    assert all(site.names[each["networkSecurityGroup"]["id"]] == "azure-guard" for each in subnets.values())
    assert {name for name, each in subnets.items() if "routeTable" in each} == {"system", "gpu"}
    (route,) = site.one("azure-native:network:RouteTable").props["routes"]
    assert (route["addressPrefix"], route["nextHopType"], route["nextHopIpAddress"]) == (
        "0.0.0.0/0",
        "VirtualAppliance",
        "10.0.0.4",
    )


def test_only_sign_in_may_leave_and_nothing_is_let_in(site: Site) -> None:
    rules = site.one("azure-native:network:NetworkSecurityGroup").props["securityRules"]
    allowed = [rule for rule in rules if rule["access"] == "Allow"]
    assert [
        (rule["direction"], rule["destinationAddressPrefix"], rule["destinationPortRange"]) for rule in allowed
    ] == [("Outbound", "AzureActiveDirectory", "443")]
    (denied,) = [rule for rule in rules if rule["access"] == "Deny"]
    assert (denied["destinationAddressPrefix"], denied["protocol"]) == ("Internet", "*")
    assert denied["priority"] > allowed[0]["priority"]


def test_there_is_no_public_address(site: Site) -> None:
    kinds = {each.type.rsplit(":", 1)[-1] for each in site.azure}
    assert not kinds & {
        "PublicIPAddress",
        "PublicIPPrefix",
        "NatGateway",
        "LoadBalancer",
        "ApplicationGateway",
        "BastionHost",
    }
    nodes = [*site.one("azure-native:containerservice:ManagedCluster").props["agentPoolProfiles"]]
    nodes += [each.props for each in site.of_type("azure-native:containerservice:AgentPool")]
    assert len(nodes) == 3
    assert all(each["enableNodePublicIP"] is False for each in nodes)


def test_every_private_endpoint_has_its_names(site: Site) -> None:
    zones = {each.name: each.props["privateZoneName"] for each in site.of_type("azure-native:privatedns:PrivateZone")}
    linked = {each.props["privateZoneName"] for each in site.of_type("azure-native:privatedns:VirtualNetworkLink")}
    assert len(linked) == len(zones)
    found = {}
    for group in site.of_type("azure-native:network:PrivateDnsZoneGroup"):
        ids = [each["privateDnsZoneId"] for each in group.props["privateDnsZoneConfigs"]]
        found[group.props["privateEndpointName"]] = {zones[site.names[one]] for one in ids}
    assert found["azure-registry-endpoint"] == {"privatelink.azurecr.io"}
    assert found["azure-weights-endpoint"] == {"privatelink.blob.core.windows.net"}
    assert found["azure-keys-endpoint"] == {"privatelink.vaultcore.azure.net"}
    assert "privatelink.ods.opinsights.azure.com" in found["azure-logs-endpoint"]
    assert set(found) == {each.name for each in site.of_type("azure-native:network:PrivateEndpoint")}
