"""Every place that a cloud resource names is in Japan: its own, and each replica, zone or copy it names beside it.

Which properties hold a place is data: `tables/location_words.toml` decides names, `tables/locations.json` lists them per
type, `tables/locations.toml` knows the exceptions. Not the provider's region (`provider_location`), nor references
without a place in them, such as an ARN of a bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from catalog.load import SiteName
from core import domestic
from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Absent, Known, Unknown, Value, is_list
from policies import message, tables
from policies.rule import Context

WORDS: Final = tables.toml("location_words")
SINGLE: Final = tables.toml("locations")
OWN: Final[Mapping[str, dict[str, str]]] = WORDS["own"]
LISTED: Final[Mapping[str, dict[str, str]]] = tables.generated("locations")
VOCABULARY: Final = {kind: frozenset(words) for kind, words in WORDS["vocabulary"].items()}
GLOBAL: Final = frozenset(row["type"] for row in SINGLE["global"])
LEAK: Final = {module: LeakClass(row["class"]) for row in SINGLE["leak"] for module in row["modules"]}
OTHER_CLOUD: Final[Mapping[str, SiteName]] = {"aws-region": "aws", "azure-region": "azure"}
BUCKET: Final = "gcp:storage/bucket:Bucket"

NOT_JAPAN: Final = Text(en="not in Japan", ja="国内ではありません")
NOT_A_PLACE: Final = Text(en="not the name of a place", ja="場所の名前ではありません")
UNDECIDED: Final = Text(
    en="a place must be readable in the plan, else a foreign one could pass unseen",
    ja="場所は計画の時点で読めなければなりません。国外の場所が見えないまま通るおそれがあります",
)
LITERAL: Final = Text(en="write the place as a literal", ja="場所を固定の値で書いてください")


def leak_class(type_token: str) -> LeakClass:
    """What a resource of this type abroad would let out; customer data at rest unless the table says otherwise."""
    package, _, rest = type_token.partition(":")
    return LEAK.get(f"{package}:{rest.split(':', 1)[0].split('/', 1)[0]}", LeakClass.S1)


def is_domestic(site: SiteName, kind: str, name: str, type_token: str) -> bool:
    """Whether a place name, judged as `kind`, is in Japan."""
    if kind in VOCABULARY:
        return name.rsplit("/", 1)[-1] in VOCABULARY[kind]
    if kind == "place":
        verdict = domestic.place(site, name, type_token)
    elif kind == "zone":
        verdict = domestic.zone(site, name)
    else:
        verdict = domestic.region(OTHER_CLOUD.get(kind, site), name)
    return verdict is domestic.Verdict.DOMESTIC


def allowed(site: SiteName, kind: str) -> Text:
    """What to write instead."""
    if kind in VOCABULARY:
        words = ", ".join(sorted(VOCABULARY[kind]))
        return Text(en=f"use one of {words}", ja=f"{words} のいずれかを指定してください")
    regions = domestic.allowed_regions(OTHER_CLOUD.get(kind, site))
    if kind == "zone":
        return Text(en=f"use a zone of {regions}", ja=f"{regions} のゾーンを指定してください")
    return Text(en=f"use {regions}", ja=f"{regions} を指定してください")


class DomesticLocation:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="domestic-location",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Resources are placed in Japan only", ja="リソースの配置先は国内に限ります"),
        why=Text(
            en="What is stored, copied or processed in a foreign region is subject to that country's law and access.",
            ja="国外のリージョンで保存・複製・処理されるデータは、その国の法令とアクセスの対象になります。",
        ),
        fix=Text(
            en="Name a region or zone in Japan; remove replicas and copies abroad.",
            ja="国内のリージョンまたはゾーンを指定し、国外への複製をやめてください。",
        ),
        source="catalog/regions.toml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.is_provider or resource.package not in OWN:
            return
        site = domestic.SITE_OF_PACKAGE[resource.package]
        for path, kind in (OWN[resource.package] | LISTED.get(resource.type, {})).items():
            for where, value in resource.values(path):
                yield from self._place(resource, site, kind, where, value)
        yield from self._edge(resource)
        yield from self._omissions(resource)

    def _place(self, resource: ResourceView, site: SiteName, kind: str, path: str, value: Value) -> Iterator[Finding]:
        if isinstance(value, Unknown):
            text = message.said(resource, path, message.UNKNOWN, UNDECIDED, LITERAL)
            yield self.meta.finding(resource.urn, path, text, leak_class=leak_class(resource.type))
        elif isinstance(value, Known):
            for where, name in _names(path, value):
                if not self._accepted(resource, site, kind, name):
                    problem = NOT_JAPAN if isinstance(name.value, str) else NOT_A_PLACE
                    text = message.said(resource, where, message.shown(name), problem, allowed(site, kind))
                    yield self.meta.finding(
                        resource.urn,
                        where,
                        text,
                        location=message.location_of(name),
                        leak_class=leak_class(resource.type),
                    )

    def _accepted(self, resource: ResourceView, site: SiteName, kind: str, value: Known) -> bool:
        name = value.value
        if name == "":
            return True  # as if it were absent: the provider's own place counts, and is judged there
        if not isinstance(name, str):
            return False
        if name.lower() == "global" and resource.type in GLOBAL:
            return True
        if resource.type == BUCKET and name.upper() == "ASIA":
            return _pinned(resource)
        return is_domestic(site, kind, name, resource.type)

    def _edge(self, resource: ResourceView) -> Iterator[Finding]:
        if resource.package != "azure-native":
            return
        for path, value in resource.values("extendedLocation"):
            if not isinstance(value, Absent):
                problem = Text(
                    en="an edge zone may stand outside the country of its region",
                    ja="エッジゾーンは、属するリージョンの国の外に置かれることがあります",
                )
                fix = Text(en="remove it", ja="削除してください")
                text = message.said(resource, path, Text(en="given", ja="指定あり"), problem, fix)
                yield self.meta.finding(resource.urn, path, text, leak_class=leak_class(resource.type))

    def _omissions(self, resource: ResourceView) -> Iterator[Finding]:
        rows = ((row, kind) for kind in ("absent", "present") for row in SINGLE[kind] if row["type"] == resource.type)
        for row, kind in rows:
            for path, value in resource.values(row["path"]):
                if isinstance(value, Absent) != (kind == "absent") or not _applies(row, path):
                    continue
                means = Text(
                    en=f"that means {row['means_en']}" if kind == "absent" else row["means_en"],
                    ja=f"その場合は{row['means_ja']}になります" if kind == "absent" else row["means_ja"],
                )
                said = message.ABSENT if kind == "absent" else Text(en="given", ja="指定あり")
                text = message.said(resource, row["path"], said, means, allowed("gcp", "place"))
                yield self.meta.finding(resource.urn, row["path"], text, leak_class=leak_class(resource.type))


def _names(path: str, value: Known) -> Iterator[tuple[str, Known]]:
    """A value that is a list where one name was expected is judged name by name."""
    if is_list(value.value):
        for index, item in enumerate(value.value):
            yield f"{path}[{index}]", Known(item, value.secret)
    else:
        yield path, value


def _applies(row: Mapping[str, Any], path: str) -> bool:
    return bool(row.get("container", True)) or path == row["path"]


def _pinned(resource: ResourceView) -> bool:
    """Whether a bucket in the multi-region ASIA is pinned to places in Japan."""
    names = [value for _, value in resource.values("customPlacementConfig.dataLocations[]")]
    return bool(names) and all(
        isinstance(value, Known)
        and isinstance(value.value, str)
        and domestic.region("gcp", value.value) is domestic.Verdict.DOMESTIC
        for value in names
    )
