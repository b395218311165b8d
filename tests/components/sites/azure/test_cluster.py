"""The cluster, and the way to it."""

import base64
import json

from components.sites.azure.access import SERVER_APPLICATION, certificate_authority, render
from core.values import Secret
from tests.components.sites.azure.conftest import TENANT, Site


def test_kubeconfig_is_a_secret_that_holds_none(site: Site) -> None:
    given = site.one("pulumi:providers:kubernetes").props["kubeconfig"]
    assert isinstance(given, Secret)
    config = json.loads(given.value)
    assert config["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": "Q0E=",
    }
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "kubelogin"


def test_server_may_have_a_port_or_none() -> None:
    for host in ("kokunai.privatelink.japaneast.azmk8s.io", "127.0.0.1:6443"):
        config = json.loads(render(host, "Q0E=", TENANT))
        assert config["clusters"][0]["cluster"]["server"] == f"https://{host}"
        assert config["current-context"] == config["contexts"][0]["name"]
        arguments = config["users"][0]["user"]["exec"]["args"]
        assert f"--tenant-id={TENANT}" in arguments
        assert f"--server-id={SERVER_APPLICATION}" in arguments


def test_certificate_authority_is_read_from_yaml_and_json() -> None:
    yaml = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: QUJD\n    server: https://a:443\n  name: a\n"
    as_json = json.dumps({"clusters": [{"cluster": {"certificate-authority-data": "QUJD"}, "name": "a"}]})
    for text in (yaml, as_json):
        assert certificate_authority(base64.b64encode(text.encode()).decode()) == "QUJD"


def test_azure_is_asked_only_for_the_certificate_authority_and_only_of_the_cluster(site: Site) -> None:
    assert site.asked == [
        (
            "azure-native:containerservice:listManagedClusterUserCredentials",
            {"resourceGroupName": "azure-group", "resourceName": "azure-cluster"},
        )
    ]


def test_network_is_overlay_with_enforced_policies(site: Site) -> None:
    network = site.one("azure-native:containerservice:ManagedCluster").props["networkProfile"]
    assert {
        key: network[key] for key in ("networkPlugin", "networkPluginMode", "networkDataplane", "networkPolicy")
    } == {
        "networkPlugin": "azure",
        "networkPluginMode": "overlay",
        "networkDataplane": "cilium",
        "networkPolicy": "cilium",
    }


def test_pods_sign_in_by_identity_and_weights_are_mounted_by_driver(site: Site) -> None:
    cluster = site.one("azure-native:containerservice:ManagedCluster").props
    assert cluster["oidcIssuerProfile"] == {"enabled": True}
    assert cluster["securityProfile"]["workloadIdentity"] == {"enabled": True}
    assert cluster["storageProfile"]["blobCSIDriver"] == {"enabled": True}


def test_nodes_boot_from_the_sites_own_registry(site: Site) -> None:
    cluster = site.one("azure-native:containerservice:ManagedCluster")
    boot = cluster.props["bootstrapProfile"]
    assert (boot["artifactSource"], site.names[boot["containerRegistryId"]]) == ("Cache", "azure-registry")
    assert {"azure-registry-cluster-images", "azure-registry-endpoint-names", "azure-cluster-pull"} <= site.needs(
        cluster
    )


def test_cluster_waits_until_it_may_use_what_it_is_given(site: Site) -> None:
    cluster = site.one("azure-native:containerservice:ManagedCluster")
    assert {"azure-cluster-secrets-key", "azure-cluster-secrets-vault", "azure-cluster-network"} <= site.needs(cluster)
    assert cluster.props["apiServerAccessProfile"]["enableVnetIntegration"] is True
    assert cluster.props["apiServerAccessProfile"]["subnetId"].endswith("/subnets/apiserver")


def test_nodes_are_replaced_in_the_night_of_japan(site: Site) -> None:
    windows = site.of_type("azure-native:containerservice:MaintenanceConfiguration")
    assert {each.props["configName"] for each in windows} == {
        "aksManagedAutoUpgradeSchedule",
        "aksManagedNodeOSUpgradeSchedule",
    }
    for each in windows:
        assert each.props["maintenanceWindow"]["utcOffset"] == "+09:00"
        assert each.props["maintenanceWindow"]["schedule"]["weekly"] == {"dayOfWeek": "Sunday", "intervalWeeks": 1}


def test_edge_gets_an_address_inside_only(site: Site) -> None:
    assert site.handed["edge"] == {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
