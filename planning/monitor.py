"""Stands where the engine's resource monitor stands and writes down what a program registers, as a first preview sees it.

What the program gave is known, everything that only a cloud could compute is unknown. It does what the engine does before
any provider is asked: names resources, refuses a name used twice or a forbidden default provider, runs transforms. It
runs inside the program's process (`planning.child`) and knows nothing of graphs or rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import grpc
import pulumi
from google.protobuf import empty_pb2, json_format
from pulumi.output import Unknown
from pulumi.runtime import rpc
from pulumi.runtime.proto import (
    callback_pb2,
    callback_pb2_grpc,
    engine_pb2,
    resource_pb2,
    resource_pb2_grpc,
    source_pb2,
)

from core.errors import KokunaiError

STACK: Final = "pulumi:pulumi:Stack"
PROVIDERS: Final = "pulumi:providers:"
# What the engine whose version is locked offers, but for waiting with a function until its dependencies exist: here none ever does.
FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)

Record = dict[str, Any]
"""One registration as plain JSON: urn, type, name, props, provider, parent, options, dependencies by property."""


class RecordingMonitor(resource_pb2_grpc.ResourceMonitorStub):
    """The monitor. Derived from the stub only because the SDK looks for one before it serves transforms."""

    def __init__(self, project: str, stack: str, config: Mapping[str, str], disabled_defaults: Sequence[str]) -> None:
        self._project = project
        self._stack = stack
        self._config = config
        self._disabled_defaults = frozenset(disabled_defaults)
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._transforms: dict[str, list[Callable[[Any], Any]]] = {}
        self._stack_transforms: list[Callable[[Any], Any]] = []
        self._channels: dict[str, grpc.Channel] = {}
        self.unanswered: set[str] = set()
        """Provider functions that the program called, reads of existing resources, remote components."""

    @property
    def records(self) -> list[Record]:
        """What was registered so far, in order."""
        with self._lock:
            return list(self._records.values())

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802  the protocol's name, as below
        return resource_pb2.DeploymentInfo(
            project=self._project, stack=self._stack, dryRun=True, supportedFeatures=FEATURES
        )

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.remote:
            self.unanswered.add(f"{request.type} (a component of another process)")
        self._transform(request)
        urn = self._urn(request.parent, request.type, request.name)
        # A reference to a provider is its URN and its id, which is unknown here.
        provider = request.provider.rpartition("::")[0]
        if not provider and _wants_provider(request):
            provider = self._default_provider(request)
        self._record(urn, request, provider)
        response = resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        for key, dependencies in request.propertyDependencies.items():
            response.propertyDependencies[key].urns.extend(dependencies.urns)
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        self.unanswered.add(f"{request.type} {request.name} (read, not created)")
        return resource_pb2.ReadResourceResponse(
            urn=self._urn(request.parent, request.type, request.name), properties=request.properties
        )

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        self.unanswered.add(f"{request.tok}()")
        return resource_pb2.ResourceInvokeResponse(unknown=True)

    def Call(self, request: Any) -> Any:  # noqa: N802
        raise KokunaiError(
            f"the method {request.tok} of a remote component cannot be called without the engine",
            fix="check the program's plan instead: kokunai check --plan FILE",
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            self._stack_transforms.append(self._callback(request))
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def _urn(self, parent: str, token: str, name: str) -> str:
        """As the engine: the types of all parents but the stack, never their names."""
        above = parent.split("::")[2] if parent else ""
        qualified = token if above in ("", STACK) else f"{above}${token}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def _record(self, urn: str, request: Any, provider: str) -> None:
        record = {
            "urn": urn,
            "type": request.type,
            "name": request.name,
            "props": json_format.MessageToDict(request.object),
            "provider": provider,
            "parent": request.parent,
            "protect": request.protect,
            "ignore_changes": list(request.ignoreChanges),
            "retain_on_delete": request.retainOnDelete,
            "dependencies": {key: list(of.urns) for key, of in request.propertyDependencies.items() if of.urns},
        }
        with self._lock:
            if urn in self._records:
                raise KokunaiError(
                    f"two resources have the URN {urn}",
                    fix="give one of them another name; a parent's name is not part of it",
                )
            self._records[urn] = record
            self._transforms[urn] = [self._callback(callback) for callback in request.transforms]

    def _default_provider(self, request: Any) -> str:
        """The URN of the default provider that the engine would make for a resource that names none."""
        package = request.type.split(":", 1)[0]
        if self._disabled_defaults & {"*", package}:
            raise KokunaiError(
                f"Default provider for '{package}' disabled. '{request.type}' must use an explicit provider.",
                where=f"{request.name} ({request.type})",
                fix="pass opts=pulumi.ResourceOptions(provider=…) to it or to its parent",
            )
        name = f"default_{request.version.replace('.', '_')}" if request.version else "default"
        urn = self._urn("", PROVIDERS + package, name)
        props = {key.split(":", 1)[1]: value for key, value in self._config.items() if key.startswith(f"{package}:")}
        with self._lock:
            self._records.setdefault(urn, {"urn": urn, "type": PROVIDERS + package, "name": name, "props": props})
        return urn

    def _transform(self, request: Any) -> None:
        """Run the resource's own transforms, then its parents', then the stack's, each on what the one before left."""
        callbacks = [self._callback(callback) for callback in request.transforms]
        with self._lock:
            parent = request.parent
            while parent:
                callbacks += self._transforms.get(parent, [])
                parent = self._records.get(parent, {}).get("parent", "")
            callbacks += self._stack_transforms
        for call in callbacks:
            call(request)

    def _callback(self, callback: Any) -> Callable[[Any], Any]:
        channel = self._channels.setdefault(callback.target, grpc.insecure_channel(callback.target))
        invoke = callback_pb2_grpc.CallbacksStub(channel).Invoke

        def run(request: Any) -> None:
            asked = resource_pb2.TransformRequest(
                name=request.name,
                type=request.type,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=_options(request),
            )
            answer = invoke(callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString()))
            _apply(request, resource_pb2.TransformResponse.FromString(answer.response))

        return run


