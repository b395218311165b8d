"""Judges what a program gives a resource against the resource's schema. Pure.

A problem names the property by its path and says what it should be, and never what it is: the value may be a secret,
and the engine does not tell which ones are. Values that are not known yet are taken on trust. What only the cloud can
tell (is this machine type sold there, is that name free) is not judged.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.standin.schema import Kind, Properties, Schema, Shape
from rehearsal.standin.wire import UNKNOWN, is_asset

MANY = 12


@dataclass(frozen=True)
class Problem:
    """One thing wrong: the path of the property (empty for the resource itself) and why."""

    path: str
    reason: str


def unknown_type(token: str, tokens: Iterable[str], version: str) -> Problem:
    """A resource type that the SDK does not have."""
    package = token.partition(":")[0]
    return Problem("", f"{token} is not a resource type of {package} {version}{_nearest(token, tokens)}")


def check(schema: Schema, inputs: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with the inputs of one resource, in the order of its properties."""
    return list(_object(inputs, schema.inputs, schema.token, schema, ""))


def _object(
    value: Mapping[str, Any], properties: Properties, owner: str, schema: Schema, path: str
) -> Iterator[Problem]:
    for name, each in properties.items():
        if each.required and value.get(name) is None:
            yield Problem(_at(path, name), f"is required and missing: {_wanted(each.shape)}")
    for name, member in value.items():
        if name not in properties:
            yield Problem(_at(path, name), f"is not a property of {owner}{_nearest(name, properties)}")
        elif member is not None:
            yield from _value(member, properties[name].shape, schema, _at(path, name))


def _value(value: Any, shape: Shape, schema: Schema, path: str) -> Iterator[Problem]:
    if value == UNKNOWN or shape.kind is Kind.ANY:
        return
    if shape.kind is Kind.UNION:
        yield from _one_of(value, shape, schema, path)
    elif not _is(value, shape.kind):
        yield Problem(path, f"must be {_named(shape)}, not {_kind_of(value)}")
    elif shape.allowed and value not in shape.allowed:
        listed = ", ".join(map(str, shape.allowed[:MANY])) + (", …" if len(shape.allowed) > MANY else "")
        yield Problem(path, f"must be one of {listed}")
    elif shape.kind is Kind.OBJECT:
        owner = shape.type.rpartition(".")[2].removesuffix("Args")
        yield from _object(value, schema.types[shape.type], owner, schema, path)
    elif shape.item is not None:
        for place, member in _members(value):
            if member is not None:
                yield from _value(member, shape.item, schema, path + place)


def _one_of(value: Any, shape: Shape, schema: Schema, path: str) -> Iterator[Problem]:
    """A union is satisfied by any member; if none is, the one of the right kind tells the most."""
    fitting = [option for option in shape.options if option.kind is Kind.ANY or _is(value, option.kind)]
    if not fitting:
        yield Problem(path, f"must be {_wanted(shape)}, not {_kind_of(value)}")
        return
    problems = [list(_value(value, option, schema, path)) for option in fitting]
    yield from min(problems, key=len)


def _is(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.STRING:
            return isinstance(value, str)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Kind.INTEGER:
            return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.MAP | Kind.OBJECT:
            return isinstance(value, dict) and not is_asset(value)
        case Kind.ASSET:
            return is_asset(value)
    return True


_KINDS: Mapping[Kind, str] = {
    Kind.STRING: "a string",
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.LIST: "a list",
    Kind.MAP: "a map",
    Kind.OBJECT: "an object",
    Kind.ASSET: "a file or an archive",
}


def _named(shape: Shape) -> str:
    if shape.kind is Kind.LIST and shape.item is not None and shape.item.kind in _PLURALS:
        return f"a list of {_PLURALS[shape.item.kind]}"
    return _KINDS[shape.kind]


def _wanted(shape: Shape) -> str:
    options = shape.options or (shape,)
    return " or ".join(dict.fromkeys(_named(option) for option in options if option.kind in _KINDS)) or "any value"


_PLURALS: Mapping[Kind, str] = {
    Kind.STRING: "strings",
    Kind.NUMBER: "numbers",
    Kind.INTEGER: "whole numbers",
    Kind.BOOLEAN: "true or false",
    Kind.LIST: "lists",
    Kind.MAP: "maps",
    Kind.OBJECT: "objects",
    Kind.ASSET: "files or archives",
}


def _kind_of(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return "a fraction"
    kinds = (Kind.ASSET, Kind.BOOLEAN, Kind.STRING, Kind.NUMBER, Kind.LIST, Kind.MAP)
    return next((_KINDS[kind] for kind in kinds if _is(value, kind)), "nothing")


def _members(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    """The members of a list or a map, each with what it adds to the path."""
    if isinstance(value, list):
        return ((f"[{index}]", member) for index, member in enumerate(value))
    return ((f".{key}" if key.isidentifier() else f'["{key}"]', member) for key, member in value.items())


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _nearest(name: str, names: Iterable[str]) -> str:
    """The nearest valid name, told in the case that the program was written in another."""
    folded = {_fold(each): each for each in names}
    close = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return f"; the nearest is {folded[close[0]]}" if close else ""


def _fold(name: str) -> str:
    return name.replace("_", "").lower()
