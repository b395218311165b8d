"""Reads a resource type's schema out of the provider's Python SDK.

The SDK is generated from the provider's own schema, so its classes say which types exist, which properties they take,
which of these are required, of what type, and which outputs they have. Importing one class may take a second (Google's
`compute` does), so what was read is kept as JSON, one small file per type, under a directory named by the SDK's version
and by this reader; a second rehearsal imports no SDK at all.
"""

from __future__ import annotations

import collections.abc
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import re
import tempfile
import threading
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi

from core.errors import EnvironmentFault
from rehearsal.standin.schema import Kind, Property, Schema, Shape

_PRIMITIVES: Mapping[type, Kind] = {
    str: Kind.STRING,
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
}
_RESOURCE_TABLE = re.compile(r'resource_modules="""(.*?)"""', re.DOTALL)
# How the generated documentation says that a change makes a new resource.
_REPLACES = re.compile(r"forces? (a )?(new resource|replacement)|will (force|cause) a new|forces a new", re.IGNORECASE)
_IMPORT_PATTERN = re.compile(r"^\s*[*-] `([^`]*\{\{[^`]+)`", re.MULTILINE)
_IMPORT_EXAMPLE = re.compile(r"\$ pulumi import \S+ \S+ (.+)")


class Sdk:
    """The Python SDK of one provider package, for example `aws` in `pulumi_aws`."""

    def __init__(self, package: str, cache: Path | None = None) -> None:
        """`cache` is a directory to keep what was read in; without one it is read anew by each process."""
        self.package = package
        self.module = f"pulumi_{package.replace('-', '_')}"
        self._cache = cache
        self._known: dict[str, Schema] = {}
        self._reading = threading.Lock()

    @cached_property
    def version(self) -> str:
        """The installed wheel's version."""
        return importlib.metadata.version(self.module)

    @cached_property
    def tokens(self) -> Mapping[str, tuple[str, str]]:
        """Each resource type's token, with the module and the class that hold it. Read without importing the SDK."""
        found = importlib.util.find_spec(self.module)
        if found is None or found.origin is None:
            raise EnvironmentFault(f"{self.module} is not installed", fix="run `make rehearse`")
        table = _RESOURCE_TABLE.search(Path(found.origin).read_text(encoding="utf-8"))
        if table is None:
            raise EnvironmentFault(f"{self.module} {self.version} lists its types in a way that is not understood")
        return {
            token: (entry["fqn"], name)
            for entry in json.loads(table.group(1))
            for token, name in entry["classes"].items()
        }

    def schema(self, token: str) -> Schema | None:
        """The schema of a resource type, or of the provider itself (`pulumi:providers:aws`); None if there is none."""
        with self._reading:
            if token not in self._known:
                place = (
                    (self.module, "Provider") if token == f"pulumi:providers:{self.package}" else self.tokens.get(token)
                )
                if place is None:
                    return None
                self._known[token] = self._kept(token, lambda: _read(token, *place))
            return self._known[token]

    def _kept(self, token: str, read: Callable[[], Schema]) -> Schema:
        if self._cache is None:
            return read()
        file = (
            self._cache / f"{self.package}-{self.version}-{_reader()}" / f"{re.sub(r'[^A-Za-z0-9.-]', '_', token)}.json"
        )
        with suppress(OSError, ValueError, KeyError):
            return Schema.from_json(json.loads(file.read_text(encoding="utf-8")))
        schema = read()
        # A full disk costs time, not the run.
        with suppress(OSError):
            _write(file, json.dumps(schema.to_json(), separators=(",", ":")))
        return schema


