"""Every provider says where it works, and says Japan. Said nowhere, the region comes from the environment, unseen.

Not the rule for where a provider's requests go (`provider_redirection`), nor for which provider a resource uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from core import domestic
from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Absent, Known, Unknown
from policies import message
from policies.rule import Context
from policies.rules.location import LITERAL, NOT_A_PLACE, NOT_JAPAN, UNDECIDED, allowed, is_domestic

REQUIRED: Final[Mapping[str, dict[str, str]]] = {
    "aws": {"region": "region"},
    "azure-native": {"location": "region"},
    "gcp": {"region": "region"},
}
OPTIONAL: Final[Mapping[str, dict[str, str]]] = {"aws": {"stsRegion": "region"}, "gcp": {"zone": "zone"}}

FROM_OUTSIDE: Final = Text(
    en="it would come from the environment, a profile or a resource group, where no rule can see it",
    ja="環境変数やプロファイル、リソースグループの値が使われ、規則からは見えません",
)


class DomesticProvider:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="domestic-provider",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Providers work in Japan, and say so", ja="プロバイダは国内リージョンを明示します"),
        why=Text(
            en="A resource without a place of its own is created where its provider works.",
            ja="配置先を持たないリソースは、プロバイダのリージョンに作成されます。",
        ),
        fix=Text(
            en="Give the provider a region in Japan as a literal of the stack's settings.",
            ja="スタックの設定値として、プロバイダに国内のリージョンを指定してください。",
        ),
        source="catalog/regions.toml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if not resource.is_provider or resource.package not in REQUIRED:
            return
        site = domestic.SITE_OF_PACKAGE[resource.package]
        required = REQUIRED[resource.package]
        for path, kind in (required | OPTIONAL.get(resource.package, {})).items():
            value = resource.value(path)
            if isinstance(value, Unknown):
                text = message.said(resource, path, message.UNKNOWN, UNDECIDED, LITERAL)
                yield self.meta.finding(resource.urn, path, text)
            elif isinstance(value, Absent) or value == Known(""):
                if path in required:
                    text = message.said(resource, path, message.ABSENT, FROM_OUTSIDE, allowed(site, kind))
                    yield self.meta.finding(resource.urn, path, text)
            elif not isinstance(value.value, str):
                text = message.said(resource, path, message.shown(value), NOT_A_PLACE, allowed(site, kind))
                yield self.meta.finding(resource.urn, path, text)
            elif not is_domestic(site, kind, value.value, resource.type):
                text = message.said(resource, path, message.shown(value), NOT_JAPAN, allowed(site, kind))
                yield self.meta.finding(resource.urn, path, text, location=message.location_of(value))
