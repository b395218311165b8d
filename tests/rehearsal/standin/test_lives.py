"""The life of one resource: what is known at preview, what a cloud fills in, what changes, what a look finds."""

from __future__ import annotations

import base64
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from rehearsal.standin import wire
from rehearsal.standin.wire import UNKNOWN
from tests.rehearsal.standin.wired import StandIns, urn

VPC = "aws:ec2/vpc:Vpc"
EKS = "aws:eks/cluster:Cluster"
AKS = "azure-native:containerservice:ManagedCluster"
GKE = "gcp:container/cluster:Cluster"
BUCKET = "aws:s3/bucket:Bucket"
AUTHORITY = {
    "certificateAuthorityConfiguration": {
        "keyAlgorithm": "EC_prime256v1",
        "signingAlgorithm": "SHA256WITHECDSA",
        "subject": {},
    }
}
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g"


# What is known when.


def test_a_preview_knows_the_inputs_and_what_follows_from_them(stand_in: StandIns) -> None:
    planned = stand_in("aws", defaultTags='{"tags": {"team": "ml"}}').preview(VPC, {"cidrBlock": "10.0.0.0/16"})
    assert planned["cidrBlock"] == "10.0.0.0/16"
    assert planned["region"] == "ap-northeast-1"
    assert planned["tagsAll"] == {"team": "ml"}
    assert planned["arn"] == planned["mainRouteTableId"] == planned["ownerId"] == UNKNOWN


def test_a_preview_does_not_promise_what_may_stay_empty(stand_in: StandIns) -> None:
    planned = stand_in("aws").preview(VPC, {"cidrBlock": "10.0.0.0/16"})
    assert "instanceTenancy" not in planned  # optional, not given, not computed


def test_nothing_is_unknown_once_it_exists(stand_in: StandIns) -> None:
    for package, token, inputs in (
        ("aws", EKS, {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}}),
        ("azure-native", AKS, {"resourceGroupName": "g", "oidcIssuerProfile": {"enabled": True}}),
        ("gcp", GKE, {"initialNodeCount": 1}),
    ):
        identity, outputs = stand_in(package).create(token, inputs)
        assert identity
        assert not wire.has_unknown(outputs)


def test_an_unknown_input_stays_unknown_at_preview(stand_in: StandIns) -> None:
    planned = stand_in("aws").preview(EKS, {"roleArn": UNKNOWN, "vpcConfig": {"subnetIds": [UNKNOWN]}})
    assert planned["roleArn"] == UNKNOWN
    assert planned["vpcConfig"]["subnetIds"] == [UNKNOWN]
    assert planned["vpcConfig"]["clusterSecurityGroupId"] == UNKNOWN


def test_the_same_resource_is_made_the_same_twice(stand_in: StandIns) -> None:
    assert stand_in("aws").create(VPC, {}) == stand_in("aws").create(VPC, {})
    assert stand_in("aws").create(VPC, {}, name="a")[0] != stand_in("aws").create(VPC, {}, name="b")[0]


# Identities.


