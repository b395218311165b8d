"""What a rule is: a pure function over one resource, with what is known about itself.

Add one by writing `policies/rules/<name>.py` with a class that fits `Rule`, naming it in `policies.rules.ALL`, and putting
its good, bad and unknown cases into `tests/policies/fixtures/<id>.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from core.findings import Finding, RuleMeta
from core.graph import Graph, ResourceView


@dataclass(frozen=True)
class Context:
    """What a rule may know beyond the plan: what the organisation declared."""

    required_tags: tuple[str, ...] = ()
    """The keys that every taggable resource must carry."""


class Rule(Protocol):
    """One rule.

    `findings` must read properties through `ResourceView.value` and `.values` only, must treat unknown as a third answer,
    must not quote what could be a secret (`policies.message` helps with all three), and may not touch anything outside
    its arguments. Where `whole_graph` is true it needs the complete graph, so the engine can ask it only at the end of a
    preview or an update; every other rule must judge each resource with the part of the graph that came before it, and
    so stops the resource before it is created.
    """

    meta: RuleMeta
    whole_graph: bool

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        """This rule's objections to one resource, none if it is not concerned."""
        ...
