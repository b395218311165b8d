"""Runs what was deployed: the edge's HAProxy from its ConfigMap and Secrets, the model servers from their pods' arguments.

The cluster's nodes are stand-ins, so no container starts; these processes are what the pods would be. The configuration
is taken from the API server as it is; only the variables that it leaves open (where to listen, where the model servers
are) come from here. Not a judge of what was deployed.
"""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from core import naming
from core.errors import EnvironmentFault
from core.files import write_whole
from rehearsal.cluster.api import Api, Object
from rehearsal.processes import LOOPBACK, Ports, Supervisor

START_SECONDS: Final = 60.0
"""How long a stand-in server may take to start on a busy machine."""


@dataclass(frozen=True)
class Deployed:
    """What a site's cluster says should run."""

    models: Mapping[str, Sequence[str]]
    """Service to the command line of its model server's container."""
    files: Mapping[str, str]
    """The edge's configuration directory: relative path to text."""


def read(api: Api) -> Deployed:
    """Read the deployed objects of one cluster.

    Raises:
        EnvironmentFault: the edge or a model server is not there, or its pods are not ready.
    """
    models: dict[str, Sequence[str]] = {}
    selector = f"app.kubernetes.io/component={naming.MODEL_SERVICE}"
    for deployment in api.get("/apis/apps/v1/deployments", labelSelector=selector)["items"]:
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        service = deployment["metadata"]["labels"][naming.SERVICE_LABEL]
        if not deployment.get("status", {}).get("availableReplicas"):
            raise EnvironmentFault(
                "its pods are not ready", where=f"Deployment {deployment['metadata']['namespace']}/model",
                fix="look at the pods' events: kubectl describe pod",
            )  # fmt: skip
        models[service] = (*container["command"], *container["args"])
    base = f"/api/v1/namespaces/{naming.EDGE_NAMESPACE}"
    configuration = _get(api, f"{base}/configmaps/{naming.EDGE_CONFIG}")["data"]
    tls = _decoded(_get(api, f"{base}/secrets/{naming.EDGE_TLS}"))
    keys = _decoded(_get(api, f"{base}/secrets/{naming.EDGE_KEYS}"))
    files = {**configuration, **{f"tls/{k}": v for k, v in tls.items()}, **{f"keys/{k}": v for k, v in keys.items()}}
    return Deployed(models, files)


def run(site: str, deployed: Deployed, directory: Path, haproxy: Path, supervisor: Supervisor, ports: Ports) -> int:
    """Start a site's model servers and its edge, or leave them as they are when nothing changed; the edge's port.

    A changed key or configuration restarts the edge: the pod would be rolled, too.
    """
    environment, binds = dict(os.environ), dict[str, str]()
    for service, command in deployed.models.items():
        name = f"{site}-model-{service}"
        running = supervisor.find(name)
        bind = running.argv[4] if running and supervisor.is_alive(name) else f"{LOOPBACK}:{ports.take(name)}"
        argv = [sys.executable, "-m", "rehearsal.model_server", "--bind", bind, "--", *command]
        supervisor.start(name, argv, log=directory / "log" / f"{name}.log")
        environment[naming.upstream_variable(service)] = binds[name] = bind
    # HAProxy takes a server for healthy until its first checks say otherwise; so they answer before it starts.
    _wait_healthy(binds, seconds=START_SECONDS)
    config = directory / "edge"
    changed = False
    for relative, text in deployed.files.items():
        path = config / relative
        if not path.exists() or path.read_text("utf-8") != text:
            write_whole(path, text)
            changed = True
    name = f"{site}-edge"
    variables = {"EDGE_SOCKET": f"unix@{config / 'edge.sock'}"}
    port_file = config / "port"
    if changed or not supervisor.is_alive(name) or not port_file.exists():
        supervisor.stop(name)
        port = ports.take(name)
        environment |= variables | {"EDGE_BIND": f"{LOOPBACK}:{port}"}
        supervisor.start(
            name,
            # -db: in the foreground, one process, so that stopping it leaves nothing
            [str(haproxy), "-db", "-f", str(config / "haproxy.cfg")],
            env=environment,
            log=directory / "log" / f"{name}.log",
        )
        write_whole(port_file, str(port))
    return int(port_file.read_text("utf-8"))


def wait_ready(address: str, services: Iterable[str], ca: Path, *, seconds: float) -> None:
    """Until each of `services` has a model server that answers behind the edge at `host:port`.

    Raises:
        EnvironmentFault: not in time.
    """
    context = ssl.create_default_context(cafile=str(ca))
    _wait({service: f"https://{address}/{service}/healthz" for service in services}, context, seconds)


def _wait_healthy(binds: Mapping[str, str], *, seconds: float) -> None:
    _wait({name: f"http://{bind}/health" for name, bind in binds.items()}, ssl.create_default_context(), seconds)


def _wait(urls: Mapping[str, str], context: ssl.SSLContext, seconds: float) -> None:
    end = time.monotonic() + seconds
    waiting = dict(urls)
    with httpx.Client(verify=context, trust_env=False, timeout=2) as client:
        while True:
            for name, url in list(waiting.items()):
                with contextlib.suppress(httpx.HTTPError):
                    if client.get(url).is_success:
                        del waiting[name]
            if not waiting:
                return
            if time.monotonic() > end:
                raise EnvironmentFault(
                    f"no answer from {', '.join(sorted(waiting))} in {seconds:.0f} s",
                    where=", ".join(waiting.values()),
                    fix="read the logs in the rehearsal's directory",
                )
            time.sleep(0.05)


def _get(api: Api, path: str) -> Object:
    found = api.find(path)
    if found is None:
        raise EnvironmentFault("was not deployed", where=path, fix="run `kokunai rehearse up` again")
    return found


def _decoded(secret: Mapping[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode("utf-8") for key, value in (secret.get("data") or {}).items()}
