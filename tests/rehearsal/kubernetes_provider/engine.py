"""The part of an engine that speaks to the stand-in, over gRPC, and hears what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.cluster import ControlPlane, write_directory
from rehearsal.kubernetes_provider.servicer import KubernetesStandIn
from rehearsal.kubernetes_provider.values import opened, whole
from rehearsal.standin import wire


class Refused(Exception):
    """The stand-in answered with an error; `partial` is what it says of an object that exists and is not ready."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.partial: Any = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                self.partial = provider_pb2.ErrorResourceInitFailed()
                status.details[0].Unpack(self.partial)


@dataclass
class Log:
    """What the user would have been told."""

    lines: list[Any] = field(default_factory=list)

    def Log(self, request: Any) -> Any:  # noqa: N802
        self.lines.append(request)
        return empty_pb2.Empty()

    def texts(self, *, lasting: bool = False) -> list[str]:
        return [line.message for line in self.lines if line.message and not (lasting and line.ephemeral)]


@dataclass
class Object:
    """A resource as the engine keeps it."""

    urn: str
    id: str
    inputs: Any
    outputs: Any

    @property
    def values(self) -> dict[str, Any]:
        """The outputs, secrets opened."""
        found: dict[str, Any] = opened(whole(wire.plain(self.outputs)))
        return found


@dataclass
class Engine:
    """Plain values in, plain values out."""

    stub: Any
    log: Log

    def configure(self, plane: ControlPlane, **settings: str) -> None:
        kubeconfig = {
            "clusters": [{"name": "c", "cluster": {"server": plane.address}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        args = wire.struct({"kubeconfig": json.dumps(kubeconfig), **settings})
        self._call("Configure", provider_pb2.ConfigureRequest(args=args))

    def check(self, token: str, name: str, inputs: Mapping[str, Any], old: Object | None = None) -> Any:
        """The checked inputs.

        Raises:
            Refused: with the first reason.
        """
        answer = self._call(
            "Check",
            provider_pb2.CheckRequest(
                urn=urn(token, name),
                news=wire.struct(inputs),
                olds=old.inputs if old else wire.struct({}),
                randomSeed=b"seed",
            ),
        )
        assert not answer.failures, answer.failures[0].reason
        return answer.inputs

    def preview(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        checked = self.check(token, name, inputs)
        request = provider_pb2.CreateRequest(urn=urn(token, name), properties=checked, preview=True)
        found: dict[str, Any] = opened(whole(wire.plain(self._call("Create", request).properties)))
        return found

    def create(self, token: str, name: str, inputs: Mapping[str, Any], timeout: float = 0) -> Object:
        checked = self.check(token, name, inputs)
        request = provider_pb2.CreateRequest(urn=urn(token, name), properties=checked, timeout=timeout)
        answer = self._call("Create", request)
        return Object(request.urn, answer.id, checked, answer.properties)

    def diff(self, old: Object, inputs: Mapping[str, Any]) -> Any:
        _, _, token, name = old.urn.split("::")
        news = self.check(token, name, inputs, old)
        request = provider_pb2.DiffRequest(urn=old.urn, id=old.id, old_inputs=old.inputs, olds=old.outputs, news=news)
        return self._call("Diff", request)

    def update(self, old: Object, inputs: Mapping[str, Any], *, preview: bool = False, timeout: float = 0) -> Object:
        _, _, token, name = old.urn.split("::")
        news = self.check(token, name, inputs, old)
        answer = self._call(
            "Update",
            provider_pb2.UpdateRequest(
                urn=old.urn,
                id=old.id,
                old_inputs=old.inputs,
                olds=old.outputs,
                news=news,
                preview=preview,
                timeout=timeout,
            ),
        )
        return Object(old.urn, old.id, news, answer.properties)

    def read(self, old: Object) -> Object | None:
        request = provider_pb2.ReadRequest(urn=old.urn, id=old.id, inputs=old.inputs, properties=old.outputs)
        answer = self._call("Read", request)
        return Object(old.urn, answer.id, answer.inputs, answer.properties) if answer.id else None

    def delete(self, old: Object, timeout: float = 0) -> None:
        self._call(
            "Delete",
            provider_pb2.DeleteRequest(
                urn=old.urn, id=old.id, old_inputs=old.inputs, properties=old.outputs, timeout=timeout
            ),
        )

    def _call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self.stub, name)(request)
        except grpc.RpcError as error:
            raise Refused(error) from None


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::p::{token}::{name}"


@contextmanager
def serving(plane: ControlPlane, directory: Path, **settings: str) -> Iterator[Engine]:
    """A stand-in of its own, configured for `plane`."""
    write_directory(directory / "clusters.json", [plane])
    environ = {
        "KOKUNAI_REHEARSAL_CLUSTERS": str(directory / "clusters.json"),
        "PULUMI_BACKEND_URL": "file:///rehearsal",
    }
    log = Log()
    server = grpc.server(ThreadPoolExecutor(8))
    stand_in = KubernetesStandIn(log, cancelled=lambda: None, environ=environ)  # type: ignore[arg-type]
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(stand_in, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel), log)
            engine.configure(plane, **settings)
            yield engine
    finally:
        server.stop(None).wait()
        stand_in.close()
