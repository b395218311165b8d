"""Only packages that the rules understand: on a type of an unknown package every other rule would be silent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from policies import message
from policies.rule import Context

CLOUDS: Final = frozenset({"aws", "azure-native", "gcp", "kubernetes"})
COMPONENTS: Final = "kokunai"
ENGINE: Final = frozenset({"pulumi:pulumi:Stack"})
"""The engine's own types that hold nothing; a StackReference, for one, would bring values from another state."""


class KnownPackage:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="known-package",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Only packages that the rules know", ja="規則が対応しているパッケージのみを使用します"),
        why=Text(
            en="No rule can tell where a resource of another package puts data.",
            ja="未対応のパッケージのリソースがどこにデータを置くかは、どの規則でも判定できません。",
        ),
        fix=Text(
            en="Use aws, azure-native, gcp or kubernetes.", ja="aws、azure-native、gcp、kubernetes を使用してください。"
        ),
        source="policies/rules/known_package.py",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.package in CLOUDS or resource.type in ENGINE:
            return
        if resource.package == COMPONENTS and not resource.is_provider:
            return
        problem = Text(en="no rule knows this package", ja="このパッケージに対応する規則がありません")
        yield self.meta.finding(resource.urn, "", message.said(resource, "", message.ABSENT, problem, self.meta.fix))
