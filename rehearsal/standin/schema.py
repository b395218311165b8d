"""The shape of every resource type, as data: what a program may set, and what the cloud fills in.

The source is the provider's Python SDK itself (`sdk_schema` reads it); this module only holds the words, and writes and
reads them as JSON. It judges nothing: see `checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What one value may be."""

    ANY = "any"
    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    MAP = "map"
    OBJECT = "object"
    ASSET = "asset"
    UNION = "union"


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of one value.

    `item` is of a list's or map's members; `type` names an object's entry in `Schema.types`; `allowed` is a closed
    vocabulary (an open one, which the SDK types as string-or-enum, is no restriction); `options` are a union's members.
    """

    kind: Kind
    item: Shape | None = None
    type: str = ""
    allowed: tuple[str | float, ...] = ()
    options: tuple[Shape, ...] = ()

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"kind": str(self.kind)}
        if self.item is not None:
            data["item"] = self.item.to_json()
        if self.type:
            data["type"] = self.type
        if self.allowed:
            data["allowed"] = list(self.allowed)
        if self.options:
            data["options"] = [option.to_json() for option in self.options]
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Shape:
        return Shape(
            kind=Kind(data["kind"]),
            item=Shape.from_json(data["item"]) if "item" in data else None,
            type=data.get("type", ""),
            allowed=tuple(data.get("allowed", ())),
            options=tuple(Shape.from_json(option) for option in data.get("options", ())),
        )


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a resource or of an object inside it, by its wire name.

    `required`: an input that must be given, or an output that is always there. `replaces`: its documentation says that
    a change makes a new resource.
    """

    name: str
    shape: Shape
    required: bool = False
    replaces: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shape": self.shape.to_json(),
            **({"required": True} if self.required else {}),
            **({"replaces": True} if self.replaces else {}),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Property:
        return Property(
            name=data["name"],
            shape=Shape.from_json(data["shape"]),
            required=data.get("required", False),
            replaces=data.get("replaces", False),
        )


Properties = Mapping[str, Property]


@dataclass(frozen=True)
class Schema:
    """One resource type. `import_id` is how its documentation writes the id of an existing one, if it does."""

    token: str
    inputs: Properties
    outputs: Properties
    types: Mapping[str, Properties] = field(default_factory=dict)
    import_id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "inputs": _listed(self.inputs),
            "outputs": _listed(self.outputs),
            "types": {name: _listed(properties) for name, properties in self.types.items()},
            "import_id": self.import_id,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Schema:
        return Schema(
            token=data["token"],
            inputs=_named(data["inputs"]),
            outputs=_named(data["outputs"]),
            types={name: _named(properties) for name, properties in data["types"].items()},
            import_id=data["import_id"],
        )

    def computed(self, given: Mapping[str, Any]) -> Iterator[Property]:
        """The outputs that the cloud fills in when the program gives `given`.

        Those that nobody can give, and those that may be given, were not, and are there all the same.
        """
        for name, output in self.outputs.items():
            if name not in given and (name not in self.inputs or output.required):
                yield output


def _listed(properties: Properties) -> list[dict[str, Any]]:
    return [each.to_json() for each in properties.values()]


def _named(properties: list[Mapping[str, Any]]) -> dict[str, Property]:
    return {each["name"]: Property.from_json(each) for each in properties}
