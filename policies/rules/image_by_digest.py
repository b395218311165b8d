"""Containers run what was scanned: images are named by digest, in every container of whatever makes pods.

Found by shape, so that custom resources which embed pod templates are judged, too. Not the rule about registries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Absent, Secret, Unknown, Value, at, is_list, joined, revealed
from policies import message, shapes
from policies.rows import LATER
from policies.rule import Context

PINNED: Final = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
# Where Kubernetes' own kinds hold their pod; elsewhere pods are found by shape.
PODS: Final = {
    "CronJob": "spec.jobTemplate.spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "Deployment": "spec.template.spec",
    "Job": "spec.template.spec",
    "Pod": "spec",
    "PodTemplate": "template.spec",
    "ReplicaSet": "spec.template.spec",
    "ReplicationController": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
}
PROBLEM: Final = Text(
    en="a tag can be moved to another image after it was scanned",
    ja="タグは、検査後に別のイメージへ付け替えられるおそれがあります",
)
NO_IMAGE: Final = Text(en="a container without an image", ja="コンテナにイメージの指定がありません")


class ImageByDigest:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="image-by-digest",
        level=Level.MANDATORY,
        leak_class=LeakClass.S3,
        title=Text(en="Images are named by digest", ja="コンテナイメージはダイジェストで指定します"),
        why=Text(
            en="Only a digest says which bytes run; a bare name even means a registry abroad.",
            ja="実行される内容を特定できるのはダイジェストだけです。レジストリ名のない指定は国外のレジストリを意味します。",
        ),
        fix=Text(
            en="Write registry/name@sha256:… with the digest of the lock (estate/lock.yaml).",
            ja="ロック（estate/lock.yaml）のダイジェストを使い、registry/name@sha256:… と指定してください。",
        ),
        source="OCI image specification, descriptors",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.package != "kubernetes" or resource.is_provider:
            return
        for path, value in dict(_images(resource)).items():
            if isinstance(value, Unknown):
                text = message.said(resource, path, message.UNKNOWN, LATER, self.meta.fix)
                yield self.meta.finding(resource.urn, path, text, level=Level.ADVISORY)
            elif isinstance(value, Absent):
                text = message.said(resource, path, message.ABSENT, NO_IMAGE, self.meta.fix)
                yield self.meta.finding(resource.urn, path, text)
            elif not (isinstance(value.value, str) and PINNED.fullmatch(value.value)):
                text = message.said(resource, path, message.shown(value), PROBLEM, self.meta.fix)
                yield self.meta.finding(resource.urn, path, text)


def _images(resource: ResourceView) -> Iterator[tuple[str, Value]]:
    pod = PODS.get(resource.kind.removesuffix("Patch"))
    if pod:
        # A patch may leave containers out, and a container of a patch its image; an empty pod has no image to judge.
        patch = resource.kind.endswith("Patch")
        for name in CONTAINERS:
            for path, value in resource.values(f"{pod}.{name}[].image"):
                if isinstance(value, Absent) and (patch or not path.endswith(".image")):
                    continue
                yield path, value
    for path, node, secret in shapes.mappings(resource.props):
        tree = Secret(node) if secret else node
        for name in CONTAINERS:
            if name in node and _holds_containers(node[name]):
                yield from _placed(path, at(tree, f"{name}[].image"))
        if "volumes" in node:
            images = _placed(path, at(tree, "volumes[].image.reference"))
            yield from ((where, value) for where, value in images if where.endswith(".image.reference"))


def _holds_containers(node: Any) -> bool:
    items = revealed(node)
    return is_list(items) and any(isinstance(item, Mapping) and "image" in item for item in map(revealed, items))


def _placed(here: str, found: Iterator[tuple[str, Value]]) -> Iterator[tuple[str, Value]]:
    return ((joined(here, path), value) for path, value in found)