@pytest.mark.parametrize(
    ("package", "token", "inputs", "identity"),
    [
        ("aws", BUCKET, {"bucket": "weights"}, "weights"),
        (
            "aws",
            "aws:s3/bucketVersioning:BucketVersioning",
            {"bucket": "w", "versioningConfiguration": {"status": "Enabled"}},
            "w",
        ),
        (
            "aws",
            "aws:eks/addon:Addon",
            {"clusterName": "c", "addonName": "coredns"},
            "c:coredns",
        ),
        (
            "azure-native",
            "azure-native:network:Subnet",
            {"resourceGroupName": "g", "virtualNetworkName": "v", "subnetName": "s"},
            f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        ),
        (
            "azure-native",
            "azure-native:authorization:RoleAssignment",
            {"scope": "/subscriptions/x", "principalId": "p", "roleDefinitionId": "d", "roleAssignmentName": "n"},
            "/subscriptions/x/providers/Microsoft.Authorization/roleAssignments/n",
        ),
        ("gcp", "gcp:compute/network:Network", {"name": "n"}, "projects/models/global/networks/n"),
        (
            "gcp",
            "gcp:container/nodePool:NodePool",
            {"cluster": "projects/models/locations/asia-northeast1/clusters/c", "name": "gpu"},
            "projects/models/locations/asia-northeast1/clusters/c/nodePools/gpu",
        ),
        (
            "gcp",
            "gcp:kms/cryptoKey:CryptoKey",
            {"keyRing": "projects/models/locations/asia-northeast1/keyRings/r", "name": "k"},
            "projects/models/locations/asia-northeast1/keyRings/r/cryptoKeys/k",
        ),
        (
            "gcp",
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            {"bucket": "b", "role": "roles/storage.objectViewer", "member": "user:a@example.jp"},
            "b/roles/storage.objectViewer/user:a@example.jp",
        ),
    ],
)
def test_an_id_has_the_form_of_its_cloud(
    stand_in: StandIns, package: str, token: str, inputs: dict[str, Any], identity: str
) -> None:
    assert stand_in(package).create(token, inputs)[0] == identity


def test_made_up_ids_can_be_told_from_real_ones(stand_in: StandIns) -> None:
    identity, outputs = stand_in("aws").create(VPC, {})
    assert identity.startswith("vpc-00000000")
    assert outputs["arn"] == f"arn:aws:ec2:ap-northeast-1:000000000000:vpc/{identity}"
    assert outputs["mainRouteTableId"].startswith("rtb-00000000")
    assert stand_in("aws").create("aws:kms/key:Key", {})[0].startswith("00000000-")


def test_what_is_known_by_its_arn_says_so_itself(stand_in: StandIns) -> None:
    for token, inputs in (
        ("aws:secretsmanager/secret:Secret", {}),
        ("aws:sns/topic:Topic", {"name": "alarms"}),
        ("aws:acmpca/certificateAuthority:CertificateAuthority", AUTHORITY),
    ):
        identity, outputs = stand_in("aws").create(token, inputs)
        assert identity == outputs["arn"]


def test_accounts_and_projects_are_those_of_the_configuration(stand_in: StandIns) -> None:
    _, role = stand_in("aws", allowedAccountIds='["111122223333"]').create(
        "aws:iam/role:Role", {"assumeRolePolicy": "{}"}
    )
    assert role["arn"].startswith("arn:aws:iam::111122223333:role/it-")
    group, _ = stand_in("azure-native", subscriptionId="11111111-0000-0000-0000-000000000000").create(
        "azure-native:resources:ResourceGroup", {"resourceGroupName": "g"}
    )
    assert group == "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/g"
    _, account = stand_in("gcp", project="llm").create("gcp:serviceaccount/account:Account", {"accountId": "serve"})
    assert account["email"] == "serve@llm.iam.gserviceaccount.com"


