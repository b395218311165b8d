"""Addresses: disjoint, and none moves when a zone comes or goes. Endpoints: for this account only."""

from ipaddress import IPv4Network
from itertools import combinations

from components.sites.aws.network import addresses
from tests.components.recording import Registered
from tests.components.sites.aws.declared import Site, deployed, document, made_from

NETWORK = IPv4Network("10.64.0.0/16")


def test_the_addresses_of_zones_are_disjoint_and_inside_the_network() -> None:
    ranges = [
        each
        for number in range(1, 9)
        for zone in (addresses(NETWORK, f"apne1-az{number}"),)
        for each in (zone.nodes, zone.inside)
    ]
    assert all(each.subnet_of(NETWORK) for each in ranges)
    assert not [pair for pair in combinations(ranges, 2) if pair[0].overlaps(pair[1])]


def test_a_zone_that_is_added_moves_no_other() -> None:
    def by_name(zones: tuple[str, ...]) -> dict[str, str]:
        subnets = deployed(zones=zones).of_type("aws:ec2/subnet:Subnet")
        return {each.name: each.props["cidrBlock"] for each in subnets}

    two, three = by_name(("apne1-az2", "apne1-az4")), by_name(("apne1-az1", "apne1-az2", "apne1-az4"))
    assert two.items() <= three.items()


def test_subnets_are_placed_by_zone_id(site: Site) -> None:
    zones = [each.props["availabilityZoneId"] for each in site.of_type("aws:ec2/subnet:Subnet")]
    assert sorted(zones) == ["apne1-az1"] * 2 + ["apne1-az2"] * 2 + ["apne1-az4"] * 2
    assert not [each for each in site.of_type("aws:ec2/subnet:Subnet") if "availabilityZone" in each.props]


def test_nodes_reach_the_services_that_they_need_without_the_internet(site: Site) -> None:
    services = {each.props["serviceName"].removeprefix("com.amazonaws.ap-northeast-1.") for each in endpoints(site)}
    assert services >= {"s3", "ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "ec2", "elasticloadbalancing"}
    for each in endpoints(site):
        if each.props["vpcEndpointType"] == "Interface":
            assert each.props["privateDnsEnabled"] is True
            assert len(each.props["subnetIds"]) == 3


def test_endpoints_carry_the_traffic_of_this_account_only(site: Site) -> None:
    for each in endpoints(site):
        if each.name == "aws-endpoint-eks-auth":
            continue
        for statement in document(each):
            if statement["Sid"] == "ImageLayers":
                assert statement["Action"] == ["s3:GetObject"]
                assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "true"}}
                assert statement["Resource"] == ["arn:aws:s3:::prod-ap-northeast-1-starport-layer-bucket/*"]
            else:
                assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}


def test_a_bucket_of_somebody_else_is_not_reachable(site: Site) -> None:
    s3 = site.one("aws:ec2/vpcEndpoint:VpcEndpoint", "aws-endpoint-s3")
    weights = "arn:aws:s3:::acme-kokunai-weights-111122223333-ap-northeast-1"
    reachable = {resource for statement in document(s3) for resource in statement["Resource"]}
    assert reachable == {weights, f"{weights}/*", "arn:aws:s3:::prod-ap-northeast-1-starport-layer-bucket/*"}


def test_flow_logs_are_kept_encrypted(site: Site) -> None:
    flow = site.one("aws:ec2/flowLog:FlowLog")
    assert flow.props["trafficType"] == "ALL"
    group = site.one("aws:cloudwatch/logGroup:LogGroup", "aws-flow-logs")
    assert made_from(flow, "logDestination") == {"aws-flow-logs"}
    assert made_from(group, "kmsKeyId") == {"aws-key-logs"}
    assert group.props["retentionInDays"] == 400


def endpoints(site: Site) -> list[Registered]:
    return site.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
