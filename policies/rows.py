"""Rules that are alike, as rows of a table: a property of a type, what it may hold, and what its absence means.

A row names `type`, and `path` (none: that the resource exists at all is the objection). What it may hold is one of
`accept` (these values), `refuse` (any but these), `private` (private networks only, and the words of `accept`), and
without any of them nothing. `absent = "refuse"` where the provider's default is the wrong one. `when` limits a row to
resources whose other property holds one of some values. `each` names a list of objects: path and conditions are then
read in each of them. Texts are `problem_en`, `problem_ja`, `fix_en`, `fix_ja`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from typing import Any, Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import ResourceView
from core.values import Absent, Known, Secret, Unknown, Value, at, is_list, joined
from policies import message

# Python does not call the carriers' shared address space private; no client from the internet has such an address.
SHARED: Final = IPv4Network("100.64.0.0/10")
LATER: Final = Text(
    en="not judged until the update knows it",
    ja="更新時に値が決まってから判定します",
)
NOTHING_TO_DO: Final = Text(en="nothing to do if the value is right", ja="値が正しければ対応は不要です")


@dataclass(frozen=True)
class Condition:
    """Another property must hold one of `values` (absent counts as `default`)."""

    path: str
    values: tuple[Any, ...]
    default: Any = None

    def holds(self, tree: Any) -> bool:
        """Unknown counts as holding: rather ask once too often."""
        value = next((value for _, value in at(tree, self.path)), Absent())
        if isinstance(value, Unknown):
            return True
        return (value.value if isinstance(value, Known) else self.default) in self.values


@dataclass(frozen=True)
class Row:
    """One row; see the module."""

    type: str
    problem: Text
    fix: Text
    path: str = ""
    each: str = ""
    accept: tuple[Any, ...] | None = None
    refuse: tuple[Any, ...] | None = None
    private: bool = False
    absent: str = "allow"
    when: tuple[Condition, ...] = ()
    leak_class: LeakClass | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Row:
        """A row as the table writes it."""
        return cls(
            type=row["type"],
            path=row.get("path", ""),
            each=row.get("each", ""),
            accept=tuple(row["accept"]) if "accept" in row else None,
            refuse=tuple(row["refuse"]) if "refuse" in row else None,
            private=row.get("private", False),
            absent=row.get("absent", "allow"),
            when=tuple(
                Condition(each["path"], tuple(each["values"]), each.get("default")) for each in row.get("when", ())
            ),
            leak_class=LeakClass(row["leak_class"]) if "leak_class" in row else None,
            problem=Text(en=row["problem_en"], ja=row["problem_ja"]),
            fix=Text(en=row["fix_en"], ja=row["fix_ja"]),
        )

    def accepts(self, item: Any) -> bool:
        """Whether one known value is right."""
        if self.private:
            return item in (self.accept or ()) or is_private(item)
        if self.accept is not None:
            return item in self.accept
        if self.refuse is not None:
            return item not in self.refuse
        return item in ("", [], {}, False)


def table(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[Row, ...]]:
    """Rows by type."""
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        found[row["type"]] = (*found.get(row["type"], ()), Row.of(row))
    return found


def findings(meta: RuleMeta, rows: Iterable[Row], resource: ResourceView) -> Iterator[Finding]:
    """The objections of the rows of one type to one resource of that type."""
    for row in rows:
        for here, value in resource.values(row.each) if row.each else (("", Known(resource.props)),):
            if isinstance(value, Known):
                yield from _in(meta, row, resource, here, value)
            elif isinstance(value, Unknown):
                yield from _judged(meta, row, resource, here, value)


def _in(meta: RuleMeta, row: Row, resource: ResourceView, here: str, scope: Known) -> Iterator[Finding]:
    if not all(condition.holds(scope.value) for condition in row.when):
        return
    if not row.path:
        text = message.said(resource, "", message.ABSENT, row.problem, row.fix)
        yield meta.finding(resource.urn, "", text, leak_class=row.leak_class)
        return
    tree = Secret(scope.value) if scope.secret else scope.value
    for path, value in at(tree, row.path):
        yield from _judged(meta, row, resource, joined(here, path) if path else here, value)


def _judged(meta: RuleMeta, row: Row, resource: ResourceView, path: str, value: Value) -> Iterator[Finding]:
    if isinstance(value, Unknown):
        text = message.said(resource, path, message.UNKNOWN, LATER, NOTHING_TO_DO)
        yield meta.finding(resource.urn, path, text, level=Level.ADVISORY, leak_class=row.leak_class)
    elif isinstance(value, Absent):
        if row.absent == "refuse":
            text = message.said(resource, path, message.ABSENT, row.problem, row.fix)
            yield meta.finding(resource.urn, path, text, leak_class=row.leak_class)
    else:
        for item in value.value if is_list(value.value) and row.private else (value.value,):
            if not row.accepts(item):
                text = message.said(resource, path, message.shown(Known(item, value.secret)), row.problem, row.fix)
                yield meta.finding(resource.urn, path, text, leak_class=row.leak_class)


def is_private(network: Any) -> bool:
    """Whether `network` is an address or network that nobody on the internet has."""
    if not isinstance(network, str):
        return False
    try:
        parsed = ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.is_private or (isinstance(parsed, IPv4Network) and parsed.subnet_of(SHARED))