def test_a_name_is_made_where_none_is_given_and_kept(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    made = engine.checked(BUCKET, {}, name="Weights")["bucket"]
    assert made.startswith("weights-")
    assert len(made) == len("weights-") + 7
    kept, _ = engine.check(BUCKET, {}, olds={"bucket": "weights-of-yore"})
    assert kept["bucket"] == "weights-of-yore"
    assert "bucket" not in engine.checked(BUCKET, {"bucketPrefix": "w"})


def test_a_made_name_stays_the_same_from_run_to_run(stand_in: StandIns) -> None:
    for package, token, inputs in (
        ("aws", "aws:kms/alias:Alias", {"targetKeyId": "k"}),
        ("aws", BUCKET, {}),
        ("azure-native", "azure-native:managedidentity:UserAssignedIdentity", {"resourceGroupName": "g"}),
        ("gcp", "gcp:compute/network:Network", {}),
    ):
        engine = stand_in(package)
        first = engine.checked(token, inputs)
        assert engine.check(token, inputs, olds=first) == (first, [])


def test_the_engine_may_say_how_names_are_made(stand_in: StandIns) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    engine = stand_in("aws")
    inputs, _ = engine.check(BUCKET, {}, autonaming=options(proposed_name="proposed"))
    assert inputs["bucket"] == "proposed"
    inputs, _ = engine.check(BUCKET, {}, autonaming=options(mode=options.DISABLE))
    assert "bucket" not in inputs


# What each real provider adds.


def test_aws_shows_policies_the_region_that_a_resource_gets(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    assert engine.checked(VPC, {})["region"] == "ap-northeast-1"
    assert engine.checked(VPC, {"region": "us-east-1"})["region"] == "us-east-1"
    assert "region" not in engine.checked("aws:iam/role:Role", {"assumeRolePolicy": "{}"})


def test_aws_merges_default_tags_under_the_resource_s_own(stand_in: StandIns) -> None:
    engine = stand_in("aws", defaultTags='{"tags": {"team": "ml", "env": "dev"}}')
    assert engine.checked(VPC, {"tags": {"env": "prod"}})["tagsAll"] == {"team": "ml", "env": "prod"}
    assert engine.checked(VPC, {"tags": UNKNOWN})["tagsAll"] == UNKNOWN


def test_google_merges_default_labels(stand_in: StandIns) -> None:
    inputs = {"location": "asia-northeast1", "labels": {"env": "prod"}}
    _, outputs = stand_in("gcp", defaultLabels='{"team": "ml"}').create("gcp:storage/bucket:Bucket", inputs)
    assert outputs["pulumiLabels"] == {"team": "ml", "env": "prod"}
    assert outputs["effectiveLabels"] == {"team": "ml", "env": "prod", "goog-pulumi-provisioned": "true"}


def test_google_needs_a_project(stand_in: StandIns) -> None:
    _, problems = stand_in("gcp", project="").check("gcp:compute/network:Network", {})
    assert problems == ["project is missing, and its provider names none"]


def test_azure_takes_a_location_from_its_provider_else_the_group_else_refuses(stand_in: StandIns) -> None:
    network, group = "azure-native:network:VirtualNetwork", "azure-native:resources:ResourceGroup"
    engine = stand_in("azure-native")
    assert engine.checked(network, {"resourceGroupName": "g"})["location"] == "japaneast"

    engine = stand_in("azure-native", location="")
    engine.checked(group, {"resourceGroupName": "g", "location": "japanwest"})
    assert engine.checked(network, {"resourceGroupName": "g"})["location"] == "japanwest"
    assert engine.checked(network, {"resourceGroupName": UNKNOWN})["location"] == UNKNOWN
    assert (
        engine.check(network, {"resourceGroupName": "g"}, olds={"location": "japaneast"})[0]["location"] == "japaneast"
    )
    _, problems = engine.check(network, {"resourceGroupName": "elsewhere"})
    assert problems == [
        "location is missing, its provider names none, and the resource group is not one of this stack; write it down"
    ]


def test_azure_fills_in_what_it_always_adds_to_an_object(stand_in: StandIns) -> None:
    _, outputs = stand_in("azure-native").create(
        AKS, {"resourceGroupName": "g", "oidcIssuerProfile": {"enabled": True}, "identity": {"type": "SystemAssigned"}}
    )
    assert outputs["oidcIssuerProfile"]["issuerURL"].startswith("https://japaneast.oic.rehearsal.invalid/00000000-")
    assert outputs["identity"]["principalId"].startswith("00000000-")
    assert outputs["identityProfile"]["kubeletidentity"]["objectId"].startswith("00000000-")
    assert "status" not in outputs  # an error that nobody made


def test_nobody_s_replication_or_logging_is_made_up(stand_in: StandIns) -> None:
    _, outputs = stand_in("aws").create(BUCKET, {})
    assert outputs["replicationConfiguration"] == {}
    assert outputs["logging"] == {}
    assert outputs["grants"] == []


# Changes.


def test_no_change_is_no_change(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    inputs = engine.checked(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}})
    identity, state = engine.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}})
    assert engine.diff(VPC, inputs, inputs, state, identity).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_change_is_shown_by_its_path_and_made_in_place(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    old = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"], "endpointPublicAccess": True}}
    new = {"roleArn": "r", "vpcConfig": {"subnetIds": ["a", "b"]}}
    answer = engine.diff(EKS, old, new, {})
    kinds = provider_pb2.PropertyDiff
    assert {path: each.kind for path, each in answer.detailedDiff.items()} == {
        "vpcConfig.endpointPublicAccess": kinds.DELETE,
        "vpcConfig.subnetIds[1]": kinds.ADD,
    }
    assert list(answer.replaces) == []


@pytest.mark.parametrize(
    ("package", "token", "old", "new", "replaces"),
    [
        ("aws", VPC, {"region": "ap-northeast-1"}, {"region": "ap-northeast-3"}, "region"),
        ("aws", BUCKET, {"bucket": "a"}, {"bucket": "b"}, "bucket"),
        ("azure-native", AKS, {"location": "japaneast"}, {"location": "japanwest"}, "location"),
        ("azure-native", AKS, {"resourceName": "a"}, {"resourceName": "b"}, "resourceName"),
        ("gcp", GKE, {"location": "asia-northeast1"}, {"location": "asia-northeast2"}, "location"),
        # As the SDK's documentation says of this one.
        (
            "aws",
            EKS,
            {"bootstrapSelfManagedAddons": True},
            {"bootstrapSelfManagedAddons": False},
            "bootstrapSelfManagedAddons",
        ),
    ],
)
def test_what_cannot_be_changed_is_made_anew(
    stand_in: StandIns, package: str, token: str, old: dict[str, Any], new: dict[str, Any], replaces: str
) -> None:
    assert list(stand_in(package).diff(token, old, new, {}).replaces) == [replaces]


def test_a_replacement_of_the_same_name_comes_after_its_predecessor(stand_in: StandIns) -> None:
    old, new = ({"name": "c", "region": region} for region in ("ap-northeast-1", "ap-northeast-3"))
    assert stand_in("aws").diff(EKS, old, new, {}).deleteBeforeReplace


def test_an_update_keeps_what_the_cloud_gave(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    identity, before = engine.create(VPC, {})
    request = provider_pb2.UpdateRequest(
        id=identity, urn=urn(VPC, "renamed"), news=wire.struct({"region": "ap-northeast-1", "tags": {"a": "b"}})
    )
    after = wire.plain(engine.stub.Update(request).properties)
    assert after["mainRouteTableId"] == before["mainRouteTableId"]
    assert after["tags"] == {"a": "b"}


# A look into the cloud.


def test_a_look_finds_what_the_state_says(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    identity, state = engine.create(VPC, {"tags": {"a": "b"}})
    assert engine.read(VPC, identity, state, engine.checked(VPC, {"tags": {"a": "b"}})) == state


def test_what_is_not_of_the_stack_is_not_found(stand_in: StandIns) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stand_in("aws").read(VPC, "vpc-1", {}, {})
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert "vpc-1 is not of this stack" in refused.value.details()


# Functions.


def test_functions_answer_from_their_arguments_and_the_configuration(stand_in: StandIns) -> None:
    aws = stand_in("aws", allowedAccountIds='["111122223333"]')
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "111122223333"
    assert aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones")["names"] == [
        "ap-northeast-1a",
        "ap-northeast-1c",
        "ap-northeast-1d",
    ]
    document = aws.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        statements=[
            {
                "actions": ["s3:GetObject"],
                "resources": ["*"],
                "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
                "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
            }
        ],
    )
    assert json.loads(document["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "*",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }
    assert stand_in("gcp").invoke("gcp:organizations/getProject:getProject")["number"].startswith("00000000")
    config = stand_in("azure-native").invoke("azure-native:authorization:getClientConfig")
    assert config["subscriptionId"] == "00000000-0000-0000-0000-000000000000"


def test_a_function_that_would_have_to_look_is_refused(stand_in: StandIns) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stand_in("aws").invoke("aws:ec2/getVpc:getVpc", id="vpc-1")
    assert "aws:ec2/getVpc:getVpc asks what exists in a cloud, and a rehearsal has none" in refused.value.details()


# Clusters.

SERVER = {"server": "https://127.0.0.1:16443", "certificate_authority": "-----BEGIN CERTIFICATE-----\n"}


def test_a_cluster_names_the_local_api_server(stand_in: StandIns, clusters: Path) -> None:
    clusters.write_text(json.dumps({"aws": SERVER, "azure": SERVER, "gcp": SERVER}))
    authority = base64.b64encode(SERVER["certificate_authority"].encode()).decode()

    _, eks = stand_in("aws").create(EKS, {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}})
    assert eks["endpoint"] == SERVER["server"]
    assert eks["certificateAuthority"]["data"] == authority

    _, gke = stand_in("gcp").create(GKE, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}}})
    assert gke["endpoint"] == "127.0.0.1:16443"
    assert gke["masterAuth"]["clusterCaCertificate"] == authority
    assert gke["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"] == "127.0.0.1:16443"

    engine = stand_in("azure-native")
    _, aks = engine.create(AKS, {"resourceGroupName": "g"})
    assert aks["privateFQDN"] == aks["fqdn"] == "127.0.0.1:16443"
    answer = engine.invoke(
        "azure-native:containerservice:listManagedClusterUserCredentials", resourceGroupName="g", resourceName="c"
    )
    kubeconfig = json.loads(base64.b64decode(answer["kubeconfigs"][0]["value"]))
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": SERVER["server"],
        "certificate-authority-data": authority,
    }
    assert kubeconfig["users"][0]["user"] == {}


