"""What has changed between the inputs of the last run and those of this one, and whether that makes a new resource. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from rehearsal.standin.cloud import Cloud
from rehearsal.standin.schema import Kind, Property, Schema, Shape


class Change(Enum):
    """What happened to a property."""

    ADDED = "add"
    REMOVED = "delete"
    CHANGED = "update"


@dataclass(frozen=True)
class Difference:
    """One property that differs: its path, the input it is in, and whether the resource is made anew for it."""

    path: str
    change: Change
    replaces: bool

    @property
    def input(self) -> str:
        """The top-level input that holds it."""
        return self.path.partition(".")[0].partition("[")[0]


def differences(cloud: Cloud, schema: Schema, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Every leaf that differs, in the order of its path."""
    found: list[Difference] = []
    for name in sorted(old.keys() | new.keys()):
        known = schema.inputs.get(name)
        replaces = cloud.replaces(schema, name) or bool(known and known.replaces)
        shape = known.shape if known else Shape(Kind.ANY)
        found.extend(_compare(old.get(name), new.get(name), shape, schema, name, replaces))
    return found


def _compare(old: Any, new: Any, shape: Shape, schema: Schema, path: str, replaces: bool) -> Iterator[Difference]:
    if old == new:
        return
    if old is None or new is None:
        yield Difference(path, Change.ADDED if old is None else Change.REMOVED, replaces)
    elif isinstance(old, dict) and isinstance(new, dict):
        members: Mapping[str, Property] = schema.types.get(shape.type, {})
        for name in sorted(old.keys() | new.keys()):
            member = members.get(name)
            inner = member.shape if member else shape.item or Shape(Kind.ANY)
            anew = replaces or bool(member and member.replaces)
            yield from _compare(old.get(name), new.get(name), inner, schema, _inside(path, name), anew)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _compare(before, after, shape.item or Shape(Kind.ANY), schema, f"{path}[{index}]", replaces)
    else:
        yield Difference(path, Change.CHANGED, replaces)


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if name.isidentifier() else f'{path}["{name}"]'
