"""A stand-in on the wire: turns the engine's RPCs into questions to `model`, and nothing more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from core.errors import KokunaiError
from rehearsal.plugin_server import refuse
from rehearsal.standin import model, wire
from rehearsal.standin.checks import Problem, check, unknown_type
from rehearsal.standin.cloud import Cloud, Naming, Resource, Settings
from rehearsal.standin.difference import Change, Difference, differences
from rehearsal.standin.schema import Kind, Schema
from rehearsal.standin.sdk_schema import Sdk

# The engine keeps secrets, resource references and unknown outputs to itself, and marks as secret again what comes back
# under the same name. What is made of several inputs (`tagsAll`) comes back unmarked, as from the real providers.
CAPABILITIES = {"accept_secrets": False, "accept_resources": False, "accept_outputs": False}

# What the engine keeps among a provider's inputs for itself.
ENGINE_INPUTS = frozenset(("__internal", "pluginChecksums", "pluginDownloadURL", "version"))

_KINDS: Mapping[tuple[Change, bool], int] = {
    (Change.ADDED, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADDED, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.REMOVED, False): provider_pb2.PropertyDiff.DELETE,
    (Change.REMOVED, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.CHANGED, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.CHANGED, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for one provider instance. RPCs that are not here answer UNIMPLEMENTED."""

    def __init__(
        self, cloud: Cloud, sdk: Sdk, *, cancelled: Callable[[], None], environ: Mapping[str, str] = os.environ
    ) -> None:
        """`cancelled` is called when the engine needs this process no more."""
        self._cloud = cloud
        self._sdk = sdk
        self._cancelled = cancelled
        self._environ = environ
        self._settings: Settings = {}

    # The provider.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(**CAPABILITIES, supports_autonaming_configuration=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._sdk.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        schema = self._provider_schema()
        given = wire.plain(request.news)
        settings = _settings(given, schema)
        problems = check(schema, settings) + self._cloud.settings_problems(settings)
        return provider_pb2.CheckResponse(inputs=wire.struct(given), failures=_failures(problems))

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        backend = self._environ.get("PULUMI_BACKEND_URL", "")
        if not backend.startswith("file://"):
            refuse(
                context,
                grpc.StatusCode.FAILED_PRECONDITION,
                f"this is the rehearsal's stand-in for {self._cloud.package}: it writes into a rehearsal's own backend "
                f"only, and PULUMI_BACKEND_URL is not a file:// URL\n  → use the environment that "
                f"`kokunai rehearse shell` gives, or unset PULUMI_HOME for a real run",
            )
        self._settings = _settings(wire.plain(request.args), self._provider_schema())
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, acceptResources=False, acceptOutputs=False, supportsPreview=True
        )

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        function = self._cloud.functions.get(request.tok)
        if function is None:
            refuse(
                context,
                grpc.StatusCode.NOT_FOUND,
                f"{request.tok} asks what exists in a cloud, and a rehearsal has none: the stand-in for "
                f"{self._cloud.package} will not make an answer up\n  → give the value as configuration",
            )
        with _told(context):
            return provider_pb2.InvokeResponse(
                **{"return": wire.struct(function(wire.plain(request.args), self._settings))}
            )

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._cancelled()
        return empty_pb2.Empty()

    # A resource.

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        token = _token(request.urn)
        schema = self._sdk.schema(token)
        if schema is None:
            problem = unknown_type(token, self._sdk.tokens, self._sdk.version)
            return provider_pb2.CheckResponse(inputs=request.news, failures=_failures([problem]))
        resource = Resource(request.urn, schema, wire.plain(request.news), self._settings)
        inputs, problems = model.checked(self._cloud, resource, wire.plain(request.olds), _naming(request))
        return provider_pb2.CheckResponse(inputs=wire.struct(inputs), failures=_failures(problems))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, wire.plain(request.news))
        state = wire.plain(request.olds)
        before = wire.plain(request.old_inputs)
        found = differences(self._cloud, resource.schema, before, resource.inputs)
        if not found:
            with _told(context):
                found = [
                    Difference(path, Change.CHANGED, replaces=False)
                    for path, _ in model.moved(self._cloud, resource, request.id, state)
                ]
        replaces = sorted({each.input for each in found if each.replaces})
        name = self._cloud.name_input(resource.schema)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({each.input for each in found}),
            replaces=replaces,
            detailedDiff={
                each.path: provider_pb2.PropertyDiff(
                    kind=_KINDS[each.change, each.replaces],  # type: ignore[arg-type]
                    inputDiff=each.input in resource.inputs or each.input in before,
                )
                for each in found
            },
            hasDetailedDiff=True,
            # Names made here are always the same, so the old one must go before the new one comes.
            deleteBeforeReplace=bool(replaces and name and before.get(name) == resource.inputs.get(name)),
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, wire.plain(request.properties))
        with _told(context):
            if request.preview:
                return provider_pb2.CreateResponse(properties=wire.struct(model.previewed(self._cloud, resource)))
            identity, outputs = model.created(self._cloud, resource)
            return provider_pb2.CreateResponse(id=identity, properties=wire.struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, wire.plain(request.news))
        with _told(context):
            outputs = model.outputs(self._cloud, resource, request.id)
            return provider_pb2.UpdateResponse(properties=wire.struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        state, inputs = wire.plain(request.properties), wire.plain(request.inputs)
        resource = self._resource(request.urn, inputs)
        # `Type.get` brings an id and perhaps a few properties; a resource of the stack brings what it was made with.
        if not state or (not inputs and any(each.name not in state for each in resource.schema.computed({}))):
            refuse(
                context,
                grpc.StatusCode.NOT_FOUND,
                f"{request.id} is not of this stack, and a rehearsal has no cloud to look it up in\n"
                f"  → give what the program needs of it as configuration",
            )
        with _told(context):
            fresh = model.refreshed(self._cloud, resource, request.id, state)
            return provider_pb2.ReadResponse(id=request.id, properties=wire.struct(fresh), inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def _provider_schema(self) -> Schema:
        schema = self._sdk.schema(f"pulumi:providers:{self._cloud.package}")
        if schema is None:
            raise AssertionError("every SDK has a provider")
        return schema

    def _resource(self, urn: str, inputs: Mapping[str, Any]) -> Resource:
        schema = self._sdk.schema(_token(urn))
        if schema is None:
            raise AssertionError("Check has refused this type")
        return Resource(urn, schema, inputs, self._settings)


@contextmanager
def _told(context: Any) -> Iterator[None]:
    """Turns a refusal inside the block into the RPC's error, in its own words."""
    try:
        yield
    except KokunaiError as error:
        refuse(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _token(urn: str) -> str:
    """The type of a resource, from its URN: the last of the chain of types."""
    return urn.split("::")[2].rpartition("$")[2]


def _naming(request: Any) -> Naming:
    if not request.HasField("autonaming"):
        return Naming()
    options = request.autonaming
    return Naming(proposed=options.proposed_name, disabled=options.mode == options.DISABLE)


def _settings(given: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """A provider's configuration with its objects and lists, which travel as JSON text, as values again."""
    return {name: _value(value, schema, name) for name, value in given.items() if name not in ENGINE_INPUTS}


def _value(value: Any, schema: Schema, name: str) -> Any:
    known = schema.inputs.get(name)
    if known is None or not isinstance(value, str) or value == wire.UNKNOWN or known.shape.kind is Kind.STRING:
        return value
    return wire.from_json(value)


def _failures(problems: list[Problem]) -> list[Any]:
    # The engine prints the value of a property that a failure names, secret or not: so the path goes into the reason.
    return [
        provider_pb2.CheckFailure(reason=f"{problem.path} {problem.reason}" if problem.path else problem.reason)
        for problem in problems
    ]
