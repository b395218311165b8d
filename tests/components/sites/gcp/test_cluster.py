"""The cluster is private, hardened, and kept by nobody's password."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.values import Secret
from tests.components.sites.gcp.declared import NODES, Site, depends, deployed

TOKEN = "gcp:container/cluster:Cluster"
POOL = "gcp:container/nodePool:NodePool"


@pytest.fixture
def cluster(site: Site) -> Mapping[str, Any]:
    return site.one(TOKEN).props


def test_neither_nodes_nor_control_plane_have_a_public_address(site: Site, cluster: Mapping[str, Any]) -> None:
    assert cluster["privateClusterConfig"]["enablePrivateNodes"] is True
    assert cluster["privateClusterConfig"]["enablePrivateEndpoint"] is True
    assert cluster["controlPlaneEndpointsConfig"]["dnsEndpointConfig"] == {"allowExternalTraffic": False}
    for pool in site.of_type(POOL):
        assert pool.props["networkConfig"]["enablePrivateNodes"] is True


def test_only_the_runners_networks_reach_the_control_plane(cluster: Mapping[str, Any]) -> None:
    assert cluster["masterAuthorizedNetworksConfig"] == {
        "cidrBlocks": [{"cidrBlock": "10.8.0.0/20"}],
        "gcpPublicCidrsAccessEnabled": False,
        "privateEndpointEnforcementEnabled": True,
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("datapathProvider", "ADVANCED_DATAPATH"),
        ("deletionProtection", True),
        ("enableL4IlbSubsetting", True),
        ("enableLegacyAbac", False),
        ("enableShieldedNodes", True),
        ("removeDefaultNodePool", True),
        ("anonymousAuthenticationConfig", {"mode": "LIMITED"}),
        ("costManagementConfig", {"enabled": True}),
        ("serviceExternalIpsConfig", {"enabled": False}),
        ("workloadIdentityConfig", {"workloadPool": "example-llm-prod.svc.id.goog"}),
        ("releaseChannel", {"channel": "REGULAR"}),
    ],
)
def test_what_the_cluster_promises(cluster: Mapping[str, Any], key: str, value: Any) -> None:
    assert cluster[key] == value


def test_every_node_even_of_the_pool_that_is_removed_has_our_account_and_our_key(
    site: Site, cluster: Mapping[str, Any]
) -> None:
    configs = [cluster["nodeConfig"], *(pool.props["nodeConfig"] for pool in site.of_type(POOL))]
    assert len(configs) == 4
    for config in configs:
        assert config["serviceAccount"] == NODES
        assert config["bootDiskKmsKey"] == "gcp-disks-key-id"
        assert config["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableIntegrityMonitoring": True}
        assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}


def test_the_first_pools_settings_do_not_show_up_as_a_change_later(site: Site) -> None:
    assert list(site.one(TOKEN).options.ignoreChanges) == ["nodeConfig"]


def test_nodes_write_logs_and_pull_our_images_and_nothing_else(site: Site) -> None:
    of_nodes = f"serviceAccount:{NODES}"
    grants = {
        (resource.type, resource.props["role"])
        for resource in site.resources
        if resource.props.get("member") == of_nodes
    }
    assert grants == {
        ("gcp:projects/iAMMember:IAMMember", "roles/container.defaultNodeServiceAccount"),
        ("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "roles/artifactregistry.reader"),
    }


def test_maintenance_is_at_the_weekend_night_in_japan_and_long_enough(cluster: Mapping[str, Any]) -> None:
    window = cluster["maintenancePolicy"]["recurringWindow"]
    start, end = (datetime.fromisoformat(window[key]) for key in ("startTime", "endTime"))
    assert window["recurrence"] == "FREQ=WEEKLY;BYDAY=FR,SA"
    assert start.strftime("%a") == "Fri"
    local = start.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (local.strftime("%a"), local.hour) == ("Sat", 0)
    # Google asks for 48 hours in any 32 days; the poorest 32 days have four weekends.
    assert 4 * 2 * (end - start) >= timedelta(hours=48)


def test_system_nodes_stand_in_every_zone_and_take_any_pod(site: Site, cluster: Mapping[str, Any]) -> None:
    pool = site.one(POOL, "gcp-system").props
    zones = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
    assert pool["nodeLocations"] == cluster["nodeLocations"] == zones
    assert pool["nodeConfig"]["labels"] == {"kokunai.jp/pool": "system"}
    assert "taints" not in pool["nodeConfig"]


def test_the_cluster_comes_after_what_its_nodes_need(site: Site) -> None:
    cluster = site.one(TOKEN)
    needed = [
        *site.of_type("gcp:compute/firewall:Firewall"),
        *site.of_type("gcp:compute/route:Route"),
        *site.of_type("gcp:dns/recordSet:RecordSet"),
        site.one("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp-disks-key-use"),
        site.one("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"),
    ]
    assert not [each.name for each in needed if not depends(cluster, each)]


@pytest.mark.parametrize("endpoint", ["10.72.0.2", "127.0.0.1:6443"])
def test_the_kubeconfig_names_the_private_endpoint_and_holds_no_credential(endpoint: str) -> None:
    sealed = deployed(endpoint=endpoint).one("pulumi:providers:kubernetes").props["kubeconfig"]
    assert isinstance(sealed, Secret)
    config = json.loads(sealed.value)
    assert config["clusters"][0]["cluster"] == {"server": f"https://{endpoint}", "certificate-authority-data": "Q0E="}
    assert config["users"][0]["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert list(config["users"][0]["user"]) == ["exec"]
