"""The edge: the only door of a site, and what stands in front of and behind it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.foundation import EdgeExposure
from components.platform.secrets import keys_map, rates_map
from core import haproxy, naming
from core.values import Secret
from tests.components.building import EDGE_IMAGE, REGISTRY, declare, service, site_plan
from tests.components.recording import Deployment, plain, run

Deploy = Callable[..., Deployment]
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


@pytest.fixture(scope="module")
def made() -> Deployment:
    found = run(lambda: declare(site_plan(service(), service(name="other"))), preview=False)
    if found.error:
        raise found.error
    return found


def pod(made: Deployment) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = made.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]["template"]["spec"]
    return spec


def container(made: Deployment) -> Mapping[str, Any]:
    (only,) = pod(made)["containers"]
    found: Mapping[str, Any] = only
    return found


def test_the_configuration_is_the_one_that_all_edges_share(made: Deployment) -> None:
    config = made.one("kubernetes:core/v1:ConfigMap").props
    assert config["metadata"]["name"] == naming.EDGE_CONFIG
    assert config["data"] == {"haproxy.cfg": haproxy.edge([service(), service(name="other")])}


def test_haproxy_finds_every_file_that_its_configuration_names(made: Deployment) -> None:
    (source,) = [each["projected"]["sources"] for each in pod(made)["volumes"] if "projected" in each]
    objects = {
        each.props["metadata"]["name"]: set(plain(each.props["data"]))
        for kind in ("ConfigMap", "Secret")
        for each in made.of_type(f"kubernetes:core/v1:{kind}")
    }
    paths = set()
    for each in source:
        ((_, projection),) = each.items()
        for item in projection["items"]:
            assert item["key"] in objects[projection["name"]]
            paths.add(item["path"])
    assert paths == {"haproxy.cfg", "tls/tls.crt", "tls/tls.key", "keys/keys.map", "keys/rates.map"}
    (mount,) = [each for each in container(made)["volumeMounts"] if each["name"] == "files"]
    assert mount["readOnly"] is True
    assert container(made)["command"][-2:] == ["-f", f"{mount['mountPath']}/haproxy.cfg"]
    assert "default-path config" in haproxy.edge([service()])


def test_secrets_are_secret_all_the_way(made: Deployment) -> None:
    for each, text in made.walk():
        if each.type != "kubernetes:core/v1:Secret":
            for secret in ("PRIVATE", "HASH app\n"):
                assert secret not in text, each.name
                assert base64.b64encode(secret.encode()).decode() not in text, each.name
    for each in made.of_type("kubernetes:core/v1:Secret"):
        values = each.props["data"]
        assert isinstance(values, Secret) or all(isinstance(value, Secret) for value in values.values()), each.name
    tls = made.one("kubernetes:core/v1:Secret", "platform-edge-tls").props
    assert tls["type"] == "kubernetes.io/tls"
    key = plain(plain(tls["data"])["tls.key"])
    assert base64.b64decode(key) == b"PRIVATE"


def rolled_by(deploy: Deploy, **changes: str) -> set[str]:
    """The checksums of the pod template that differ when a secret differs."""

    def annotations(**secrets: str) -> Mapping[str, str]:
        found = deploy(lambda: declare(site_plan(service()), secrets=secrets))
        template = found.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]["template"]["metadata"]
        result: Mapping[str, str] = template["annotations"]
        return result

    before, after = annotations(), annotations(**changes)
    assert all(isinstance(value, str) for value in before.values()), "a difference must be visible in a preview"
    return {key for key in before if before[key] != after[key]}


def test_a_new_certificate_or_key_rolls_the_edge(deploy: Deploy) -> None:
    assert rolled_by(deploy) == set()
    assert rolled_by(deploy, certificate="NEW") == {"kokunai.jp/tls-sha256"}
    assert rolled_by(deploy, keys="OTHER app\n") == {"kokunai.jp/keys-sha256"}


def test_a_new_service_rolls_the_edge(deploy: Deploy) -> None:
    def checksum(*names: str) -> str:
        found = deploy(lambda: declare(site_plan(*(service(name=name) for name in names))))
        template = found.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]["template"]["metadata"]
        return str(template["annotations"]["kokunai.jp/config-sha256"])

    assert checksum("small") != checksum("small", "other")
    assert checksum("small", "other") == checksum("other", "small")


def test_the_image_is_named_by_digest_in_the_sites_registry(made: Deployment) -> None:
    assert container(made)["image"] == f"{REGISTRY}/haproxy@{EDGE_IMAGE}"


def test_the_edge_writes_nowhere_but_its_socket(made: Deployment) -> None:
    assert container(made)["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [each["mountPath"] for each in container(made)["volumeMounts"] if not each.get("readOnly")]
    assert writable == ["/tmp"]
    assert "unix@/tmp/" in haproxy.edge([service()])


def test_an_edge_without_a_ready_model_still_tells_its_clients_so(made: Deployment) -> None:
    for probe in ("readinessProbe", "livenessProbe"):
        assert container(made)[probe]["tcpSocket"] == {"port": haproxy.PORT}, (
            "a probe of /healthz would take the edge away as soon as no model is ready"
        )


def test_one_edge_is_always_there(made: Deployment) -> None:
    spec = made.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    budget = made.one("kubernetes:policy/v1:PodDisruptionBudget", "platform-edge-disruption-budget").props["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == spec["selector"]


def test_a_change_of_configuration_cuts_no_stream(made: Deployment) -> None:
    drain = container(made)["lifecycle"]["preStop"]["sleep"]["seconds"]
    silent = next(line for line in haproxy.edge([service()]).splitlines() if "timeout server" in line)
    seconds = int(silent.split()[-1].removesuffix("s"))
    assert pod(made)["terminationGracePeriodSeconds"] >= drain + seconds


def test_the_door_is_for_the_clients_networks_only(deploy: Deploy) -> None:
    clients = [{"clients": ["10.1.0.0/16", "10.2.0.0/16"]}, {"clients": ["10.1.2.0/24", "172.16.0.0/12"]}]
    services = [service(exposure=clients[0]), service(name="other", exposure=clients[1])]
    exposure = EdgeExposure({"scheme": "internal"}, "llm.example.co.jp", "example.com/private", ["10.9.0.0/24"])
    found = deploy(lambda: declare(site_plan(*services), edge=exposure))
    door = found.one("kubernetes:core/v1:Service", "platform-edge-service").props
    networks = ["10.1.0.0/16", "10.2.0.0/16", "172.16.0.0/12"]
    assert door["spec"]["loadBalancerSourceRanges"] == networks
    assert door["spec"]["externalTrafficPolicy"] == "Local", "else the network policy sees the node's address"
    assert door["spec"]["loadBalancerClass"] == "example.com/private"
    assert door["metadata"]["annotations"] == {"scheme": "internal"}
    assert door["spec"]["ports"] == [{"name": "https", "port": 443, "targetPort": haproxy.PORT}]
    (rule,) = found.one(POLICY, "platform-edge-from-clients").props["spec"]["ingress"]
    assert [peer["ipBlock"]["cidr"] for peer in rule["from"]] == [*networks, "10.9.0.0/24"]
    assert rule["ports"] == [{"port": haproxy.PORT, "protocol": "TCP"}]


def test_no_other_service_has_a_door(made: Deployment) -> None:
    kinds = {each.name: each.props["spec"]["type"] for each in made.of_type("kubernetes:core/v1:Service")}
    assert [name for name, kind in kinds.items() if kind != "ClusterIP"] == ["platform-edge-service"]


def test_the_edge_reaches_the_models_and_the_name_server_and_nothing_else(made: Deployment) -> None:
    own = [each for each in made.of_type(POLICY) if each.props["metadata"]["namespace"] == naming.EDGE_NAMESPACE]
    ways = [rule for each in own for rule in each.props["spec"].get("egress", [])]
    targets = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for w in ways for peer in w["to"]
    ]
    assert sorted(targets) == ["kube-system", "llm-other", "llm-small"]
    assert all("podSelector" in peer for way in ways for peer in way["to"])
    ports = {(port["port"], port["protocol"]) for way in ways for port in way["ports"]}
    assert ports == {(8000, "TCP"), (53, "UDP"), (53, "TCP")}
    closed = [each.props["spec"] for each in own if each.props["spec"]["podSelector"] == {}]
    assert [set(each["policyTypes"]) for each in closed] == [{"Ingress", "Egress"}]


def test_what_serves_goes_before_batch_work(made: Deployment) -> None:
    priority = made.one("kubernetes:scheduling.k8s.io/v1:PriorityClass").props
    assert 0 < priority["value"] < 1_000_000_000
    assert not priority.get("globalDefault")
    for each in made.of_type(DEPLOYMENT):
        name = each.props["spec"]["template"]["spec"]["priorityClassName"]
        assert name == priority["metadata"]["name"]


def test_maps_are_written_as_haproxy_reads_them() -> None:
    assert keys_map({"b": ["2" * 64], "a": ["1" * 64, "0" * 64]}) == (f"{'0' * 64} a\n{'1' * 64} a\n{'2' * 64} b\n")
    assert rates_map({"b": 2, "a": 1}) == "a 1\nb 2\n"
    assert keys_map({}) == ""
