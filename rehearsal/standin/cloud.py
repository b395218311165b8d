"""What a stand-in must know of its cloud beyond the SDK: names, identities, defaults, and a few answers. The contract.

`aws`, `azure` and `gcp` each fill it with data and small pure functions; `model` uses them and knows no cloud.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.standin.checks import Problem
from rehearsal.standin.schema import Schema
from rehearsal.standin.synthesis import digest
from rehearsal.standin.wire import UNKNOWN

Settings = Mapping[str, Any]
Function = Callable[[Mapping[str, Any], Settings], dict[str, Any]]


@dataclass(frozen=True)
class Resource:
    """One resource as the engine asks about it. `settings` are those of the provider instance that answers."""

    urn: str
    schema: Schema
    inputs: Mapping[str, Any]
    settings: Settings

    @property
    def token(self) -> str:
        return self.schema.token

    @property
    def name(self) -> str:
        """The logical name that the program gave it."""
        return self.urn.rpartition("::")[2]

    def text(self, *names: str) -> str:
        """The first of these inputs that is given as text; empty when none is."""
        values = (self.inputs.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), "")


@dataclass(frozen=True)
class Naming:
    """How the engine wants a physical name made when the program gives none (`pulumi:autonaming`)."""

    proposed: str = ""
    disabled: bool = False

    def name(
        self, resource: Resource, previous: Mapping[str, Any], key: str, digits: int, separator: str
    ) -> str | None:
        """The name to use for the input `key`: as before, as proposed, or the logical name with some hex digits."""
        if self.disabled:
            return None
        before = previous.get(key)
        if isinstance(before, str) and before:
            return before
        return self.proposed or f"{resource.name}{separator}{digest(resource.urn)[:digits]}"


class Cloud(ABC):
    """One cloud. Every method is pure; `UNKNOWN` may stand in place of any input and must come through as itself."""

    #: The engine's name of the provider package.
    package: str
    #: Whether what the SDK types as optional is there all the same in what the cloud fills in: `identities[0]` of a
    #: cluster is, where every member of an object that both the program and the cloud may fill is typed as optional.
    generous: bool
    #: Inputs whose change makes a new resource, on every type that has them.
    replacing: frozenset[str]
    #: Answers to functions, by token. Those not named here are refused.
    functions: Mapping[str, Function]

    def settings_problems(self, settings: Settings) -> list[Problem]:
        """What the provider's configuration lacks, beyond its schema."""
        return []

    @abstractmethod
    def name_input(self, schema: Schema) -> str:
        """The input that carries the physical name; empty for a type without one."""

    @abstractmethod
    def defaults(self, resource: Resource, previous: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
        """Inputs that the real provider fills in, so that policies see them. Those given may be of any shape yet.

        `previous` are the inputs of the last run.
        """

    def remarks(self, resource: Resource) -> dict[str, Any]:
        """What the real provider adds beside the inputs that a program can give, once those are found right."""
        return {}

    def problems(self, resource: Resource) -> list[Problem]:
        """What is wrong with a resource that its schema cannot tell."""
        return []

    def replaces(self, schema: Schema, name: str) -> bool:
        """Whether a change of the input `name` makes a new resource."""
        return name in self.replacing or name == self.name_input(schema)

    @abstractmethod
    def identity(self, resource: Resource) -> str:
        """The physical id of a resource about to be created."""

    def derived(self, resource: Resource) -> dict[str, Any]:
        """Outputs that follow from inputs and settings alone, and so are known at preview."""
        return {}

    @abstractmethod
    def assigned(self, resource: Resource, identity: str) -> dict[str, Any]:
        """Outputs that the cloud assigns, by path (`a.b` is inside the object `a`).

        An answer for a property that the type does not have, or that the program gave, is ignored.
        """

    def makers(self, resource: Resource, identity: str) -> Mapping[str, Callable[[str], Any]]:
        """Makers of a text by the name of its property, each given the property's path."""
        return {}

    def moving(self, resource: Resource) -> tuple[str, ...]:
        """Paths of outputs that may change under an unchanged resource: where the rehearsal's cluster listens."""
        return ()


def fill(template: str, value: Callable[[str], str]) -> str:
    """`template` with each `{name}` replaced by `value(name)`; unknown as a whole when one of them is."""
    parts: list[str] = []
    rest = template
    while rest:
        literal, brace, rest = rest.partition("{")
        parts.append(literal)
        if brace:
            name, _, rest = rest.partition("}")
            part = value(name)
            if part == UNKNOWN:
                return UNKNOWN
            parts.append(part)
    return "".join(parts)


def merged(*maps: Any) -> Any:
    """Maps of text, the later winning; unknown as a whole when one is."""
    result: dict[str, Any] = {}
    for each in maps:
        if each == UNKNOWN:
            return UNKNOWN
        result.update(each or {})
    return result
