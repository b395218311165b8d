"""The real policy server of the pack as a process, driven over its protocol the way the engine does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from tests.policies.cases import Case, Resource, encoded_tree

PACK = Path(__file__).parents[2] / "policies"
REGISTRY = """\
keys:
  team:
    title: {ja: 組, en: Team}
    pattern: ".*"
  cost-centre:
    title: {ja: 費用負担部署, en: Cost centre}
    pattern: ".*"
shared:
  team: platform
  cost-centre: cc-1
"""


def estate(directory: Path) -> Path:
    """An estate whose registry requires the keys that the cases expect."""
    directory.mkdir(exist_ok=True)
    (directory / "tags.yaml").write_text(REGISTRY, "utf-8")
    return directory


@contextmanager
def running(estate: Path, **environment: str) -> Iterator[Any]:
    """A stub of a freshly started policy server; `stub.process` is its process."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)],
        cwd=PACK,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "KOKUNAI_ESTATE": str(estate), "KOKUNAI_LANG": "en", **environment},
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        assert port.isdigit(), process.communicate(timeout=10)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = analyzer_pb2_grpc.AnalyzerStub(channel)
            stub.process = process
            yield stub
    finally:
        process.kill()
        process.communicate()


def struct(tree: Mapping[str, Any]) -> struct_pb2.Struct:
    """A tree of a case as the engine sends it."""
    return json_format.ParseDict(encoded_tree(tree), struct_pb2.Struct())


def provider(resource: Resource) -> Any:
    view = resource.view().provider
    if view is None or resource.provider is None:
        return None
    return analyzer_pb2.AnalyzerProviderResource(
        type=view.type, urn=view.urn, name=view.name, properties=struct(resource.provider)
    )


def request(resource: Resource) -> Any:
    """What the engine sends of a resource before it is created."""
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=struct(resource.props),
        provider=provider(resource),
        options=analyzer_pb2.AnalyzerResourceOptions(),
    )


def analyze(stub: Any, case: Case) -> list[Any]:
    """All diagnostics of a case: of each resource in turn, then of the whole stack."""
    graph = case.graph()
    resources = (*case.beside, case.resource)
    stub.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack=graph.stack))
    diagnostics = [each for resource in resources for each in stub.Analyze(request(resource)).diagnostics]
    stack = analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                type=resource.type,
                urn=resource.urn,
                name=resource.name,
                properties=struct(resource.props),
                provider=provider(resource),
                options=analyzer_pb2.AnalyzerResourceOptions(),
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
                    for key, urns in graph.dependencies.get(resource.urn, {}).items()
                },
            )
            for resource in resources
        ]
    )
    return [*diagnostics, *stub.AnalyzeStack(stack).diagnostics]
