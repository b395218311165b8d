"""Helm charts in a rehearsal: their CustomResourceDefinitions if the chart is at hand, and nothing else.

A chart is a program that writes objects, and what those objects do is a third party's software: neither runs here. So that
the stack's own custom resources can be applied, the definitions in a local chart's `crds` directories are. Definitions that
a chart keeps among its templates are not found. No output ever says that a release is deployed.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import KokunaiError
from rehearsal.cluster.api import Object
from rehearsal.kubernetes_provider.differences import differences
from rehearsal.kubernetes_provider.kinds import Kind, Served
from rehearsal.kubernetes_provider.naming import named
from rehearsal.kubernetes_provider.objects import Comparison, NotReady, Objects, Resource, Voice
from rehearsal.kubernetes_provider.readiness import State
from rehearsal.kubernetes_provider.values import opened, whole
from rehearsal.standin import wire
from rehearsal.standin.wire import UNKNOWN, has_unknown

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
CHART: Final = "kubernetes:helm.sh/v4:Chart"
STATUS: Final = "rehearsal: not installed"
DEFINITION: Final = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
DEFINITIONS: Final = Served(DEFINITION, "customresourcedefinitions", namespaced=False)
ARCHIVES: Final = (".tgz", ".tar.gz")


def checked(resource: Resource, old: Mapping[str, Any], seed: bytes) -> Object:
    """A release's inputs with a name, made up as an object's would be."""
    before = {"metadata": {"name": old.get("name"), "annotations": {"pulumi.com/autonamed": "true"}}} if old else {}
    if resource.inputs.get("name"):
        return resource.inputs
    name = named({"metadata": {}}, before, resource.name, seed)["metadata"]["name"]
    return {**resource.inputs, "name": name}


def compare(resource: Resource, old: Object) -> Comparison:
    """What differs; another name or namespace is another release."""
    found = tuple(differences(old, resource.inputs))
    return Comparison(found, frozenset(each for each in found if each.path[0] in ("name", "namespace")))


def install(
    resource: Resource, objects: Objects, voice: Voice, directories: Sequence[str], *, preview: bool
) -> tuple[str, Object]:
    """What stands for the installation of a release: its definitions. Its id and state.

    Raises:
        KokunaiError: a definition is refused.
        NotReady: a definition was applied and is not served.
    """
    inputs = resource.inputs
    name, namespace = inputs["name"], inputs.get("namespace", objects.connection.namespace)
    identity = name if UNKNOWN in (name, namespace) else f"{namespace}/{name}"
    if preview:
        # Nothing that a chart would compute is made up; nothing is left unknown that never becomes known.
        return "", {**inputs, "status": UNKNOWN, "resourceNames": UNKNOWN}
    outputs = {**inputs, "resourceNames": {}, "status": _status(name, namespace, inputs)}
    found = definitions(inputs, directories)
    for body in found:
        path = DEFINITIONS.path("", body["metadata"]["name"])
        live = objects.api.apply(path, body, manager=resource.manager, force="true").object
        verdict, _ = objects.waiting.until_ready(DEFINITION, path, {}, live, 0, voice.status)
        if verdict.state is not State.READY:
            raise NotReady(identity, outputs, inputs, [f"{body['metadata']['name']}: {verdict.message}"])
    voice.note(_told(str(inputs.get("chart")), len(found)))
    return identity, outputs


def construct(request: Any, directories: Sequence[str], tell: Callable[[str, str], None]) -> Any:
    """Answer the engine for a `helm.v4.Chart`, a component whose children are the definitions.

    Args:
        tell: says a text about the resource with a URN to the user.

    Raises:
        KokunaiError: the component is another one, which is not stood in for.
    """
    if request.type != CHART:
        raise KokunaiError(
            f"{request.type} is not stood in for: it would read files and render objects",
            fix="declare the objects in the program, or leave it out of what is rehearsed",
        )
    inputs = opened(whole(wire.plain(request.inputs)))
    with grpc.insecure_channel(request.monitorEndpoint) as channel:
        monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        component = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=False,
                object=request.inputs,
                dependencies=list(request.dependencies),
                providers=dict(request.providers),
                aliases=list(request.aliases),
                acceptSecrets=True,
                protect=request.protect,
            )
        )
        found = [] if has_unknown(inputs.get("chart")) else definitions(inputs, directories)
        for body in found:
            monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type="kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
                    name=f"{request.name}:{body['metadata']['name']}",
                    parent=component.urn,
                    custom=True,
                    object=wire.struct(body),
                    provider=request.providers.get("kubernetes", ""),
                    acceptSecrets=True,
                )
            )
        state = wire.struct({"resources": []})
        monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=component.urn, outputs=state))
    tell(component.urn, _told(str(inputs.get("chart")), len(found)))
    return provider_pb2.ConstructResponse(urn=component.urn, state=state)


def definitions(inputs: Mapping[str, Any], directories: Sequence[str]) -> list[Object]:
    """The CustomResourceDefinitions of a chart that lies on this machine; none where it does not, or none are wanted."""
    chart, options = inputs.get("chart"), inputs.get("repositoryOpts") or {}
    if not isinstance(chart, str) or options.get("repo") or inputs.get("skipCrds") is True:
        return []
    for base in ("", *directories):
        path = Path(base, chart).expanduser()
        if path.is_dir() and (path / "Chart.yaml").exists():
            return _parsed(_in_directory(path))
        if path.is_file() and path.name.endswith(ARCHIVES):
            try:
                return _parsed(_in_archive(path.read_bytes()))
            except (tarfile.TarError, OSError) as error:
                raise KokunaiError("this archive of a chart cannot be read", where=str(path)) from error
    return []


def _in_directory(chart: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(chart.rglob("*")):
        relative = path.relative_to(chart)
        if path.is_file() and path.name.endswith(ARCHIVES) and "charts" in relative.parts:
            yield from _in_archive(path.read_bytes())
        elif path.is_file() and _is_definition(relative.parts):
            yield str(path), path.read_text("utf-8")


def _in_archive(content: bytes) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file and member.name.endswith(ARCHIVES):
                yield from _in_archive(file.read())
            elif file and _is_definition(Path(member.name).parts[1:]):
                yield member.name, file.read().decode("utf-8")


def _is_definition(parts: Sequence[str]) -> bool:
    """Whether a file of a chart, by its path in it, is one of its (or a part's) `crds` directory."""
    return "crds" in parts[:-1] and "templates" not in parts and parts[-1].endswith((".yaml", ".yml", ".json"))


def _parsed(files: Iterator[tuple[str, str]]) -> list[Object]:
    found: dict[str, Object] = {}
    for name, text in files:
        try:
            documents = list(YAML(typ="safe", pure=True).load_all(text))
        except YAMLError as error:
            raise KokunaiError("this file of the chart is no YAML", where=name) from error
        for document in documents:
            if isinstance(document, dict) and document.get("kind") == DEFINITION.name:
                found[document["metadata"]["name"]] = document
    return list(found.values())


def _status(name: str, namespace: str, inputs: Mapping[str, Any]) -> Object:
    told = {"status": STATUS, "name": name, "namespace": namespace, "revision": 0, "chart": inputs.get("chart", "")}
    return {**told, "version": inputs["version"]} if "version" in inputs else told


def _told(chart: str, count: int) -> str:
    what = f"its {count} CustomResourceDefinitions were applied" if count else "nothing of it was applied"
    return f"rehearsal: the chart {chart} is not installed and does not run; {what}"
