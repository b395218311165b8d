"""What a plan or a state says, without the engine: resources, their providers, and who depends on whom.

The one shape in which a preview, a state export, a recorded program run and the policy server's requests reach the rules.
Not the place that builds it (`planning`, and the adapter in `policies`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.values import Absent, Value, at


@dataclass(frozen=True)
class Options:
    """The resource options that a rule may need. Absent where the way in does not tell."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    parent: str | None = None
    retain_on_delete: bool = False


@dataclass(frozen=True)
class ProviderView:
    """The explicit provider of a resource: its inputs, read as the engine read them."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]

    def value(self, path: str) -> Value:
        """The one value at a path without `[]` or `{}`."""
        return next((value for _, value in at(self.props, path)), Absent())


@dataclass(frozen=True)
class ResourceView:
    """One resource as a rule sees it: inputs only, names as on the wire (camelCase), unknowns as `core.values.UNKNOWN`."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    provider: ProviderView | None = None
    options: Options = field(default_factory=Options)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def value(self, path: str) -> Value:
        """The one value at a path without `[]` or `{}`."""
        return next((value for _, value in at(self.props, path)), Absent())

    def values(self, path: str) -> Iterator[tuple[str, Value]]:
        """Each place that a path with `[]` or `{}` names, with its concrete path."""
        return at(self.props, path)

    @property
    def package(self) -> str:
        """The provider package: `aws`, `azure-native`, `gcp`, `kubernetes`, `pulumi`, …; of a provider, the one it configures."""
        return self.type.rsplit(":", 1)[-1] if self.is_provider else self.type.split(":", 1)[0]

    @property
    def is_provider(self) -> bool:
        """Whether this resource is itself a provider."""
        return self.type.startswith("pulumi:providers:")

    @property
    def kind(self) -> str:
        """The last part of the type: `Deployment`, `Bucket`."""
        return self.type.rsplit(":", 1)[-1]


@dataclass(frozen=True)
class Graph:
    """The resources of one stack in order of registration, and the edges between their URNs."""

    stack: str
    resources: tuple[ResourceView, ...]
    dependencies: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """URN to property to the URNs that the property's value came from."""

    def of_type(self, *tokens: str) -> Iterator[ResourceView]:
        """The resources whose type is one of `tokens`."""
        return (resource for resource in self.resources if resource.type in tokens)