def _reader() -> str:
    """Changes whenever the code that reads or holds schemas does."""
    digest = hashlib.sha256()
    for name in ("sdk_schema.py", "schema.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:12]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    Path(temporary).replace(file)


def _read(token: str, module: str, name: str) -> Schema:
    resource = getattr(importlib.import_module(module), name)
    found: dict[str, dict[str, Property]] = {}
    return Schema(
        token=token,
        inputs=_inputs(_arguments(resource), found),
        outputs={each.name: each for each in _properties(resource, found, lambda annotation: not annotation.optional)},
        types=found,
        import_id=_import_id(resource),
    )


def _arguments(resource: type) -> type | None:
    """The class of a resource type's arguments.

    It is called InitArgs where an object of the same name is somewhere an argument, so the module that defines it counts.
    """
    scope = vars(importlib.import_module(resource.__module__))
    candidates = (scope.get(f"{resource.__name__}{ending}") for ending in ("InitArgs", "Args"))
    return next((each for each in candidates if each is not None and each.__module__ == resource.__module__), None)


def _inputs(arguments: type | None, found: dict[str, dict[str, Property]]) -> dict[str, Property]:
    """The properties of a class of arguments; a type without any has no such class."""
    if arguments is None:
        return {}
    parameters = inspect.signature(arguments.__init__).parameters  # type: ignore[misc]
    required = {name for name, each in parameters.items() if each.default is inspect.Parameter.empty}
    return {
        each.name: each for each in _properties(arguments, found, lambda annotation: annotation.attribute in required)
    }


class _Annotation(typing.NamedTuple):
    """A property as a class declares it."""

    attribute: str
    optional: bool


def _properties(
    owner: type, found: dict[str, dict[str, Property]], required: Callable[[_Annotation], bool]
) -> Iterator[Property]:
    for attribute, member in vars(owner).items():
        getter = member.fget if isinstance(member, property) else None
        name = getattr(getter, "_pulumi_name", None)
        if getter is None or name is None:
            continue
        shape, optional = _shape(getter.__annotations__.get("return", Any), owner.__module__, found)
        yield Property(
            name=name,
            shape=shape,
            required=required(_Annotation(attribute, optional)),
            replaces=bool(_REPLACES.search(getter.__doc__ or "")),
        )


def _shape(annotation: Any, module: str, found: dict[str, dict[str, Property]]) -> tuple[Shape, bool]:
    """The shape that an annotation stands for, and whether it may be absent."""
    optional = False
    shapes: list[Shape] = []
    for member in _members(annotation, module):
        if member is type(None):
            optional = True
            continue
        shape = _plain_shape(member, module, found)
        if shape not in shapes:
            shapes.append(shape)
    return _union(shapes), optional


def _members(annotation: Any, module: str) -> Iterator[Any]:
    """The alternatives of an annotation, without the wrappers: Input[T], Output[T], and the three spellings of T."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        if annotation.startswith("Output["):
            return
        annotation = eval(annotation, dict(vars(importlib.import_module(module))))  # noqa: S307
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for member in typing.get_args(annotation):
            yield from _members(member, module)
    elif origin is pulumi.Output:
        yield from _members(typing.get_args(annotation)[0], module)
    elif origin is not collections.abc.Awaitable and not typing.is_typeddict(annotation):
        yield annotation


def _plain_shape(member: Any, module: str, found: dict[str, dict[str, Property]]) -> Shape:
    origin = typing.get_origin(member)
    if origin is collections.abc.Sequence:
        return Shape(Kind.LIST, item=_shape(typing.get_args(member)[0], module, found)[0])
    if origin is collections.abc.Mapping:
        return Shape(Kind.MAP, item=_shape(typing.get_args(member)[1], module, found)[0])
    if not isinstance(member, type):
        return Shape(Kind.ANY)
    if member in _PRIMITIVES:
        return Shape(_PRIMITIVES[member])
    if issubclass(member, Enum):
        values = tuple(each.value for each in member)
        return Shape(_PRIMITIVES.get(type(values[0]), Kind.STRING) if values else Kind.STRING, allowed=values)
    if issubclass(member, pulumi.Asset | pulumi.Archive):
        return Shape(Kind.ASSET)
    if getattr(member, "_pulumi_input_type", False):
        return _object(member, found, lambda: _inputs(member, found))
    if getattr(member, "_pulumi_output_type", False):
        return _object(
            member, found, lambda: {each.name: each for each in _properties(member, found, lambda a: not a.optional)}
        )
    return Shape(Kind.ANY)


def _object(member: type, found: dict[str, dict[str, Property]], read: Callable[[], dict[str, Property]]) -> Shape:
    name = f"{member.__module__}.{member.__qualname__}"
    if name not in found:
        found[name] = {}  # a type may contain itself
        found[name] = read()
    return Shape(Kind.OBJECT, type=name)


def _union(shapes: list[Shape]) -> Shape:
    # A primitive beside an enumeration of it is an open vocabulary; a property may also take an object of the SDK's
    # output type, which is the input type over again.
    open_kinds = {shape.kind for shape in shapes if not shape.allowed}
    inputs_given = any(shape.kind is Kind.OBJECT and "._inputs." in shape.type for shape in shapes)
    kept = [
        shape
        for shape in shapes
        if not (shape.allowed and shape.kind in open_kinds)
        and not (inputs_given and shape.kind is Kind.OBJECT and ".outputs." in shape.type)
    ]
    if not kept or any(shape.kind is Kind.ANY for shape in kept):
        return Shape(Kind.ANY)
    return kept[0] if len(kept) == 1 else Shape(Kind.UNION, options=tuple(kept))


def _import_id(resource: type) -> str:
    """The id of an existing resource as the documentation of `pulumi import` writes it: a pattern, else an example."""
    documentation = next((each.__doc__ or "" for each in typing.get_overloads(resource.__init__)), "")  # type: ignore[misc]
    _, _, chapter = documentation.partition("## Import")
    pattern = _IMPORT_PATTERN.search(chapter)
    example = _IMPORT_EXAMPLE.search(documentation)
    found = pattern or example
    return found.group(1).strip().strip("\"'") if found else ""
