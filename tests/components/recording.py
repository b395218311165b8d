"""A Pulumi program run in this process, without an engine: what it registered, with options, as a test reads it.

Importing it takes credentials out of the environment, before an SDK could read them and a failure could print them.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack

from core import wire
from core.values import Secret

for _variable in list(os.environ):
    if _variable.startswith(("AWS_", "ARM_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "KUBECONFIG", "PULUMI_")):
        del os.environ[_variable]
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"

Answer = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
"""From a resource's type, name and inputs to the outputs that a provider would add or change."""


def _nothing(_token: str, _name: str, _inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Registered:
    """One resource as the program asked for it."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    """Names as on the wire; secrets as `core.values.Secret`, unknowns as `core.values.UNKNOWN`."""
    options: Any
    """The request itself: `.protect`, `.dependencies`, `.deletedWith`, `.provider`, `.parent` …"""


@dataclass
class Deployment:
    """Everything that one run registered, in order."""

    requests: list[Registered] = field(default_factory=list)
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was registered as outputs, by URN."""
    warnings: list[str] = field(default_factory=list)
    error: BaseException | None = None
    """What the program ended with."""

    @property
    def resources(self) -> list[Registered]:
        """Everything but the stack itself."""
        return [each for each in self.requests if each.type != "pulumi:pulumi:Stack"]

    @property
    def exports(self) -> Mapping[str, Any]:
        return next(values for urn, values in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn)

    def of_type(self, token: str) -> list[Registered]:
        return [each for each in self.requests if each.type == token]

    def one(self, token: str, name: str | None = None) -> Registered:
        found = [each for each in self.of_type(token) if name in (None, each.name)]
        present = "\n".join(f"  {each.type} {each.name}" for each in self.requests)
        assert len(found) == 1, f"{len(found)} of {token} {name or ''}; registered were:\n{present}"
        return found[0]

    def walk(self) -> Iterator[tuple[Registered, str]]:
        """Each resource with its properties as JSON text, secrets shown: to search for what must be nowhere."""
        for each in self.requests:
            yield each, json.dumps(each.props, default=lambda value: getattr(value, "value", repr(value)))


class _Recorder(mocks.MockMonitor):
    """Answers with the inputs and with what `answer` says that a provider would add or change."""

    def __init__(self, deployment: Deployment, answer: Answer, asked: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(None)
        self.deployment = deployment
        self.answer = answer
        self.asked = asked

    def Invoke(self, request: Any) -> Any:  # noqa: N802 the wire's name
        assert request.tok in self.asked, f"the program asks a cloud: {request.tok}"
        answer = json_format.ParseDict(self.asked[request.tok], struct_pb2.Struct())
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the wire's name
        urn = self.make_urn(request.parent, request.type, request.name)
        seen = {each.urn for each in self.deployment.requests}
        assert urn not in seen, f"registered twice, which the engine refuses: {urn}"
        inputs = json_format.MessageToDict(request.object)
        self.deployment.requests.append(Registered(urn, request.type, request.name, wire.properties(inputs), request))
        outputs = json_format.ParseDict(
            {**inputs, **self.answer(request.type, request.name, inputs)}, struct_pb2.Struct()
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=outputs)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 the wire's name
        self.deployment.outputs[request.urn] = wire.properties(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()


class _Warnings(logging.Handler):
    def __init__(self, deployment: Deployment) -> None:
        super().__init__(logging.WARNING)
        self.deployment = deployment

    def emit(self, record: logging.LogRecord) -> None:
        self.deployment.warnings.append(record.getMessage())


def run(
    program: Callable[[], object],
    *,
    preview: bool = True,
    stack: str = "test",
    config: Mapping[str, Any] | None = None,
    secret: Sequence[str] = (),
    answer: Answer = _nothing,
    asked: Mapping[str, Mapping[str, Any]] | None = None,
) -> Deployment:
    """Run `program` in a context of its own. Configuration values that are no text are given as JSON, as the engine does."""
    deployment = Deployment()

    def inside() -> None:
        recorder = _Recorder(deployment, answer, asked or {})
        logger = logging.Logger("program")
        logger.addHandler(_Warnings(deployment))
        settings.ROOT.set(None)
        settings.configure(
            mocks.MockSettings(
                monitor=recorder,
                monitor_features=set(recorder.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
                engine=mocks.MockEngine(logger),
                project="kokunai",
                stack=stack,
                dry_run=preview,
                organization=None,
            )
        )
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
        pulumi.runtime.set_all_config(texts, list(secret))
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=8))

        def body() -> None:
            program()

        try:
            loop.run_until_complete(run_in_stack(body))
        except Exception as error:
            deployment.error = error
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    contextvars.copy_context().run(inside)
    return deployment


def plain(value: Any) -> Any:
    """A property without its secrecy."""
    return value.value if isinstance(value, Secret) else value
