"""The stand-in on the wire: the engine's RPCs to `objects` and `charts` and back, and nothing more."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from core.errors import KokunaiError
from rehearsal.cluster.api import Api, Object
from rehearsal.kubernetes_provider import charts
from rehearsal.kubernetes_provider.connection import connect
from rehearsal.kubernetes_provider.differences import Change, differences, property_path
from rehearsal.kubernetes_provider.objects import Comparison, NotReady, Objects, Resource, Voice, checked
from rehearsal.kubernetes_provider.values import opened, resealed, sealed, secrets, whole
from rehearsal.plugin_server import refuse
from rehearsal.standin import wire

CAPABILITIES: Final = {"acceptSecrets": True, "acceptResources": False, "acceptOutputs": False}
KINDS: Final = {
    (Change.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Change.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class KubernetesStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for one provider instance. RPCs that are not here answer UNIMPLEMENTED."""

    def __init__(
        self,
        engine: engine_pb2_grpc.EngineStub,
        *,
        cancelled: Callable[[], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`cancelled` is called when the engine needs this process no more."""
        self._engine = engine
        self._cancelled = cancelled
        self._environ = environ
        self._objects: Objects | None = None
        self._directories: tuple[str, ...] = ()

    def close(self) -> None:
        """Let go of the connection to the API server."""
        if self._objects:
            self._objects.api.close()

    # The provider.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._directories = tuple(filter(None, (request.program_directory, request.root_directory)))
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi-kubernetes"))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        # Another address is the same cluster after a restart: never a reason to make everything anew.
        changed = [each.path[0] for each in differences(wire.plain(request.olds), wire.plain(request.news))]
        return provider_pb2.DiffResponse(changes=_some(changed), diffs=sorted({str(key) for key in changed}))

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        backend = self._environ.get("PULUMI_BACKEND_URL", "")
        with _told(context):
            if not backend.startswith("file://"):
                raise KokunaiError(
                    "this is the rehearsal's stand-in for kubernetes, and PULUMI_BACKEND_URL is not a file:// URL",
                    fix="use the environment that `kokunai rehearse shell` gives, or unset PULUMI_HOME for a real run",
                )
            connection = connect(opened(wire.plain(request.args)), self._environ)
            api = Api(connection.server, certificate_authority=connection.certificate_authority, token=connection.token)
            self._objects = Objects(connection, api)
        return provider_pb2.ConfigureResponse(**CAPABILITIES, supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        refuse(
            context,
            grpc.StatusCode.UNIMPLEMENTED,
            f"{request.tok} is not stood in for: a rehearsal invokes nothing on a cluster",
        )

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        refuse(context, grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} is not stood in for")

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self._objects:
            self._objects.waiting.cancelled.set()
        self._cancelled()
        return empty_pb2.Empty()

    # A resource.

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.news)
        old = opened(whole(wire.plain(request.olds)))
        try:
            check = charts.checked if resource.token == charts.RELEASE else checked
            inputs = check(resource, old, request.randomSeed)
        except KokunaiError as error:
            # The engine prints the value of a property that a failure names, so it names none.
            failure = provider_pb2.CheckFailure(reason=str(error))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        return provider_pb2.CheckResponse(inputs=_struct(sealed(inputs), request.news))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.news)
        old = opened(whole(wire.plain(request.old_inputs)))
        with _told(context):
            if resource.token == charts.RELEASE:
                comparison = charts.compare(resource, old)
            else:
                comparison = self._configured().compare(resource, request.id, old)
        return _diff(comparison)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.properties)
        with self._answering(context, request.properties):
            if resource.token == charts.RELEASE:
                identity, outputs = charts.install(
                    resource, self._configured(), self._voice(resource), self._directories, preview=request.preview
                )
            else:
                identity, outputs = self._configured().create(
                    resource, request.timeout, voice=self._voice(resource), preview=request.preview
                )
            return provider_pb2.CreateResponse(id=identity, properties=_struct(outputs, request.properties))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.news)
        with self._answering(context, request.news):
            if resource.token == charts.RELEASE:
                _, outputs = charts.install(
                    resource, self._configured(), self._voice(resource), self._directories, preview=request.preview
                )
            else:
                _, outputs = self._configured().update(
                    resource, request.id, request.timeout, voice=self._voice(resource), preview=request.preview
                )
            return provider_pb2.UpdateResponse(properties=_struct(outputs, request.news))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.inputs)
        if resource.token == charts.RELEASE:
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        with self._answering(context, request.inputs):
            found = self._configured().read(resource, request.id)
            if found is None:
                return provider_pb2.ReadResponse()
            inputs, outputs = found
            return provider_pb2.ReadResponse(
                id=request.id,
                properties=_struct(outputs, request.properties),
                inputs=_struct(inputs, request.inputs),
            )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        resource = self._resource(request.urn, request.old_inputs)
        # As Helm itself: what a chart's `crds` directory brought stays when the release goes.
        if resource.token != charts.RELEASE:
            with self._answering(context, request.old_inputs):
                self._configured().delete(resource, request.id, request.timeout, voice=self._voice(resource))
        return empty_pb2.Empty()

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _told(context):
            return charts.construct(request, self._directories, lambda urn, text: self._say(urn, engine_pb2.INFO, text))

    def _configured(self) -> Objects:
        if self._objects is None:
            raise KokunaiError("the provider was not configured")
        return self._objects

    def _resource(self, urn: str, properties: Any) -> Resource:
        wrapped = whole(wire.plain(properties))
        return Resource(urn, opened(wrapped), tuple(secrets(wrapped)))

    def _voice(self, resource: Resource) -> Voice:
        return Voice(
            status=lambda text: self._say(resource.urn, engine_pb2.INFO, text, passing=True),
            note=lambda text: self._say(resource.urn, engine_pb2.INFO, text),
            warn=lambda text: self._say(resource.urn, engine_pb2.WARNING, text),
        )

    def _say(self, urn: str, severity: Any, text: str, *, passing: bool = False) -> None:
        # The engine may be leaving; then nobody wants to hear it.
        with suppress(grpc.RpcError):
            self._engine.Log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn, ephemeral=passing))

    @contextmanager
    def _answering(self, context: Any, sent: Any) -> Iterator[None]:
        """Turns a refusal, or an object that is not ready, into what the engine understands of either."""
        try:
            with _told(context):
                yield
        except NotReady as late:
            detail = any_pb2.Any()
            detail.Pack(
                provider_pb2.ErrorResourceInitFailed(
                    id=late.identity,
                    properties=_struct(late.outputs, sent),
                    inputs=_struct(late.inputs, sent),
                    reasons=late.reasons,
                )
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(late), details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(late))


@contextmanager
def _told(context: Any) -> Iterator[None]:
    """Turns a refusal inside the block into the RPC's error, in its own words."""
    try:
        yield
    except KokunaiError as error:
        refuse(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _struct(values: Object, sent: Any) -> Any:
    """`values` for the engine, with everything secret that was secret in `sent`, the properties of its request."""
    return wire.struct(resealed(values, wire.plain(sent)))


def _some(found: Any) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE


def _diff(comparison: Comparison) -> Any:
    replacing = {each.path[0] for each in comparison.replacing}
    return provider_pb2.DiffResponse(
        changes=_some(comparison.differences),
        diffs=sorted({str(each.path[0]) for each in comparison.differences}),
        replaces=sorted(map(str, replacing)),
        deleteBeforeReplace=comparison.delete_first,
        detailedDiff={
            property_path(each.path): provider_pb2.PropertyDiff(
                kind=KINDS[each.change, each in comparison.replacing],
                inputDiff=True,
            )
            for each in comparison.differences
        },
        hasDetailedDiff=True,
    )
