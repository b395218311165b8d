"""Nothing of a cloud faces the internet: no public address, no public control plane, no open bucket, no open rule.

The properties are rows of `tables/exposure.toml`. Services of a cluster are judged by `private_service`, access lists that
name everybody by `no_public_principal`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from policies import rows, tables
from policies.rule import Context

ROWS: Final = rows.table(tables.toml("exposure")["row"])


class NoPublicExposure:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="no-public-exposure",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Nothing faces the internet", ja="インターネットに公開しません"),
        why=Text(
            en="What has a public address or an open rule can be reached and read from any country.",
            ja="パブリックアドレスや開放された規則があると、どの国からでも到達・閲覧できます。",
        ),
        fix=Text(en="Keep it inside the private network.", ja="専用ネットワークの内側に置いてください。"),
        source="policies/tables/exposure.toml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        return rows.findings(self.meta, ROWS.get(resource.type, ()), resource)
