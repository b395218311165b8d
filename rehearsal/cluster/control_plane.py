"""One site's Kubernetes control plane: brought up, found again, taken down, all of it inside one directory.

`start` may be called on a running one, on one half of which was killed, or on what a crash left; afterwards all of it runs.
What runs is told by `parts`, what lies in it by `nodes` and `storage`; programs of the stacks go through
`rehearsal.kubernetes_provider`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from core.errors import EnvironmentFault
from core.files import write_whole
from rehearsal.cluster.api import Api, ApiError, Object, Unreachable
from rehearsal.cluster.credentials import DEPLOYERS, ClusterCredentials
from rehearsal.cluster.nodes import DECLARED, POOL_LABEL, NodePool, nodes
from rehearsal.cluster.parts import APISERVER, ETCD, FOLLOWERS, PARTS, USERS, command_lines
from rehearsal.cluster.storage import StorageClass, storage_class
from rehearsal.processes import LOOPBACK, Ports, Supervisor
from rehearsal.toolchain import Toolchain

MANAGER: Final = "kokunai-rehearsal"
LOG_TAIL: Final = 8
PAUSE: Final = 0.15
"""Seconds between two looks at a cluster that is starting; four of them look side by side, on few cores."""
ROOT: Final = Path(__file__).parents[2]
DEPLOYER_RULES: Final = (
    {
        "apiGroups": ["*"],
        "resources": ["*"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
    },
)
"""Everything that a stack needs, and not what would let it be somebody else: no impersonate, bind or escalate."""


class ControlPlane:
    """The control plane of `site` in `directory`. Another process may make its own object for the same directory.

    Not for two processes at once: hold `rehearsal.processes.exclusive`.
    """

    def __init__(self, site: str, directory: Path, toolchain: Toolchain) -> None:
        self.site = site
        self.directory = directory
        self.toolchain = toolchain
        self.credentials = ClusterCredentials(directory / "credentials")
        self.supervisor = Supervisor(directory / "processes")

    @property
    def port(self) -> int:
        """
        Raises:
            EnvironmentFault: it has never been started.
        """
        try:
            return int(json.loads((self.directory / "port.json").read_text("utf-8"))["apiserver"])
        except FileNotFoundError:
            raise EnvironmentFault(
                "no control plane was ever started here", where=str(self.directory), fix="run `kokunai rehearse up`"
            ) from None

    @property
    def address(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def ca(self) -> str:
        """The certificate authority's certificate, PEM text."""
        return self.credentials.ca.read_text("utf-8")

    @property
    def token(self) -> str:
        """The administrator's bearer token. Programs of the stack use `deployer_token_file`."""
        return self.credentials.token("administrator")

    @property
    def deployer_token_file(self) -> Path:
        return self.credentials.token_file("deployer")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file, for kubectl and for tests."""
        return self.credentials.kubeconfig_file("administrator")

    def api(self, user: str = "administrator") -> Api:
        """A client with that user's token; close it."""
        return Api(self.address, certificate_authority=self.ca, token=self.credentials.token(user))

    def start(self, *, timeout: float = 180.0) -> None:
        """See that every part runs and answers. Quick where they do already.

        Raises:
            EnvironmentFault: a part died or did not become ready in `timeout` seconds; the end of its log is told.
        """
        end = time.monotonic() + timeout
        self.directory.mkdir(parents=True, exist_ok=True)
        # etcd's sockets lie here and ask nobody who he is.
        self.directory.chmod(0o700)
        if not self.supervisor.is_alive(APISERVER):
            # What is left of a cluster whose API server died knows an old port or old tokens.
            for part in FOLLOWERS:
                self.supervisor.stop(part, grace=1)
            self.credentials.prepare()
            port = Ports(self.directory / "port.json").take("apiserver")
            for user in ("administrator", "deployer", *USERS.values()):
                text = self.credentials.kubeconfig(user, f"https://{LOOPBACK}:{port}", self.site)
                write_whole(self.credentials.kubeconfig_file(user), text)
        self._run((ETCD, APISERVER))
        # The controller manager gives up when the API server answers and is not healthy for ten seconds.
        self._wait(_is_ready, end, "become ready")
        self._run(FOLLOWERS)
        self.ready(timeout=max(1.0, end - time.monotonic()))
        with closing(self.api()) as api:
            for path, body in _deployer_objects():
                api.apply(path, body, manager=MANAGER, force="true")

    def ready(self, *, timeout: float = 180.0) -> None:
        """Wait until the API server says so and the controllers have begun their work.

        Raises:
            EnvironmentFault: as `start`.
        """
        end = time.monotonic() + timeout
        self._wait(_is_ready, end, "become ready")
        # Pods cannot be created before it exists; the controller manager makes it.
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait(lambda api: api.find(account) is not None, end, "make its first service account")

    def attach(self) -> None:
        """Make sure that it runs and answers, without starting anything.

        Raises:
            EnvironmentFault: it does not; the message names the parts that are down.
        """
        down = [part for part, alive in self.parts().items() if not alive]
        if down:
            raise EnvironmentFault(
                f"not running: {', '.join(down)}",
                where=f"control plane of {self.site}",
                fix=f"run `kokunai rehearse up {self.site}`",
            )
        with closing(self.api()) as api:
            try:
                api.text("/readyz")
            except ApiError as error:
                raise self._fault(f"runs and is not ready: {error.what}", APISERVER) from error

    def parts(self) -> dict[str, bool]:
        """Every part, and whether it runs."""
        return {part: self.supervisor.is_alive(part) for part in PARTS}

    def memory(self) -> dict[str, int]:
        """Resident bytes of every part."""
        return {part: self.supervisor.memory(part) for part in PARTS}

    def stop(self) -> None:
        """End all parts. What lies in the cluster stays in the directory; delete that to forget it."""
        # The API server would first wait for its clients, who wait for it.
        self.supervisor.stop_all(grace=1)

    def nodes(self, pools: Iterable[NodePool], *, timeout: float = 180.0) -> None:
        """See that the cluster has exactly the machines of `pools`, and that they are ready.

        A machine whose declaration changed is taken away with its pods and comes back new.
        """
        wanted = nodes(pools)
        end = time.monotonic() + timeout
        with closing(self.api()) as api:
            present = {
                node["metadata"]["name"]: node["metadata"]["annotations"].get(DECLARED)
                for node in api.get("/api/v1/nodes", labelSelector=POOL_LABEL)["items"]
            }
            keep = {n for n, digest in present.items() if n in wanted and _declared(wanted[n]) == digest}
            for name in present.keys() - keep:
                api.delete(f"/api/v1/nodes/{name}")
            for name in wanted.keys() - keep:
                api.post("/api/v1/nodes", wanted[name], fieldManager=MANAGER)
        self._wait(lambda api: wanted.keys() <= _ready_nodes(api), end, "get its nodes ready")

    def storage_classes(self, classes: Iterable[StorageClass]) -> None:
        """See that the cluster has these storage classes, as the real one has from birth."""
        with closing(self.api()) as api:
            for body in map(storage_class, classes):
                path = f"/apis/storage.k8s.io/v1/storageclasses/{body['metadata']['name']}"
                api.apply(path, body, manager=MANAGER, force="true")

    def _run(self, parts: Sequence[str]) -> None:
        lines = command_lines(self.port, self.toolchain, self.credentials)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        for part in parts:
            self.supervisor.start(
                part, lines[part], log=self.directory / "log" / f"{part}.log", env=env, cwd=self.directory
            )

    def _wait(self, done: Callable[[Api], bool], end: float, what: str) -> None:
        last = ""
        with closing(self.api()) as api:
            while True:
                try:
                    if done(api):
                        return
                except (ApiError, Unreachable) as error:
                    last = error.what
                for part in PARTS:
                    if self.supervisor.find(part) and not self.supervisor.is_alive(part):
                        raise self._fault(f"{part} ended by itself", part)
                if time.monotonic() > end:
                    raise self._fault(f"did not {what} in time; the last answer was: {last or 'no'}", APISERVER)
                time.sleep(PAUSE)

    def _fault(self, what: str, part: str) -> EnvironmentFault:
        log = self.directory / "log" / f"{part}.log"
        tail = ""
        with suppress(OSError):
            tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-LOG_TAIL:])
        return EnvironmentFault(what, where=f"control plane of {self.site}", fix=f"the end of {log}:\n{tail}")


