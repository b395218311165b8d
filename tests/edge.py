"""An edge as deployed, in front of stand-in model servers, without a cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from catalog.load import catalogue
from core import haproxy, serving
from core.estate import load_estate
from core.lock import Lock
from failover import publish
from rehearsal import credentials, edge
from rehearsal.processes import Ports, Supervisor
from rehearsal.toolchain import Toolchain

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Edge:
    """A running edge: where it is, whom to trust, with which key."""

    address: str
    ca: Path
    key: str
    directory: Path
    supervisor: Supervisor

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://{self.address}", verify=publish.context(self.ca), trust_env=False, timeout=20
        )


@contextmanager
def serve(directory: Path) -> Iterator[Edge]:
    """The shipped services behind one edge, until the block ends."""
    services = load_estate(PROJECT / "estate", catalogue()).services
    secrets = credentials.prepare(directory / "secrets", {"aws": "llm.rehearsal.invalid"})
    deployed = edge.Deployed(
        models={
            service.name: (
                "vllm", "serve", serving.weights_path(service, Lock()), *serving.contract_arguments(service),
                *serving.fixed_arguments(), "--max-num-seqs=8",
            )
            for service in services
        },
        files={
            "haproxy.cfg": haproxy.edge(services),
            "tls/tls.crt": secrets.certificate("aws").read_text(),
            "tls/tls.key": secrets.private_key("aws").read_text(),
            "keys/keys.map": f"{secrets.client_key_hash()} rehearsal-client\n"
             f"{hashlib.sha256(b'slow').hexdigest()} slow-client\n",
            "keys/rates.map": "slow-client 3\n",
        },
    )  # fmt: skip
    supervisor = Supervisor(directory / "processes")
    try:
        port = edge.run(
            "aws",
            deployed,
            directory,
            Toolchain(PROJECT).program("haproxy"),
            supervisor,
            Ports(directory / "ports.json"),
        )
        running = Edge(f"127.0.0.1:{port}", secrets.ca, secrets.client_key.read_text().strip(), directory, supervisor)
        edge.wait_ready(running.address, deployed.models, secrets.ca, seconds=20)
        yield running
    finally:
        supervisor.stop_all()
