"""A stand-in on a real gRPC connection, without the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.standin.__main__ import CLOUDS
from rehearsal.standin.sdk_schema import Sdk
from rehearsal.standin.server import StandIn
from tests.rehearsal.standin.wired import ENVIRON, SETTINGS, Engine, StandIns


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sdk]:
    """The SDK of a package; each type is read once for all tests."""
    cache = tmp_path_factory.mktemp("schemas")
    known: dict[str, Sdk] = {}
    return lambda package: known.setdefault(package, Sdk(package, cache))


@pytest.fixture
def stand_in(sdk: Callable[[str], Sdk]) -> Iterator[StandIns]:
    """Start the stand-in for a package, configured."""
    with ExitStack() as running:

        def start(package: str, environ: Mapping[str, str] = ENVIRON, **settings: Any) -> Engine:
            engine = Engine(None)
            servicer = StandIn(
                CLOUDS[package](), sdk(package), cancelled=lambda: engine.cancellations.append(None), environ=environ
            )
            server = grpc.server(ThreadPoolExecutor(max_workers=4))
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            running.callback(lambda: server.stop(None).wait())
            channel = running.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
            engine.stub = provider_pb2_grpc.ResourceProviderStub(channel)
            engine.configure(**{**SETTINGS[package], **settings})
            return engine

        yield start


@pytest.fixture
def clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says where the rehearsal's API servers listen; empty at first."""
    file = tmp_path / "clusters.json"
    file.write_text("{}")
    monkeypatch.setenv("KOKUNAI_REHEARSAL_CLUSTERS", str(file))
    return file