def _wants_provider(request: Any) -> bool:
    return bool(request.custom) and not request.type.startswith("pulumi:")


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions(
        depends_on=request.dependencies,
        ignore_changes=request.ignoreChanges,
        provider=request.provider,
        version=request.version,
    )
    if request.HasField("protect"):
        options.protect = request.protect
    return options


def _apply(request: Any, response: Any) -> None:
    if response.HasField("properties"):
        request.object.CopyFrom(response.properties)
    if response.HasField("options"):
        request.provider = response.options.provider
        del request.ignoreChanges[:]
        request.ignoreChanges.extend(response.options.ignore_changes)
        if response.options.HasField("protect"):
            request.protect = response.options.protect


def allow_other_shapes() -> None:
    """Make an echoed input unknown where the output of the same name has another shape, instead of failing the program.

    Azure's `identity.userAssignedIdentities` is a list in and a map out. A provider would answer in the output's shape;
    its content is known to nobody yet.
    """
    translate = rpc.translate_output_properties

    def tolerant(output: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return translate(output, *arguments, **options)
        except (AssertionError, TypeError, ValueError):
            return Unknown()  # type: ignore[no-untyped-call]  # the SDK types it not

    rpc.translate_output_properties = tolerant


def spare_the_sdk() -> None:
    """Leave out two computations of the SDK whose results nobody here asks for; together a third of a program's own time.

    For each alias of each resource, of which azure-native has a hundred a type, it makes a URN; and for each resource it
    reads the source files of every function on the stack.
    """
    setattr(pulumi.resource, "collapse_alias_to_urn", lambda *_: "")  # noqa: B010  not a public name
    setattr(pulumi.runtime.resource, "_get_stack_trace", source_pb2.StackTrace)  # noqa: B010  likewise


class RecordingEngine:
    """Stands where the engine's log service stands. An error that the program logs fails its run, as with the engine."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request: Any) -> Any:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse()

    def SetRootResource(self, request: Any) -> Any:  # noqa: N802
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any) -> Any:  # noqa: N802
        return engine_pb2.RequirePulumiVersionResponse()
