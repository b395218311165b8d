"""No default provider: its region comes from configuration and environment, and a forgotten `provider=` goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from policies import message
from policies.rule import Context

DEFAULT: Final = "default"
"""How the engine names a default provider: `default`, or `default_7_51_1` with the version of its SDK."""


class ExplicitProvider:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="explicit-provider",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Every resource names its provider", ja="すべてのリソースがプロバイダを明示します"),
        why=Text(
            en="A default provider takes its account and region from wherever the program happens to run.",
            ja="既定のプロバイダは、実行環境に応じたアカウントとリージョンを使用します。",
        ),
        fix=Text(
            en="Pass an explicit provider; list `*` in pulumi:disable-default-providers.",
            ja="プロバイダを明示し、pulumi:disable-default-providers に `*` を指定してください。",
        ),
        source="Pulumi documentation, resource options: provider",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if not resource.is_provider or resource.name.split("_", 1)[0] != DEFAULT:
            return
        problem = Text(
            en="a default provider, made because some resource names none",
            ja="プロバイダを指定しないリソースがあるため作られた既定のプロバイダです",
        )
        yield self.meta.finding(resource.urn, "", message.said(resource, "", message.ABSENT, problem, self.meta.fix))
