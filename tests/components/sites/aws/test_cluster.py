"""The cluster and its machines: private, encrypted, logged; as many GPUs as the services need, where they are sold."""

import json

from components.sites.aws import access
from core.service import Replicas
from core.values import Secret
from tests.components.sites.aws.declared import LONGEST_NAME, Site, deployed, document, made_from, service

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
RESERVED = {"drafting": {"id": "cr-0123456789abcdef0", "zone": "apne1-az4"}}


def test_the_kubernetes_api_is_private_and_everything_about_it_is_logged(site: Site) -> None:
    cluster = site.one("aws:eks/cluster:Cluster").props
    assert cluster["vpcConfig"]["endpointPublicAccess"] is False
    assert cluster["vpcConfig"]["endpointPrivateAccess"] is True
    assert len(cluster["vpcConfig"]["subnetIds"]) == 3
    assert cluster["encryptionConfig"]["resources"] == ["secrets"]
    assert made_from(site.one("aws:eks/cluster:Cluster"), "encryptionConfig") == {"aws-key-secrets"}
    assert set(cluster["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}


def test_the_log_group_is_there_before_the_cluster_writes_to_it(site: Site) -> None:
    group = site.one("aws:cloudwatch/logGroup:LogGroup", "aws-cluster-logs")
    cluster = site.one("aws:eks/cluster:Cluster")
    assert group.props["name"] == f"/aws/eks/{cluster.props['name']}/cluster"
    assert made_from(group, "kmsKeyId") == {"aws-key-logs"}
    assert group.urn in cluster.options.dependencies
    permitted = document(site.one("aws:kms/key:Key", "aws-key-logs"))[-1]["Condition"]["ArnLike"]
    (patterns,) = permitted.values()
    prefix = "arn:aws:logs:ap-northeast-1:111122223333:log-group:"
    for each in site.of_type("aws:cloudwatch/logGroup:LogGroup"):
        assert any((prefix + each.props["name"]).startswith(pattern.removesuffix("*")) for pattern in patterns)


def test_addons_are_all_ours_and_pinned_where_a_version_is_given() -> None:
    site = deployed(addon_versions={"coredns": "v1.12.4-eksbuild.1"})
    assert site.one("aws:eks/cluster:Cluster").props["bootstrapSelfManagedAddons"] is False
    versions = {each.props["addonName"]: each.props.get("addonVersion") for each in site.of_type("aws:eks/addon:Addon")}
    assert set(versions) >= {
        "vpc-cni",
        "kube-proxy",
        "coredns",
        "eks-pod-identity-agent",
        "aws-mountpoint-s3-csi-driver",
        "metrics-server",
    }
    assert versions["coredns"] == "v1.12.4-eksbuild.1"
    assert {version for name, version in versions.items() if name != "coredns"} == {None}


def test_network_policies_are_enforced(site: Site) -> None:
    cni = site.one("aws:eks/addon:Addon", "aws-addon-vpc-cni").props
    assert json.loads(cni["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert [each["serviceAccount"] for each in cni["podIdentityAssociations"]] == ["aws-node"]


def test_weights_can_be_mounted_on_tainted_machines(site: Site) -> None:
    driver = site.one("aws:eks/addon:Addon", "aws-addon-aws-mountpoint-s3-csi-driver").props
    assert json.loads(driver["configurationValues"])["node"]["tolerateAllTaints"] is True


def test_nodes_wait_for_what_they_join_with(site: Site) -> None:
    needed = {
        each.urn
        for each in site.resources
        if each.type == "aws:ec2/vpcEndpoint:VpcEndpoint"
        or each.name in ("aws-addon-vpc-cni", "aws-addon-kube-proxy", "aws-addon-eks-pod-identity-agent")
        or each.name.startswith("aws-nodes-Amazon")
    }
    assert len(needed) == 8 + 3 + 2
    for group in site.of_type(NODE_GROUP):
        assert needed <= set(group.options.dependencies), group.name


def test_every_machine_has_an_encrypted_disk_and_a_guarded_metadata_service(site: Site) -> None:
    for template in site.of_type(TEMPLATE):
        metadata = template.props["metadataOptions"]
        assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)
        (disk,) = template.props["blockDeviceMappings"]
        assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeType"]) == ("true", "gp3")
        assert made_from(template, "blockDeviceMappings") == {"aws-key-disks"}
        assert "keyName" not in template.props


def test_a_gpu_pool_is_the_fitted_machine_in_the_zones_where_it_is_sold(site: Site) -> None:
    pool = site.one(NODE_GROUP, "aws-gpu-drafting").props
    assert pool["instanceTypes"] == ["g6e.24xlarge"]
    assert pool["amiType"] == "AL2023_x86_64_NVIDIA"
    assert sorted(pool["subnetIds"]) == ["aws-nodes-apne1-az1-id", "aws-nodes-apne1-az4-id"]
    assert pool["scalingConfig"] == {"minSize": 1, "desiredSize": 1, "maxSize": 1}


def test_pods_select_and_tolerate_exactly_what_is_on_their_pool(site: Site) -> None:
    for name in ("drafting", LONGEST_NAME):
        pool = site.one(NODE_GROUP, f"aws-gpu-{name}").props
        placement = site.foundation.placements[name]
        assert placement.node_selector == pool["labels"]
        assert pool["labels"]["kokunai.jp/service"] == name
        assert pool["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
        assert list(placement.tolerations) == [
            {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}
        ]


def test_the_pool_holds_all_replicas() -> None:
    # A machine of four GPUs holds one replica of four.
    site = deployed(service(replicas=Replicas(min=1, max=3)))
    assert site.one(NODE_GROUP, "aws-gpu-drafting").props["scalingConfig"]["desiredSize"] == 3


def test_a_cold_standby_costs_no_machine_until_it_is_woken() -> None:
    site = deployed(service(standby="cold"))
    pool = site.one(NODE_GROUP, "aws-gpu-drafting")
    assert pool.props["scalingConfig"] == {"minSize": 0, "desiredSize": 0, "maxSize": 1}
    assert list(pool.options.ignoreChanges) == ["scalingConfig.desiredSize"]


def test_a_reservation_is_used_in_its_own_zone() -> None:
    site = deployed(service(), capacity_reservations=RESERVED)
    target = site.one(TEMPLATE, "aws-gpu-drafting").props["capacityReservationSpecification"]
    assert target == {"capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}}
    assert site.one(NODE_GROUP, "aws-gpu-drafting").props["subnetIds"] == ["aws-nodes-apne1-az4-id"]


def test_the_system_pool_stands_in_every_zone(site: Site) -> None:
    pool = site.one(NODE_GROUP, "aws-system").props
    assert len(pool["subnetIds"]) == 3
    assert pool["labels"] == {"kokunai.jp/pool": "system"}
    assert "taints" not in pool


def test_the_weights_volume_is_read_with_the_pod_s_own_identity(site: Site) -> None:
    sources = {name: source.spec["csi"] for name, source in site.foundation.weights.items()}
    for csi in sources.values():
        assert csi["driver"] == "s3.csi.aws.com"
        assert csi["volumeAttributes"]["bucketName"] == site.one("aws:s3/bucket:Bucket").props["bucket"]
        assert csi["volumeAttributes"]["authenticationSource"] == "pod"
    # Kubernetes mounts only one of two volumes that share a handle.
    assert len({csi["volumeHandle"] for csi in sources.values()}) == len(sources)


def test_the_kubeconfig_holds_no_credential_and_is_secret(site: Site) -> None:
    provider = site.one("pulumi:providers:kubernetes")
    sent = provider.props["kubeconfig"]
    assert isinstance(sent, Secret)
    kubeconfig = json.loads(sent.value)
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": "Q0E=",
    }
    (user,) = kubeconfig["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["args"] == [
        "eks",
        "get-token",
        "--cluster-name",
        "acme-kokunai",
        "--region",
        "ap-northeast-1",
    ]
    association = site.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    assert association.props["policyArn"] == access.ADMINISTRATION
    assert association.urn in provider.options.dependencies
