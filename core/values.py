"""Three-valued properties: a value is known, absent, or unknown until the update runs.

Why a type of its own: in a policy, absent often means "abroad" and unknown must never pass for either. Reading through
`Value` makes the three cases impossible to confuse, and carries along whether the value is a secret, so that a message
can be written about it without quoting it. Not a JSON path library: paths are property names, `[]` for each element of a
list and `{}` for each value of a map, as the property tables of the rules write them.
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


@dataclass(frozen=True, repr=False)
class Secret:
    """Stands in property trees around what must never be shown; its own text does not show it either."""

    value: Any

    def __repr__(self) -> str:
        return "[secret]"


@dataclass(frozen=True)
class Known:
    """The property is there and its value is known (it may hold unknowns and secrets deeper inside)."""

    value: Any
    secret: bool = False


@dataclass(frozen=True)
class Absent:
    """The property was not given: what that means depends on the resource type."""


@dataclass(frozen=True)
class Unknown:
    """The property was given, but its value is not known before the update."""


Value = Known | Absent | Unknown


def at(tree: Any, path: str) -> Iterator[tuple[str, Value]]:
    """Every place that `path` names in `tree`, with its concrete path (`a[0].b`) and value.

    A missing or unknown container yields one pair with its own concrete path, so that a rule can tell "the list is
    absent" from "the list is empty" (which yields none). A container of the other shape does not hide what it holds: a
    single object is read as a list of one, a list where an object was expected is read element by element, and a scalar
    where a container was expected is yielded as it is, for the rule to refuse.
    """
    steps = tuple(path.replace("[]", ".[]").replace("{}", ".{}").strip(".").split("."))
    return _descend(tree, steps, "", False)


def _descend(node: Any, steps: Sequence[str], here: str, secret: bool) -> Iterator[tuple[str, Value]]:
    while isinstance(node, Secret):
        node, secret = node.value, True
    if node is UNKNOWN:
        yield here, Unknown()
    elif node is None:
        yield here, Absent()
    elif not steps:
        yield here, Known(node, secret)
    else:
        for item, rest, where in _parts(node, steps, here):
            yield from _descend(item, rest, where, secret)


def _parts(node: Any, steps: Sequence[str], here: str) -> Iterator[tuple[Any, Sequence[str], str]]:
    """What the next step leads to: nodes, each with the steps that are left and its path."""
    step, rest = steps[0], steps[1:]
    if is_list(node):
        left = rest if step in ("[]", "{}") else steps
        yield from ((item, left, f"{here}[{index}]") for index, item in enumerate(node))
    elif not isinstance(node, Mapping):
        yield node, (), here
    elif step == "[]":
        yield node, rest, here
    elif step == "{}":
        yield from ((item, rest, joined(here, key)) for key, item in node.items())
    else:
        yield node.get(step), rest, joined(here, step)


def is_list(node: Any) -> bool:
    """Whether a node of a property tree is a list (text is not)."""
    return isinstance(node, Sequence) and not isinstance(node, str | bytes)


def revealed(node: Any) -> Any:
    """What a secret stands around; any other node itself. For looking, not for showing."""
    while isinstance(node, Secret):
        node = node.value
    return node


def joined(path: str, key: object) -> str:
    """`path.key`, or `key` at the top."""
    return f"{path}.{key}" if path else str(key)


def leaves(tree: Any, here: str = "") -> Iterator[tuple[str, Known | Unknown]]:
    """Every scalar and unknown of a tree with its concrete path, in order. Iterative: depth of input cannot exhaust the stack."""
    stack: list[tuple[str, Any, bool]] = [(here, tree, False)]
    while stack:
        path, node, secret = stack.pop()
        if isinstance(node, Secret):
            stack.append((path, node.value, True))
        elif isinstance(node, Mapping):
            stack.extend((joined(path, key), item, secret) for key, item in reversed(list(node.items())))
        elif is_list(node):
            stack.extend((f"{path}[{index}]", node[index], secret) for index in range(len(node) - 1, -1, -1))
        elif node is UNKNOWN:
            yield path, Unknown()
        else:
            yield path, Known(node, secret)