def test_without_a_rehearsed_cluster_the_address_leads_nowhere(
    stand_in: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KOKUNAI_REHEARSAL_CLUSTERS", raising=False)
    _, eks = stand_in("aws").create(EKS, {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}})
    assert eks["endpoint"].startswith("https://")
    assert eks["endpoint"].endswith(".rehearsal.invalid")


def test_a_cluster_whose_api_server_moved_is_updated_in_place(stand_in: StandIns, clusters: Path) -> None:
    clusters.write_text(json.dumps({"aws": SERVER}))
    engine = stand_in("aws")
    given = {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}}
    inputs = engine.checked(EKS, given)
    identity, state = engine.create(EKS, given)
    assert engine.diff(EKS, inputs, inputs, state, identity).changes == provider_pb2.DiffResponse.DIFF_NONE

    clusters.write_text(json.dumps({"aws": {**SERVER, "server": "https://127.0.0.1:26443"}}))
    answer = engine.diff(EKS, inputs, inputs, state, identity)
    assert dict(answer.detailedDiff).keys() == {"endpoint"}
    assert list(answer.replaces) == []
    assert engine.read(EKS, identity, state, inputs) == {**state, "endpoint": "https://127.0.0.1:26443"}


def test_a_broken_file_of_clusters_is_told(stand_in: StandIns, clusters: Path) -> None:
    clusters.write_text("{")
    with pytest.raises(grpc.RpcError) as refused:
        stand_in("gcp").create(GKE, {})
    assert "KOKUNAI_REHEARSAL_CLUSTERS" in refused.value.details()
    assert "does not say where the cluster of gcp is" in refused.value.details()


# The provider.


def test_it_says_the_version_of_its_sdk(stand_in: StandIns) -> None:
    for package in ("aws", "azure-native", "gcp"):
        assert stand_in(package).stub.GetPluginInfo(Empty()).version == version(f"pulumi-{package}")


def test_it_serves_no_real_backend(stand_in: StandIns) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stand_in("aws", environ={"PULUMI_BACKEND_URL": "s3://states"})
    assert "this is the rehearsal's stand-in for aws" in refused.value.details()
    assert "PULUMI_BACKEND_URL is not a file:// URL" in refused.value.details()


def test_it_leaves_when_the_engine_is_done(stand_in: StandIns) -> None:
    engine = stand_in("aws")
    engine.stub.Cancel(Empty())
    assert engine.cancellations == [None]
