"""The rules' cases: read from `fixtures/<rule id>.toml`, as a graph for the evaluator and as requests for the policy server."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import wire
from core.findings import Finding
from core.graph import Graph, ProviderView, ResourceView
from core.values import UNKNOWN, Secret
from policies.rule import Context

FIXTURES = Path(__file__).parent / "fixtures"
CONTEXT = Context(required_tags=("team", "cost-centre"))
UNKNOWN_MARK, SECRET_MARK = "<unknown>", "<secret>"
STACK = "cases"


@dataclass(frozen=True)
class Resource:
    """One resource of a case as the file writes it."""

    type: str
    name: str
    props: Mapping[str, Any]
    provider: Mapping[str, Any] | None
    came_from: Mapping[str, str]

    @property
    def urn(self) -> str:
        return f"urn:pulumi:{STACK}::kokunai::{self.type}::{self.name}"

    def view(self) -> ResourceView:
        is_provider = self.type.startswith("pulumi:providers:")
        encoded = encoded_tree(self.props)
        props = wire.provider_properties(encoded) if is_provider else wire.properties(encoded)
        return ResourceView(self.urn, self.type, self.name, props, provider=self._provider())

    def _provider(self) -> ProviderView | None:
        if self.provider is None:
            return None
        token = f"pulumi:providers:{self.type.split(':', 1)[0]}"
        urn = f"urn:pulumi:{STACK}::kokunai::{token}::explicit"
        return ProviderView(urn, token, "explicit", wire.provider_properties(encoded_tree(self.provider)))


@dataclass(frozen=True)
class Case:
    """One case: a resource, what stands beside it, and what the rule finds in it."""

    rule: str
    name: str
    expect: str
    resource: Resource
    beside: tuple[Resource, ...]
    finds: tuple[Mapping[str, str], ...]

    def graph(self) -> Graph:
        resources = (*self.beside, self.resource)
        dependencies = {
            each.urn: dict.fromkeys(each.came_from, (self.resource.urn,)) for each in resources if each.came_from
        }
        return Graph(STACK, tuple(each.view() for each in resources), dependencies)


def encoded_tree(node: Any) -> Any:
    """The file's marks as the engine would encode them."""
    if isinstance(node, Mapping):
        return {key: encoded_tree(item) for key, item in node.items()}
    if isinstance(node, list):
        return [encoded_tree(item) for item in node]
    if node == UNKNOWN_MARK:
        return wire.UNKNOWN_STRING
    if isinstance(node, str) and node.startswith(SECRET_MARK):
        return {wire.SIGNATURE: wire.SECRET, "value": node.removeprefix(SECRET_MARK)}
    return node


def cases() -> Sequence[Case]:
    """Every case of every rule."""
    return [_case(path.stem, row) for path in sorted(FIXTURES.glob("*.toml")) for row in _rows(path)]


def summary(findings: Sequence[Finding], rule: str, urn: str) -> list[tuple[str, str, str, str]]:
    """What the file lists of findings: property, level, place, leak class; in order."""
    return sorted(
        (finding.property, str(finding.level), finding.location, str(finding.leak_class))
        for finding in findings
        if finding.rule == rule and finding.resource == urn
    )


def holds_unknown(node: Any) -> bool:
    """Whether a property tree holds anything unknown."""
    if isinstance(node, Secret):
        return holds_unknown(node.value)
    if isinstance(node, Mapping):
        return any(holds_unknown(item) for item in node.values())
    return any(holds_unknown(item) for item in node) if isinstance(node, list) else node is UNKNOWN


def _rows(path: Path) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = tomllib.loads(path.read_text("utf-8"))["case"]
    return rows


def _resource(row: Mapping[str, Any], name: str) -> Resource:
    return Resource(row["type"], row.get("resource", name), row["props"], row.get("provider"), row.get("from", {}))


def _case(rule: str, row: Mapping[str, Any]) -> Case:
    return Case(
        rule=rule,
        name=row["name"],
        expect=row["expect"],
        resource=_resource(row, "it"),
        beside=tuple(_resource(each, f"beside-{index}") for index, each in enumerate(row.get("beside", ()))),
        finds=tuple(row.get("finds", ())),
    )
