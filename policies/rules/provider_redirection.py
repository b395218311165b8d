"""No provider setting sends requests elsewhere than its region says: endpoints, proxies, profiles, other clouds.

The settings are rows of `tables/providers.toml`; hosts of endpoints are judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from catalog.load import catalogue
from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Known, Unknown, leaves
from policies import message, rows, tables
from policies.rule import Context

ROWS: Final = rows.table(tables.toml("providers")["row"])


def _hosts(site: str, pattern: str) -> re.Pattern[str]:
    regions = "|".join(re.escape(region.name) for region in catalogue().regions if region.site == site)
    return re.compile(rf"(?:https://)?{pattern.format(region=f'(?:{regions})')}(?::443)?(?:/[\w/.-]*)?")


# Endpoint names that carry their region: AWS regional and interface endpoints; Google regional endpoints.
DOMESTIC_HOSTS: Final = {
    "aws": _hosts("aws", r"[a-z0-9.-]+\.{region}\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)"),
    "gcp": _hosts("gcp", r"(?:{region}-[a-z]+\.googleapis\.com|[a-z]+\.{region}\.rep\.googleapis\.com)"),
}
PROBLEM: Final = Text(
    en="an endpoint outside Japan, or one whose place cannot be read from its name, would receive the requests",
    ja="国外、または名前から所在を判断できないエンドポイントに要求が送られます",
)
FIX: Final = Text(
    en="remove it, or use the regional endpoint of a region in Japan",
    ja="削除するか、国内リージョンのリージョナルエンドポイントを指定してください",
)


class ProviderRedirection:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="provider-redirection",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(
            en="Provider settings do not send requests elsewhere", ja="プロバイダの設定で要求の送信先を変えません"
        ),
        why=Text(
            en="An endpoint, proxy or profile overrides the region that the plan shows.",
            ja="エンドポイント・プロキシ・プロファイルの指定は、計画に表示されるリージョンより優先されます。",
        ),
        fix=Text(en="Remove the setting.", ja="設定を削除してください。"),
        source="policies/tables/providers.toml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if not resource.is_provider:
            return
        yield from rows.findings(self.meta, ROWS.get(resource.type, ()), resource)
        for name in resource.props:
            if (resource.package, name) == ("aws", "endpoints") or (
                resource.package == "gcp" and name.endswith("CustomEndpoint")
            ):
                yield from self._endpoint(resource, name)

    def _endpoint(self, resource: ResourceView, name: str) -> Iterator[Finding]:
        for path, value in leaves(resource.props[name], name):
            if isinstance(value, Unknown):
                text = message.said(resource, path, message.UNKNOWN, PROBLEM, FIX)
            elif value.value in (None, "") or _is_domestic(resource.package, value):
                continue
            else:
                text = message.said(resource, path, message.shown(value), PROBLEM, FIX)
            yield self.meta.finding(resource.urn, path, text)


def _is_domestic(package: str, value: Known) -> bool:
    return isinstance(value.value, str) and DOMESTIC_HOSTS[package].fullmatch(value.value) is not None
