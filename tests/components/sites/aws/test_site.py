"""The site as a whole: nothing public, nothing abroad, data protected, names legal, tags on everything."""

import json
import re
from typing import Any

from tests.components.sites.aws.declared import LONGEST_NAME, Site, deployed, document, service

PUBLIC_TYPES = ("internetGateway", "egressOnlyInternetGateway", "natGateway", "eip", "publicVirtualInterface")
TOKYO_WORDS = {"ap-northeast-1", "apne1-az1", "apne1-az2", "apne1-az4"}


def texts(value: Any) -> list[str]:
    """Every text anywhere in a property tree."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def test_nothing_leads_to_or_from_the_internet(site: Site) -> None:
    assert not [each.type for each in site.resources if any(word in each.type for word in PUBLIC_TYPES)]
    for subnet in site.of_type("aws:ec2/subnet:Subnet"):
        assert subnet.props["mapPublicIpOnLaunch"] is False
    for table in site.of_type("aws:ec2/routeTable:RouteTable"):
        assert not table.props.get("routes")
    for rule in site.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        assert rule.props["cidrIpv4"].startswith("10.")
        assert (rule.props["fromPort"], rule.props["toPort"]) == (443, 443)
    assert site.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").props["ingress"] == []


def test_every_place_name_is_in_japan(site: Site) -> None:
    region = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx|cn)-[a-z]+-\d\b|\b[a-z]{3,4}\d-az\d\b")
    found = {word for each in site.resources for text in texts(each.props) for word in region.findall(text)}
    assert found == TOKYO_WORDS


def test_one_account_and_one_region_by_one_explicit_provider(site: Site) -> None:
    provider = site.one("pulumi:providers:aws")
    assert provider.props["region"] == "ap-northeast-1"
    assert json.loads(provider.props["allowedAccountIds"]) == ["111122223333"]
    for each in site.resources:
        if each.type.startswith("aws:"):
            assert each.options.provider.startswith(f"{provider.urn}::"), each.urn
            assert each.options.parent.endswith("kokunai:index:AwsSite::aws"), each.urn


def test_what_holds_data_is_protected(site: Site) -> None:
    holders = (
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
        "aws:cloudwatch/logGroup:LogGroup",
    )
    for token in holders:
        assert all(each.options.protect for each in site.of_type(token)), token
    assert site.one("aws:eks/cluster:Cluster").props["deletionProtection"] is True
    assert all(each.props["deletionProtectionEnabled"] for each in site.of_type("aws:cloudwatch/logGroup:LogGroup"))
    assert site.one("aws:s3/bucket:Bucket").props["forceDestroy"] is False


def test_names_are_legal_for_the_longest_service_and_the_longest_prefix() -> None:
    site = deployed(service(LONGEST_NAME), name_prefix="a-longprefix")
    # Room for the dash and seven digits that Pulumi adds where the name is not given.
    limits = {
        "aws:iam/role:Role": 64,
        "aws:eks/nodeGroup:NodeGroup": 63,
        "aws:ec2/launchTemplate:LaunchTemplate": 128,
        "aws:iam/rolePolicy:RolePolicy": 128,
        "aws:ec2/securityGroup:SecurityGroup": 255,
    }
    for token, limit in limits.items():
        for each in site.of_type(token):
            assert len(each.name) + 8 <= limit, each.name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", site.one("aws:s3/bucket:Bucket").props["bucket"])
    assert re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", site.one("aws:eks/cluster:Cluster").props["name"])


def test_descriptions_of_security_groups_have_only_characters_that_ec2_takes(site: Site) -> None:
    for group in site.of_type("aws:ec2/securityGroup:SecurityGroup"):
        assert re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", group.props["description"])


def test_shared_tags_are_defaults_and_a_service_s_own_stand_on_its_resources(site: Site) -> None:
    shared = {"team": "platform", "site": "aws"}
    assert json.loads(site.one("pulumi:providers:aws").props["defaultTags"]) == {"tags": shared}
    own = {"team": "sales", "site": "aws", "service": LONGEST_NAME}
    owned = [each for each in site.resources if LONGEST_NAME in each.name and "tags" in each.props]
    assert {each.type for each in owned} == {
        "aws:eks/nodeGroup:NodeGroup",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:iam/role:Role",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    }
    for each in owned:
        assert each.props["tags"] == own, each.urn


def test_machines_and_their_disks_are_tagged_as_their_template(site: Site) -> None:
    for template in site.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        on_machines = {each["resourceType"]: each["tags"] for each in template.props["tagSpecifications"]}
        assert set(on_machines) == {"instance", "volume", "network-interface"}
        assert all(tags == template.props["tags"] for tags in on_machines.values())


def test_the_foundation_is_known_before_anything_is_deployed(site: Site) -> None:
    assert site.foundation.registry == "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/acme"
    assert site.foundation.region == "ap-northeast-1"
    assert set(site.foundation.placements) == set(site.foundation.weights) == {"drafting", LONGEST_NAME}


def test_each_image_of_the_workload_has_a_repository_where_the_registry_says(site: Site) -> None:
    repositories = {each.props["name"]: each for each in site.of_type("aws:ecr/repository:Repository")}
    path = site.foundation.registry.partition("/")[2]
    assert set(repositories) >= {f"{path}/vllm-openai", f"{path}/haproxy"}
    for each in repositories.values():
        assert each.props["imageTagMutability"] == "IMMUTABLE"
        assert each.props["imageScanningConfiguration"] == {"scanOnPush": True}
        assert each.props["encryptionConfigurations"][0]["encryptionType"] == "KMS"


def test_the_edge_is_an_internal_load_balancer(site: Site) -> None:
    edge = site.foundation.edge
    assert edge.load_balancer_class == "service.k8s.aws/nlb"
    assert edge.annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"
    assert edge.host == "llm.aws.example.jp"
    inside = {
        each.props["cidrBlock"]
        for each in site.of_type("aws:ec2/subnet:Subnet")
        if "kubernetes.io/role/internal-elb" in each.props["tags"]
    }
    assert set(edge.probe_sources) == inside
    assert not [
        each for each in site.of_type("aws:ec2/subnet:Subnet") if "kubernetes.io/role/elb" in each.props["tags"]
    ]


def test_the_component_declares_what_the_organisation_needs_to_know(site: Site) -> None:
    (outputs,) = [each for urn, each in site.outputs.items() if "kokunai:index:AwsSite" in urn]
    assert outputs == {
        "cluster_name": "acme-kokunai",
        "network_id": "aws-network-id",
        "weights_bucket": "acme-kokunai-weights-111122223333-ap-northeast-1",
    }


def test_a_site_without_services_comes_up_and_nobody_may_write_weights() -> None:
    site = deployed()
    assert [each.name for each in site.of_type("aws:eks/nodeGroup:NodeGroup")] == ["aws-system"]
    (written,) = [
        each for each in document(site.one("aws:s3/bucketPolicy:BucketPolicy")) if each["Sid"] == "WrittenBySyncOnly"
    ]
    assert "Condition" not in written
