"""A real control plane as its users meet it."""

from __future__ import annotations

import json
import ssl
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from rehearsal.cluster import Api, ApiError, ControlPlane, NodePool
from rehearsal.cluster.api import Unreachable
from tests.rehearsal.cluster.running import POOLS, TOOLCHAIN, until


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of the test's own. It is not deleted: that takes Kubernetes five seconds, and the cluster goes anyway."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    until(lambda: api.find(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    return name


def pod(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "registry.invalid/c", **spec.pop("container", {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }


def phase(api: Api, namespace: str, name: str) -> str:
    return str(api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")["status"]["phase"])


def test_starting_a_running_cluster_changes_nothing(control_plane: ControlPlane) -> None:
    before = {part: control_plane.supervisor.find(part) for part in control_plane.parts()}
    control_plane.start()
    assert {part: control_plane.supervisor.find(part) for part in control_plane.parts()} == before


def test_a_later_command_finds_the_cluster_by_its_directory(control_plane: ControlPlane) -> None:
    later = ControlPlane(control_plane.site, control_plane.directory, TOOLCHAIN)
    later.attach()
    assert later.address == control_plane.address
    assert all(later.parts().values())
    assert all(later.memory().values())


def test_its_certificate_is_verified_and_nobody_gets_in_without_a_token(control_plane: ControlPlane) -> None:
    with (
        httpx.Client(trust_env=False) as stranger,
        pytest.raises(httpx.ConnectError, match="certificate verify failed"),
    ):
        stranger.get(f"{control_plane.address}/version")
    context = ssl.create_default_context(cadata=control_plane.ca)
    with httpx.Client(trust_env=False, verify=context) as anonymous:
        assert anonymous.get(f"{control_plane.address}/version").status_code == httpx.codes.UNAUTHORIZED


def test_it_listens_on_one_loopback_port_only(control_plane: ControlPlane) -> None:
    listening = set()
    for part in control_plane.parts():
        record = control_plane.supervisor.find(part)
        assert record is not None
        for connection in psutil.Process(record.pid).net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                listening.add((connection.laddr.ip, connection.laddr.port))
    assert listening == {("127.0.0.1", control_plane.port)}


def test_only_its_owner_reaches_its_etcd(control_plane: ControlPlane) -> None:
    assert control_plane.directory.stat().st_mode & 0o777 == 0o700


def test_the_kubeconfig_file_opens_the_cluster(control_plane: ControlPlane) -> None:
    content = json.loads(control_plane.kubeconfig.read_text())
    (cluster,), (user,) = content["clusters"], content["users"]
    assert cluster["cluster"]["server"] == control_plane.address
    assert Path(cluster["cluster"]["certificate-authority"]).read_text() == control_plane.ca
    assert user["user"]["token"] == control_plane.token


def test_the_deployer_may_deploy_and_may_not_become_somebody_else(control_plane: ControlPlane, namespace: str) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "spy"}}
    with closing(control_plane.api("deployer")) as deployer:
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
        deployer.post(f"/api/v1/namespaces/{namespace}/configmaps", config)
        with pytest.raises(ApiError, match="attempting to grant RBAC permissions not currently held"):
            deployer.post(
                "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                {**role, "rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]},
            )


def test_nodes_are_ready_labelled_and_hold_leases(api: Api) -> None:
    node = api.get("/api/v1/nodes/gpu-0")
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "ap-northeast-1a"
    # Without a lease that somebody renews, the node is given up as lost after a while, and its pods with it.
    until(lambda: api.find("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/gpu-0"))


def test_the_machines_follow_the_declaration(control_plane: ControlPlane, api: Api) -> None:
    extra = NodePool("extra", 2, "small", "r", "z", cpu=1, memory_gib=1)

    def names() -> dict[str, str]:
        return {node["metadata"]["name"]: node["metadata"]["uid"] for node in api.get("/api/v1/nodes")["items"]}

    before = names()
    control_plane.nodes([*POOLS, extra])
    assert names().keys() - before.keys() == {"extra-0", "extra-1"}
    control_plane.nodes([*POOLS, NodePool("extra", 1, "large", "r", "z", cpu=2, memory_gib=1)])
    assert names().keys() - before.keys() == {"extra-0"}
    assert api.get("/api/v1/nodes/extra-0")["status"]["capacity"]["cpu"] == "2"
    control_plane.nodes(POOLS)
    assert names() == before


