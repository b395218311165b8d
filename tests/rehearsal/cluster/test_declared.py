"""What is declared of a cluster, without one running: machines, volumes, addresses, command lines, credentials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentFault
from rehearsal.cluster import ControlPlane, NodePool, StorageClass, Taint, write_directory
from rehearsal.cluster.cloud import DOCUMENTATION, PROVISIONER, address_for, is_to_go, volume_for
from rehearsal.cluster.credentials import ClusterCredentials
from rehearsal.cluster.nodes import DECLARED, nodes
from rehearsal.cluster.parts import PARTS, command_lines
from rehearsal.cluster.storage import storage_class
from rehearsal.toolchain import Toolchain

POOL = NodePool(
    name="gpu",
    count=2,
    machine="p5.48xlarge",
    region="ap-northeast-1",
    zone="ap-northeast-1a",
    cpu=192,
    memory_gib=2048,
    gpus=8,
    labels={"kokunai.jp/pool": "gpu"},
    taints=(Taint("nvidia.com/gpu", "present"),),
)


def test_a_pool_becomes_nodes_that_pods_of_the_real_site_would_find() -> None:
    found = nodes([POOL])
    assert list(found) == ["gpu-0", "gpu-1"]
    node = found["gpu-1"]
    assert (
        node["metadata"]["labels"].items()
        >= {
            "kubernetes.io/hostname": "gpu-1",
            "node.kubernetes.io/instance-type": "p5.48xlarge",
            "topology.kubernetes.io/region": "ap-northeast-1",
            "topology.kubernetes.io/zone": "ap-northeast-1a",
            "kokunai.jp/pool": "gpu",
        }.items()
    )
    assert node["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    for side in ("capacity", "allocatable"):
        assert node["status"][side].items() >= {"nvidia.com/gpu": "8", "cpu": "192", "memory": "2048Gi"}.items()


def test_a_pool_without_gpus_offers_none() -> None:
    pool = NodePool("system", 1, "m7i.large", "r", "z", cpu=2, memory_gib=8)
    assert "nvidia.com/gpu" not in nodes([pool])["system-0"]["status"]["capacity"]


def test_a_changed_machine_is_seen_and_an_equal_one_is_not() -> None:
    def digest(pool: NodePool) -> str:
        return str(nodes([pool])["gpu-0"]["metadata"]["annotations"][DECLARED])

    other = NodePool(**{**POOL.__dict__, "gpus": 4})
    assert digest(POOL) == digest(NodePool(**POOL.__dict__)) != digest(other)


def test_a_storage_class_is_written_as_its_site_has_it() -> None:
    found = storage_class(StorageClass("default", "disk.csi.azure.com", default=True))
    assert found["provisioner"] == "disk.csi.azure.com"
    assert found["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert found["volumeBindingMode"] == "WaitForFirstConsumer"


STORAGE = {"metadata": {"name": "gp3"}, "reclaimPolicy": "Delete", "mountOptions": ["noatime"]}
NODE = {"metadata": {"labels": {"topology.kubernetes.io/zone": "ap-northeast-1c"}}}


def claim(**changes: Any) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "gp3"}
    metadata = {"namespace": "n", "name": "data", "uid": "u-1", "annotations": {PROVISIONER: "ebs.csi.aws.com"}}
    return {
        "metadata": {**metadata, **changes.pop("metadata", {})},
        "spec": {**spec, **changes},
    }


def test_a_claim_handed_to_a_provisioner_gets_a_volume_in_the_zone_of_its_node() -> None:
    volume = volume_for(claim(), STORAGE, NODE)
    assert volume is not None
    spec = volume["spec"]
    assert volume["metadata"]["name"] == "pvc-u-1"
    assert spec["csi"] == {"driver": "ebs.csi.aws.com", "volumeHandle": "rehearsal-u-1"}
    assert spec["claimRef"]["uid"] == "u-1"
    assert spec["capacity"] == {"storage": "5Gi"}
    assert spec["mountOptions"] == ["noatime"]
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["ap-northeast-1c"]


@pytest.mark.parametrize(
    ("given", "storage"),
    [
        (claim(metadata={"annotations": {}}), STORAGE),
        (claim(volumeName="static"), STORAGE),
        (claim(metadata={"deletionTimestamp": "now"}), STORAGE),
        (claim(metadata={"annotations": {PROVISIONER: "kubernetes.io/no-provisioner"}}), STORAGE),
        (claim(), None),
    ],
    ids=["not handed over", "bound by hand", "being deleted", "no provisioner", "no such class"],
)
def test_no_other_claim_gets_a_volume(given: dict[str, Any], storage: dict[str, Any] | None) -> None:
    assert volume_for(given, storage, NODE) is None


@pytest.mark.parametrize(
    ("handle", "policy", "phase", "gone"),
    [
        ("rehearsal-u-1", "Delete", "Released", True),
        ("rehearsal-u-1", "Retain", "Released", False),
        ("rehearsal-u-1", "Delete", "Bound", False),
        ("bucket", "Delete", "Released", False),
    ],
)
def test_only_our_own_released_volumes_go(handle: str, policy: str, phase: str, gone: bool) -> None:
    spec = {"csi": {"volumeHandle": handle}, "persistentVolumeReclaimPolicy": policy}
    assert is_to_go({"metadata": {}, "spec": spec, "status": {"phase": phase}}) is gone


def target(kind: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": "n", "name": "x"}, "spec": spec, "status": {"loadBalancer": {}}}


def test_a_load_balancer_gets_an_address_that_nobody_has_and_always_the_same() -> None:
    from ipaddress import ip_address

    service = target("Service", type="LoadBalancer")
    address = address_for(service)
    assert address is not None
    assert address == address_for(service)
    assert any(ip_address(address) in network for network in DOCUMENTATION)
    assert address_for(target("Ingress")) is not None


def test_other_services_and_served_ones_get_no_address() -> None:
    assert address_for(target("Service", type="ClusterIP")) is None
    served = target("Service", type="LoadBalancer")
    served["status"]["loadBalancer"] = {"ingress": [{"ip": "192.0.2.9"}]}
    assert address_for(served) is None


def test_credentials_are_the_owners_alone_and_stay_the_same(tmp_path: Path) -> None:
    credentials = ClusterCredentials(tmp_path / "credentials")
    credentials.prepare()
    before = {path.name: path.read_bytes() for path in credentials.directory.iterdir()}
    credentials.prepare()
    assert {path.name: path.read_bytes() for path in credentials.directory.iterdir()} == before
    assert credentials.directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in credentials.directory.iterdir()} == {0o600}
    assert credentials.token("administrator") != credentials.token("deployer")


def test_no_command_line_holds_a_secret_or_a_port_but_one(tmp_path: Path) -> None:
    credentials = ClusterCredentials(tmp_path)
    credentials.prepare()
    binaries = tmp_path / ".toolchain" / "bin"
    binaries.mkdir(parents=True)
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"):
        (binaries / name).touch()
    lines = command_lines(23456, Toolchain(tmp_path), credentials)
    assert tuple(lines) == PARTS
    everything = " ".join(word for line in lines.values() for word in line)
    assert "23456" in everything
    assert not any(path.read_text().strip() in everything for path in tmp_path.glob("*.token"))
    assert {word for line in lines.values() for word in line if "port=" in word} == {
        "--secure-port=23456",
        "--secure-port=0",
    }


def test_a_cluster_that_never_ran_says_so(tmp_path: Path) -> None:
    plane = ControlPlane("aws", tmp_path, Toolchain(tmp_path))
    with pytest.raises(EnvironmentFault, match="no control plane was ever started here"):
        _ = plane.address
    with pytest.raises(EnvironmentFault, match="control plane of aws: not running: etcd, kube-apiserver"):
        plane.attach()
    with pytest.raises(EnvironmentFault):
        write_directory(tmp_path / "clusters.json", [plane])


def test_the_directory_of_clusters_names_the_deployers_token_not_the_administrators(tmp_path: Path) -> None:
    plane = ControlPlane("aws", tmp_path / "aws", Toolchain(tmp_path))
    plane.credentials.prepare()
    (tmp_path / "aws" / "port.json").write_text('{"apiserver": 23456}')
    write_directory(tmp_path / "clusters.json", [plane])
    entry = json.loads((tmp_path / "clusters.json").read_text())["aws"]
    assert entry["server"] == "https://127.0.0.1:23456"
    assert entry["certificate_authority"] == plane.ca
    assert Path(entry["token_file"]).name == "deployer.token"
