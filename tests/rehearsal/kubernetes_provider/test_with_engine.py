"""A stack's objects, from nothing to nothing, as a person at the command line meets them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal.cluster import Api, ControlPlane, write_directory
from tests.rehearsal.cluster import running
from tests.rehearsal.cluster.running import until
from tests.rehearsal.rehearsal_engine import Stack

pytestmark = pytest.mark.slow

PROGRAM = """
import json, os
import pulumi
import pulumi_kubernetes as kubernetes

server = json.load(open(os.environ["KOKUNAI_REHEARSAL_CLUSTERS"]))["onprem"]["server"]
kubeconfig = {
    "clusters": [{"name": "c", "cluster": {"server": server}}],
    "users": [{"name": "u", "user": {"exec": {"command": "no-such-plug-in"}}}],
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    "current-context": "x",
}
provider = kubernetes.Provider(
    "cluster", kubeconfig=pulumi.Output.secret(json.dumps(kubeconfig)), enable_config_map_mutable=True
)
own = pulumi.ResourceOptions(provider=provider)
namespace = kubernetes.core.v1.Namespace("serve", metadata={"name": NAMESPACE}, opts=own)
inside = {"namespace": namespace.metadata.name}
for number in range(COUNT):
    kubernetes.core.v1.ConfigMap(f"c{number}", metadata={**inside, "name": f"c{number}"}, data={"a": "1"}, opts=own)
kubernetes.core.v1.Secret(
    "s", metadata={**inside, "name": "s"}, string_data={"key": pulumi.Output.secret("hunter2-hunter2")}, opts=own
)
kubernetes.apps.v1.Deployment(
    "d",
    metadata={**inside, "name": "d"},
    spec={
        "selector": {"matchLabels": {"app": "d"}},
        "template": {
            "metadata": {"labels": {"app": "d"}},
            "spec": {"containers": [{"name": "c", "image": "registry.invalid/c", "env": [
                {"name": "KEY", "value": pulumi.Output.secret("hunter3-hunter3")}]}]},
        },
    },
    opts=own,
)
service = kubernetes.core.v1.Service(
    "v", metadata={**inside, "name": "v"}, spec={"selector": {"app": "d"}, "ports": [{"port": 80}]}, opts=own
)
pulumi.export("address", service.spec.cluster_ip)
"""


def program(namespace: str, count: int) -> str:
    return PROGRAM.replace("NAMESPACE", repr(namespace)).replace("COUNT", str(count))


def state_of(stack: Stack) -> str:
    """The state file and everything else that the backend keeps, as text."""
    directory = Path(stack.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    return "".join(path.read_text(errors="replace") for path in directory.rglob("*") if path.is_file())


def test_a_stack_comes_up_shows_what_was_changed_by_hand_and_goes(
    control_plane: ControlPlane, api: Api, stack_of: Callable[[str], Stack], tmp_path: Path
) -> None:
    write_directory(tmp_path / "clusters.json", [control_plane])
    stack = stack_of(program("by-hand", 2))
    stack.environment["KOKUNAI_REHEARSAL_CLUSTERS"] = str(tmp_path / "clusters.json")

    preview = stack.pulumi("preview")
    assert "+ 8 to create" in preview
    assert 'not validated yet: namespaces "by-hand" not found' in preview
    up = stack.pulumi("up", "--yes")
    assert "+ 8 created" in up
    assert "10.96." in up
    assert "8 unchanged" in stack.pulumi("preview", "--expect-no-changes")
    assert "8 unchanged" in stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert "hunter" not in state_of(stack)
    assert "aHVudGVy" not in state_of(stack), "nor its base64"

    path = "/api/v1/namespaces/by-hand/configmaps/c1"
    api.merge(path, {"data": {"a": "by hand"}}, fieldManager="kubectl-edit")
    drift = stack.pulumi("refresh", "--yes", "--diff")
    assert 'a: "1" => "by hand"' in drift
    assert "~ 1 updated" in drift
    assert 'a: "by hand" => "1"' in stack.pulumi("preview", "--diff", fails=True)
    assert "somebody else owns these fields" in stack.pulumi("up", "--yes", "--skip-preview", fails=True)
    stack.environment["PULUMI_K8S_ENABLE_PATCH_FORCE"] = "true"
    stack.pulumi("up", "--yes")
    assert api.get(path)["data"] == {"a": "1"}

    assert "- 8 deleted" in stack.pulumi("destroy", "--yes", "--skip-preview")
    assert api.find("/api/v1/namespaces/by-hand") is None
    assert stack.processes() == []


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane whose parts the test may kill."""
    found = running.plane(tmp_path / "onprem")
    found.start()
    found.nodes(running.POOLS)
    yield found
    found.stop()


def test_a_dead_cluster_is_told_and_its_objects_stay_in_the_state(
    own_plane: ControlPlane, stack_of: Callable[[str], Stack], tmp_path: Path
) -> None:
    write_directory(tmp_path / "clusters.json", [own_plane])
    stack = stack_of(program("dead", 1))
    stack.environment["KOKUNAI_REHEARSAL_CLUSTERS"] = str(tmp_path / "clusters.json")
    stack.pulumi("up", "--yes", "--skip-preview")
    before = set(stack.resources())

    own_plane.supervisor.stop("kube-apiserver", grace=0)
    for command in ("refresh", "destroy"):
        told = stack.pulumi(command, "--yes", "--skip-preview", fails=True)
        assert "the rehearsed API server does not answer" in told
        assert "kokunai rehearse up" in told
    assert set(stack.resources()) == before

    own_plane.start()
    own_plane.supervisor.stop("etcd", grace=0)
    told = stack.pulumi("refresh", "--yes", "--skip-preview", fails=True)
    assert "its etcd may be down" in told
    assert set(stack.resources()) == before

    own_plane.start()
    write_directory(tmp_path / "clusters.json", [own_plane])
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}


def test_an_engine_killed_in_the_middle_leaves_no_process_and_the_next_run_finishes(
    control_plane: ControlPlane, api: Api, stack_of: Callable[[str], Stack], tmp_path: Path
) -> None:
    write_directory(tmp_path / "clusters.json", [control_plane])
    stack = stack_of(program("killed", 12))
    stack.environment["KOKUNAI_REHEARSAL_CLUSTERS"] = str(tmp_path / "clusters.json")
    path = "/api/v1/namespaces/killed/configmaps"
    with stack.start("up", "--yes", "--skip-preview") as engine:
        until(lambda: any(each["metadata"]["name"].startswith("c") for each in api.get(path)["items"]), 60)
        os.kill(engine.pid, signal.SIGKILL)
        engine.communicate()
    until(lambda: stack.processes() == [])
    stack.pulumi("cancel", "--yes")
    stack.pulumi("up", "--yes", "--skip-preview")
    assert "18 unchanged" in stack.pulumi("preview", "--expect-no-changes")
    names = {each["metadata"]["name"] for each in api.get(path)["items"]}
    assert {f"c{number}" for number in range(12)} <= names
    assert json.loads(stack.pulumi("stack", "export"))["deployment"]["resources"]
    stack.pulumi("destroy", "--yes", "--skip-preview")
