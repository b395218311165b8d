"""YAML that people edit, read into typed values; every fault is told with its file, line, key and nearest valid name.

Uses YAML 1.2 (`no` and `on` are text) and refuses duplicate keys. Not for the catalogue, which is TOML.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from core.errors import InputError, KokunaiError

M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A parsed file that still knows its lines."""

    path: Path
    data: Any

    def line(self, location: Location) -> int:
        """The line (from 1) of the key or item at `location`, or of its nearest parent that is there."""
        node, line = self.data, 1
        for step in location:
            position = getattr(node, "lc", None)
            if position is None:
                break
            try:
                line = int((position.key(step) if isinstance(node, Mapping) else position.item(step))[0]) + 1
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                break
        return line

    def where(self, location: Location) -> str:
        """`path:line: key.key[0]`, as messages name a place."""
        key = dotted(location)
        return f"{self.path}:{self.line(location)}" + (f": {key}" if key else "")


def dotted(location: Location) -> str:
    """A location as people write it: `keys.team.values[0]`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def parse(path: Path) -> Document:
    """Read one YAML file.

    Raises:
        KokunaiError: it is not there, not UTF-8, or not YAML; with the line.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise KokunaiError("no such file", where=str(path), fix="create it, or name another with --estate") from None
    except IsADirectoryError:
        raise KokunaiError("a directory, not a file", where=str(path), fix="name a YAML file") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise KokunaiError("not UTF-8", where=f"{path}:{line}", fix="save the file as UTF-8") from None
    except OSError as error:
        raise KokunaiError(f"cannot be read: {error.strerror}", where=str(path), fix="check its permissions") from None
    try:
        return Document(path, YAML().load(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise KokunaiError(f"not YAML: {error.problem or error.context}", where=where, fix="correct the line") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise KokunaiError(f"not YAML: {error}", where=str(path), fix="correct the file") from None


def load(path: Path, model: type[M]) -> tuple[M, Document]:
    """Read one YAML file as `model`.

    Raises:
        InputError: with every fault.
    """
    document = parse(path)
    try:
        return model.model_validate(document.data if document.data is not None else {}), document
    except ValidationError as error:
        raise InputError([problem(document.where, model, fault) for fault in error.errors()]) from None


def problem(where_is: Callable[[Location], str], model: type[BaseModel], fault: Mapping[str, Any]) -> KokunaiError:
    """One of pydantic's faults as people read it; `where_is` names the place of a location."""
    location: Location = tuple(step for step in fault["loc"] if step != "[key]")
    where = where_is(location)
    if fault["type"] == "extra_forbidden":
        names = sorted(_names_at(model, location[:-1]))
        return KokunaiError(f"unknown key {location[-1]!r}", where=where, fix=nearest(str(location[-1]), names))
    if fault["type"] == "missing":
        return KokunaiError(f"{location[-1]!r} is missing", where=where, fix=f"add {location[-1]!r}")
    message = str(fault["msg"]).removeprefix("Value error, ")
    return KokunaiError(message[:1].lower() + message[1:], where=where, fix="correct the value")


def nearest(name: str, valid: Sequence[str]) -> str:
    """A remedy that names the most similar valid name, and else all of them."""
    close = difflib.get_close_matches(name, valid, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"use one of: {', '.join(valid)}" if valid else "remove it"


def _names_at(model: type[BaseModel], location: Location) -> set[str]:
    """The keys that a model allows at a location, walking through mappings, tuples and unions."""
    found: list[Any] = [model]
    for step in location:
        found = [inner for outer in found for inner in _inside(outer, step)]
    return {name for each in found if _is_model(each) for name in each.model_fields}


def _inside(annotation: Any, step: str | int) -> list[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(str(step))
        return _alternatives(field.annotation) if field else []
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, Mapping) or _origin_is(annotation, Mapping):
        return _alternatives(arguments[1])
    return [each for argument in arguments if argument is not Ellipsis for each in _alternatives(argument)]


def _alternatives(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [each for argument in get_args(annotation) for each in _alternatives(argument)]
    return [annotation]


def _origin_is(annotation: Any, base: type) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, base)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