def start_together(planes: Sequence[ControlPlane], *, timeout: float = 180.0) -> None:
    """Start several control planes side by side.

    Raises:
        EnvironmentFault: the first that failed, once the others have come up or failed too.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(planes))) as pool:
        futures = [pool.submit(plane.start, timeout=timeout) for plane in planes]
    for future in futures:
        future.result()


def stop_together(planes: Sequence[ControlPlane]) -> None:
    """Stop several control planes side by side."""
    with ThreadPoolExecutor(max_workers=max(1, len(planes))) as pool:
        list(pool.map(ControlPlane.stop, planes))


def write_directory(path: Path, planes: Iterable[ControlPlane]) -> None:
    """Write which API server stands for which site; `KOKUNAI_REHEARSAL_CLUSTERS` tells the stand-in providers of it."""
    entries = {
        plane.site: {
            "server": plane.address,
            "certificate_authority": plane.ca,
            "token_file": str(plane.deployer_token_file),
        }
        for plane in planes
    }
    write_whole(path, json.dumps(entries, indent=1))


def _is_ready(api: Api) -> bool:
    return api.text("/readyz") == "ok"


def _declared(node: Object) -> str:
    return str(node["metadata"]["annotations"][DECLARED])


def _ready_nodes(api: Api) -> set[str]:
    return {
        node["metadata"]["name"]
        for node in api.get("/api/v1/nodes")["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
        and not any(taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints", []))
    }


def _deployer_objects() -> Iterable[tuple[str, Object]]:
    group, name = "rbac.authorization.k8s.io", "kokunai:deployer"
    yield (
        f"/apis/{group}/v1/clusterroles/{name}",
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [*DEPLOYER_RULES, {"nonResourceURLs": ["*"], "verbs": ["get"]}],
        },
    )
    yield (
        f"/apis/{group}/v1/clusterrolebindings/{name}",
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": DEPLOYERS}],
        },
    )
