"""What costs money says whose it is: the tag registry's required keys on every cloud resource that takes tags, and as
labels on workloads.

Which types take tags, and in which property, is in `tables/taggable.json`. Values are the registry's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.findings import Finding, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Known, Unknown, Value
from policies import message, tables
from policies.rows import LATER, NOTHING_TO_DO
from policies.rule import Context


@dataclass(frozen=True)
class Taking:
    """Where a type takes tags, and whether the provider adds its default ones."""

    path: str
    defaults: bool


TAGGABLE: Final = {
    token: Taking(path, group == "defaults")
    for properties in tables.generated("taggable").values()
    for path, groups in properties.items()
    for group, tokens in groups.items()
    for token in tokens
}
DEFAULTS: Final[Mapping[str, str]] = {"aws": "defaultTags.tags", "gcp": "defaultLabels"}
WORKLOADS: Final = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet")
TEMPLATES: Final = {"CronJob": "spec.jobTemplate.spec.template.metadata.labels", "Pod": ""}
TEMPLATE: Final = "spec.template.metadata.labels"


class RequiredTags:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="required-tags",
        level=Level.MANDATORY,
        leak_class=None,
        title=Text(en="Resources carry the required tags", ja="リソースには必須タグを付けます"),
        why=Text(
            en="Costs are allocated by tags; what carries none is nobody's.",
            ja="費用はタグで按分します。タグのないリソースの費用は、負担先が決まりません。",
        ),
        fix=Text(
            en="Stamp the tags of the registry (estate/tags.yaml) on the resource or its provider.",
            ja="タグ台帳（estate/tags.yaml）のタグを、リソースまたはプロバイダに付けてください。",
        ),
        source="estate/tags.yaml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if not context.required_tags:
            return
        taking = TAGGABLE.get(resource.type)
        if taking:
            own = [resource.value(taking.path)]
            yield from self._missing(resource, taking.path, own + _defaults(resource, taking), context)
        elif resource.package == "kubernetes" and resource.kind in WORKLOADS:
            for path in ("metadata.labels", TEMPLATES.get(resource.kind, TEMPLATE)):
                if path:
                    yield from self._missing(resource, path, [resource.value(path)], context)

    def _missing(
        self, resource: ResourceView, path: str, sources: Iterable[Value], context: Context
    ) -> Iterator[Finding]:
        sources = tuple(sources)
        carried = {key for source in sources if isinstance(source, Known) for key in _keys(source)}
        missing = [key for key in context.required_tags if key not in carried]
        if not missing:
            return
        if any(isinstance(source, Unknown) for source in sources):
            text = message.said(resource, path, message.UNKNOWN, LATER, NOTHING_TO_DO)
            yield self.meta.finding(resource.urn, path, text, level=Level.ADVISORY)
            return
        keys = ", ".join(missing)
        problem = Text(en=f"required keys are missing: {keys}", ja=f"必須のキーがありません（{keys}）")
        said = Text(en="given", ja="指定あり") if isinstance(sources[0], Known) else message.ABSENT
        yield self.meta.finding(resource.urn, path, message.said(resource, path, said, problem, self.meta.fix))


def _defaults(resource: ResourceView, taking: Taking) -> list[Value]:
    path = DEFAULTS.get(resource.package)
    return [resource.provider.value(path)] if path and taking.defaults and resource.provider else []


def _keys(source: Known) -> Iterator[str]:
    """The keys that have a value; one that is not known yet will be there."""
    if isinstance(source.value, Mapping):
        yield from (key for key, value in source.value.items() if value not in ("", None))
