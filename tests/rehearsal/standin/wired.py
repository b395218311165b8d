"""The part of an engine that speaks to a provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import provider_pb2

from rehearsal.standin import wire

ENVIRON = {"PULUMI_BACKEND_URL": "file:///rehearsal"}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "aws": {"region": "ap-northeast-1"},
    "azure-native": {"location": "japaneast"},
    "gcp": {"project": "models", "region": "asia-northeast1"},
}


@dataclass
class Engine:
    """The part of an engine that speaks to a provider: plain values in, plain values out."""

    stub: Any
    cancellations: list[None] = field(default_factory=list)

    def configure(self, **settings: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=wire.struct(settings)))

    def check_config(self, **settings: Any) -> list[str]:
        answer = self.stub.CheckConfig(provider_pb2.CheckRequest(news=wire.struct(settings)))
        return [failure.reason for failure in answer.failures]

    def check(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        olds: Mapping[str, Any] | None = None,
        name: str = "it",
        **more: Any,
    ) -> tuple[dict[str, Any], list[str]]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token, name), news=wire.struct(inputs), olds=wire.struct(olds or {}), **more
            )
        )
        return wire.plain(answer.inputs), [failure.reason for failure in answer.failures]

    def checked(self, token: str, inputs: Mapping[str, Any], name: str = "it") -> dict[str, Any]:
        found, problems = self.check(token, inputs, name=name)
        assert problems == []
        return found

    def preview(self, token: str, inputs: Mapping[str, Any], name: str = "it") -> dict[str, Any]:
        given = self.checked(token, inputs, name)
        request = provider_pb2.CreateRequest(urn=urn(token, name), properties=wire.struct(given), preview=True)
        return wire.plain(self.stub.Create(request).properties)

    def create(self, token: str, inputs: Mapping[str, Any], name: str = "it") -> tuple[str, dict[str, Any]]:
        given = self.checked(token, inputs, name)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=urn(token, name), properties=wire.struct(given)))
        return answer.id, wire.plain(answer.properties)

    def diff(
        self, token: str, old: Mapping[str, Any], new: Mapping[str, Any], state: Mapping[str, Any], identity: str = "id"
    ) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=identity,
                urn=urn(token),
                old_inputs=wire.struct(old),
                news=wire.struct(new),
                olds=wire.struct(state),
            )
        )

    def read(self, token: str, identity: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=identity, urn=urn(token), properties=wire.struct(state), inputs=wire.struct(inputs)
            )
        )
        return wire.plain(answer.properties)

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=wire.struct(arguments)))
        return wire.plain(getattr(answer, "return"))


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:test::kokunai::kokunai:index:Site${token}::{name}"


StandIns = Callable[..., Engine]
