"""Three-valued properties: a value is known, absent, or unknown until the update runs.

Why a type of its own: in a policy, absent often means "abroad" and unknown must never pass for either. Reading through
`Value` makes the three cases impossible to confuse. Not a JSON path library: paths are property names, `[]` for each
element of a list and `{}` for each value of a map, as the property tables of the rules write them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


class UnknownMarker:
    """Stands in property trees for what the engine does not know yet. One instance: `UNKNOWN`."""

    _instance: UnknownMarker | None = None

    def __new__(cls) -> UnknownMarker:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = UnknownMarker()


@dataclass(frozen=True)
class Known:
    """The property is there and its value is known (it may hold unknowns deeper inside)."""

    value: Any


@dataclass(frozen=True)
class Absent:
    """The property was not given: what that means depends on the resource type."""


@dataclass(frozen=True)
class Unknown:
    """The property was given, but its value is not known before the update."""


Value = Known | Absent | Unknown


def at(tree: Any, path: str) -> Iterator[tuple[str, Value]]:
    """Every place that `path` names in `tree`, with its concrete path (`a[0].b`) and value.

    A path without `[]` and `{}` yields exactly one pair. A missing or unknown container yields one pair with its own
    concrete path, so that a rule can tell "the list is absent" from "the list is empty" (which yields none).
    """
    steps = tuple(path.replace("[]", ".[]").replace("{}", ".{}").strip(".").split("."))
    return _descend(tree, steps, "")


def _descend(node: Any, steps: Sequence[str], here: str) -> Iterator[tuple[str, Value]]:
    if node is UNKNOWN:
        yield here, Unknown()
        return
    if not steps:
        yield here, Known(node) if node is not None else Absent()
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        if isinstance(node, Sequence) and not isinstance(node, str | bytes):
            for index, item in enumerate(node):
                yield from _descend(item, rest, f"{here}[{index}]")
        else:
            yield here, Absent()
    elif step == "{}":
        if isinstance(node, Mapping):
            for key, item in node.items():
                yield from _descend(item, rest, f"{here}.{key}" if here else str(key))
        else:
            yield here, Absent()
    elif isinstance(node, Mapping) and step in node:
        yield from _descend(node[step], rest, f"{here}.{step}" if here else step)
    else:
        yield ".".join(part for part in (here, step) if part), Absent()


def leaves(tree: Any, here: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar and unknown of a tree with its concrete path, in order. Iterative: depth of input cannot exhaust the stack."""
    stack: list[tuple[str, Any]] = [(here, tree)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Mapping):
            stack.extend((f"{path}.{key}" if path else str(key), item) for key, item in reversed(list(node.items())))
        elif isinstance(node, Sequence) and not isinstance(node, str | bytes):
            stack.extend((f"{path}[{index}]", node[index]) for index in range(len(node) - 1, -1, -1))
        else:
            yield path, node