def test_a_pod_gets_its_gpus_where_they_are_and_waits_where_they_are_not(api: Api, namespace: str) -> None:
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    for name, gpus in (("fits", "8"), ("never", "16")):
        container = {"resources": {"limits": {"nvidia.com/gpu": gpus}}}
        api.post(f"/api/v1/namespaces/{namespace}/pods", pod(name, container=container, tolerations=tolerations))
    until(lambda: phase(api, namespace, "fits") == "Running")
    assert api.get(f"/api/v1/namespaces/{namespace}/pods/fits")["spec"]["nodeName"] == "gpu-0"
    assert phase(api, namespace, "never") == "Pending"
    api.delete(f"/api/v1/namespaces/{namespace}/pods/fits")


def test_pods_get_a_service_account_as_in_production(api: Api, namespace: str) -> None:
    api.post(f"/api/v1/namespaces/{namespace}/pods", pod("p"))
    made = api.get(f"/api/v1/namespaces/{namespace}/pods/p")
    assert made["spec"]["serviceAccountName"] == "default"
    assert any("projected" in volume for volume in made["spec"]["volumes"])
    until(lambda: api.find(f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"))
    with pytest.raises(ApiError, match='serviceaccount "nobody" not found'):
        api.post(f"/api/v1/namespaces/{namespace}/pods", pod("q", serviceAccountName="nobody"))


def test_pod_security_and_quotas_judge(api: Api, namespace: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}})
    with pytest.raises(ApiError, match='violates PodSecurity "restricted:latest"'):
        api.post(f"/api/v1/namespaces/{namespace}/pods", pod("p"))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
    api.post(f"/api/v1/namespaces/{namespace}/resourcequotas", {**quota, "spec": {"hard": {"count/secrets": "0"}}})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "s"}}

    def refused() -> bool:
        # Admission learns of a quota a moment after it was made.
        try:
            api.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
        except ApiError as error:
            return "exceeded quota: q" in error.what
        return False

    until(refused)


def test_a_job_completes(api: Api, namespace: str) -> None:
    template = {"spec": {**pod("")["spec"], "restartPolicy": "Never"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
    api.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", job)
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/j"
    until(lambda: api.get(path).get("status", {}).get("succeeded") == 1)


def test_claims_are_served_and_volumes_go_with_them(api: Api, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    api.post(claims, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d"}, "spec": spec})
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]
    api.post(f"/api/v1/namespaces/{namespace}/pods", pod("p", volumes=volumes))
    until(lambda: phase(api, namespace, "p") == "Running")
    name = api.get(f"{claims}/d")["spec"]["volumeName"]
    volume = api.get(f"/api/v1/persistentvolumes/{name}")
    assert volume["spec"]["csi"]["driver"] == "ebs.csi.aws.com"
    assert volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == [
        "ap-northeast-1c"
    ]
    api.delete(f"/api/v1/namespaces/{namespace}/pods/p")
    api.delete(f"{claims}/d")
    until(lambda: api.find(f"/api/v1/persistentvolumes/{name}") is None)


def test_a_claim_bound_to_a_declared_volume_lets_its_pod_run(api: Api, namespace: str) -> None:
    spec = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    reference = {"namespace": namespace, "name": "weights"}
    api.post(
        "/api/v1/persistentvolumes",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"weights-{namespace}"},
            "spec": {
                **spec,
                "capacity": {"storage": "1Ti"},
                "claimRef": reference,
                "persistentVolumeReclaimPolicy": "Retain",
                "csi": {"driver": "s3.csi.aws.com", "volumeHandle": "weights"},
            },
        },
    )
    resources = {"requests": {"storage": "1Ti"}}
    body = {**spec, "volumeName": f"weights-{namespace}", "resources": resources}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"}, "spec": body}
    api.post(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim)
    volumes = [{"name": "w", "persistentVolumeClaim": {"claimName": "weights", "readOnly": True}}]
    api.post(f"/api/v1/namespaces/{namespace}/pods", pod("p", volumes=volumes))
    until(lambda: phase(api, namespace, "p") == "Running")


def test_a_load_balancer_gets_an_address(api: Api, namespace: str) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 443}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "edge"}, "spec": spec}
    api.post(f"/api/v1/namespaces/{namespace}/services", service)
    path = f"/api/v1/namespaces/{namespace}/services/edge"
    until(lambda: api.get(path)["status"]["loadBalancer"].get("ingress"))


def test_a_client_says_what_does_not_answer_and_what_to_do(control_plane: ControlPlane) -> None:
    with (
        closing(Api("https://127.0.0.1:1", certificate_authority=control_plane.ca, token="none")) as nobody,
        pytest.raises(
            Unreachable, match=r"127\.0\.0\.1:1: the rehearsed API server does not answer.*\n.*rehearse status"
        ),
    ):
        nobody.get("/version")
