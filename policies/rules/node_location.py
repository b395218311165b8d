"""Pods and volumes are bound to places in Japan only: region and zone labels in selectors, affinities and topologies.

A cluster may span sites, so the label, not the cluster, says where something runs. Found by shape in any kind of object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from core import domestic
from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Known, Unknown, Value, at, is_list, joined, revealed
from policies import message, shapes
from policies.rule import Context
from policies.rules.location import LITERAL, NOT_JAPAN, UNDECIDED

PLACES: Final = ("region", "zone")
SELECTORS: Final = ("nodeSelector", "matchLabels")
NARROWING: Final = ("In", None)
"""Operators of an expression that say where something may be; the others say where it may not, or nothing."""
FIX: Final = Text(
    en="select nodes of a region or zone in Japan", ja="国内のリージョンまたはゾーンのノードを指定してください"
)


class NodeLocation:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="node-location",
        level=Level.MANDATORY,
        leak_class=LeakClass.S2,
        title=Text(en="Pods and volumes stay in Japan", ja="Pod とボリュームは国内に限ります"),
        why=Text(
            en="Prompts are processed where the pod runs, and kept where its volume is.",
            ja="プロンプトは Pod の実行場所で処理され、ボリュームの場所に保存されます。",
        ),
        fix=FIX,
        source="Kubernetes documentation, well-known labels",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.package != "kubernetes" or resource.is_provider:
            return
        for path, value in _places(resource):
            if isinstance(value, Unknown):
                text = message.said(resource, path, message.UNKNOWN, UNDECIDED, LITERAL)
                yield self.meta.finding(resource.urn, path, text)
            elif isinstance(value, Known) and not _is_domestic(value.value):
                text = message.said(resource, path, message.shown(value), NOT_JAPAN, FIX)
                yield self.meta.finding(resource.urn, path, text, location=message.location_of(value))


def _is_place(label: object) -> bool:
    return isinstance(label, str) and "/" in label and label.rsplit("/", 1)[-1] in PLACES


def _is_domestic(name: Any) -> bool:
    return isinstance(name, str) and domestic.node_label(name) is domestic.Verdict.DOMESTIC


def _places(resource: ResourceView) -> Iterator[tuple[str, Value]]:
    for path, node, secret in shapes.mappings(resource.props):
        for name in SELECTORS:
            labels = revealed(node.get(name))
            if isinstance(labels, Mapping):
                for label in labels:
                    if _is_place(label):
                        yield from _values(joined(joined(path, name), label), labels[label], secret)
        if _is_place(revealed(node.get("key"))) and "values" in node and revealed(node.get("operator")) in NARROWING:
            yield from _values(joined(path, "values"), node["values"], secret)


def _values(path: str, node: Any, secret: bool) -> Iterator[tuple[str, Value]]:
    for where, value in at({"it": node}, "it[]" if is_list(revealed(node)) else "it"):
        yield (
            path + where.removeprefix("it"),
            Known(value.value, True) if isinstance(value, Known) and secret else value,
        )
