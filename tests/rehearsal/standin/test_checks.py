"""What a stand-in refuses, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from rehearsal.standin.wire import UNKNOWN
from tests.rehearsal.standin.wired import StandIns

CLUSTER = "aws:eks/cluster:Cluster"
SUBNET = "aws:ec2/subnet:Subnet"


def test_an_unknown_type_is_refused_with_the_nearest(stand_in: StandIns) -> None:
    _, problems = stand_in("aws").check("aws:ec2/vpcs:Vpc", {})
    assert len(problems) == 1
    assert problems[0].startswith("aws:ec2/vpcs:Vpc is not a resource type of aws 7.")
    assert problems[0].endswith("; the nearest is aws:ec2/vpc:Vpc")


@pytest.mark.parametrize(
    ("package", "token", "inputs", "reason"),
    [
        pytest.param(
            "aws",
            SUBNET,
            {"vpcId": "vpc-1", "cidr_block": "10.0.0.0/24"},
            "cidr_block is not a property of aws:ec2/subnet:Subnet; the nearest is cidrBlock",
            id="unknown property",
        ),
        pytest.param(
            "aws",
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": [], "subnetIdz": []}},
            "vpcConfig.subnetIdz is not a property of ClusterVpcConfig; the nearest is subnetIds",
            id="unknown property inside",
        ),
        pytest.param(
            "aws",
            CLUSTER,
            {"vpcConfig": {"subnetIds": []}},
            "roleArn is required and missing: a string",
            id="missing",
        ),
        pytest.param(
            "aws",
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {}},
            "vpcConfig.subnetIds is required and missing: a list of strings",
            id="missing inside",
        ),
        pytest.param("aws", SUBNET, {"vpcId": 5}, "vpcId must be a string, not a number", id="a number for a string"),
        pytest.param(
            "aws", SUBNET, {"vpcId": "v", "tags": ["a"]}, "tags must be a map, not a list", id="a list for a map"
        ),
        pytest.param(
            "aws",
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": "subnet-1"}},
            "vpcConfig.subnetIds must be a list of strings, not a string",
            id="a string for a list",
        ),
        pytest.param(
            "aws",
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": ["a", True]}},
            "vpcConfig.subnetIds[1] must be a string, not true or false",
            id="a wrong member",
        ),
        pytest.param(
            "aws",
            SUBNET,
            {"vpcId": "v", "tags": {"cost centre": 1}},
            'tags["cost centre"] must be a string, not a number',
            id="a wrong member of a map",
        ),
        pytest.param(
            "gcp",
            "gcp:container/nodePool:NodePool",
            {"cluster": "c", "nodeCount": 1.5},
            "nodeCount must be a whole number, not a fraction",
            id="a fraction",
        ),
        pytest.param(
            "azure-native",
            "azure-native:containerservice:ManagedCluster",
            {"resourceGroupName": "g", "identity": {"type": "Sytem"}},
            "identity.type must be one of SystemAssigned, UserAssigned, None",
            id="outside a closed vocabulary",
        ),
        pytest.param(
            "azure-native",
            "azure-native:network:VirtualNetwork",
            {"resourceGroupName": "g", "addressSpace": {"prefixes": []}},
            "addressSpace.prefixes is not a property of AddressSpace; the nearest is addressPrefixes",
            id="arguments that share their name with an object",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_path(
    stand_in: StandIns, package: str, token: str, inputs: Mapping[str, Any], reason: str
) -> None:
    _, problems = stand_in(package).check(token, inputs)
    assert problems == [reason]


@pytest.mark.parametrize(
    ("package", "token", "inputs"),
    [
        ("aws", SUBNET, {"vpcId": UNKNOWN, "tags": UNKNOWN}),
        ("aws", CLUSTER, {"roleArn": "r", "vpcConfig": {"subnetIds": ["a", UNKNOWN], "endpointPublicAccess": UNKNOWN}}),
        ("aws", "aws:iam/role:Role", {"assumeRolePolicy": "{}"}),
        ("aws", "aws:iam/role:Role", {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}}),
        # The vocabulary of machine types is open: the SDK types it as string or enumeration.
        ("aws", "aws:ec2/instance:Instance", {"instanceType": "p99.nextyear"}),
        (
            "azure-native",
            "azure-native:containerservice:ManagedCluster",
            {"resourceGroupName": "g", "supportPlan": "New"},
        ),
    ],
)
def test_what_may_be_right_is_taken(stand_in: StandIns, package: str, token: str, inputs: Mapping[str, Any]) -> None:
    _, problems = stand_in(package).check(token, inputs)
    assert problems == []


def test_no_value_is_ever_quoted(stand_in: StandIns) -> None:
    """The engine does not tell a provider which values are secret, and prints the value of a property a failure names."""
    answer = stand_in("aws").stub.Check(
        provider_pb2.CheckRequest(
            urn="urn:pulumi:test::kokunai::aws:rds/instance:Instance::it",
            news={"instanceClass": "hunter2", "passwrd": "hunter2", "port": "hunter2", "tags": ["hunter2"]},
        )
    )
    assert len(answer.failures) == 3
    assert "hunter2" not in "".join(failure.reason for failure in answer.failures)
    assert {failure.property for failure in answer.failures} == {""}


def test_several_faults_are_told_at_once(stand_in: StandIns) -> None:
    _, problems = stand_in("aws").check(SUBNET, {"cidr": "x", "tags": 1})
    assert len(problems) == 3


def test_the_provider_s_own_configuration_is_checked(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    assert engine.check_config(region="ap-northeast-1", defaultTags='{"tags": {"team": "x"}}', version="7.0.0") == []
    assert engine.check_config(region="ap-northeast-1", defaultTags='{"tag": {}}') == [
        "defaultTags.tag is not a property of ProviderDefaultTags; the nearest is tags"
    ]
    assert engine.check_config(region="ap-northeast-1", regio="x") == [
        "regio is not a property of pulumi:providers:aws; the nearest is region"
    ]
    assert engine.check_config() == ["region is required: the stand-in reads neither profiles nor the environment"]
