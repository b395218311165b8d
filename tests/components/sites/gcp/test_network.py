"""A network from which nothing leads to the internet."""

from ipaddress import ip_network

from tests.components.sites.gcp.declared import Site

GOOGLE = "199.36.153.4/30"


def test_the_only_route_that_leaves_goes_to_googles_restricted_addresses(site: Site) -> None:
    network = site.one("gcp:compute/network:Network").props
    assert network["autoCreateSubnetworks"] is False
    assert network["deleteDefaultRoutesOnCreate"] is True
    assert site.one("gcp:compute/route:Route").props["destRange"] == GOOGLE


def test_egress_is_denied_but_inside_and_to_google(site: Site) -> None:
    rules = [rule.props for rule in site.of_type("gcp:compute/firewall:Firewall")]
    denied = [rule for rule in rules if "denies" in rule]
    allowed = [rule for rule in rules if "allows" in rule]
    assert [rule["destinationRanges"] for rule in denied] == [["0.0.0.0/0"]]
    assert denied[0]["denies"] == [{"protocol": "all"}]
    assert sorted(rule["destinationRanges"][0] for rule in allowed) == ["10.72.0.0/16", GOOGLE]
    assert all(rule["priority"] < denied[0]["priority"] for rule in allowed)
    assert {rule["direction"] for rule in rules} == {"EGRESS"}


def test_the_subnetwork_keeps_flow_logs_and_reaches_google_privately(site: Site) -> None:
    subnetwork = site.one("gcp:compute/subnetwork:Subnetwork").props
    assert subnetwork["privateIpGoogleAccess"] is True
    assert subnetwork["logConfig"]["flowSampling"] > 0
    assert {each["rangeName"] for each in subnetwork["secondaryIpRanges"]} == {"pods", "services"}


def test_names_of_google_resolve_to_the_restricted_addresses(site: Site) -> None:
    zones = {zone.props["dnsName"]: zone.props for zone in site.of_type("gcp:dns/managedZone:ManagedZone")}
    assert set(zones) == {"googleapis.com.", "pkg.dev.", "gcr.io."}
    assert {zone["visibility"] for zone in zones.values()} == {"private"}
    records = [record.props for record in site.of_type("gcp:dns/recordSet:RecordSet")]
    holders = {record["name"]: record["rrdatas"] for record in records if record["type"] == "A"}
    aliases = {record["name"]: record["rrdatas"][0] for record in records if record["type"] == "CNAME"}
    assert set(aliases) == {f"*.{name}" for name in zones}
    assert set(aliases.values()) == set(holders)
    assert all(addresses == [str(a) for a in ip_network(GOOGLE)] for addresses in holders.values())


def test_the_registry_is_under_a_name_that_resolves_inside(site: Site) -> None:
    assert site.foundation.registry.split("/")[0].endswith(".pkg.dev")
