"""Runs rules over resources. Cannot fail: a rule that raises becomes a mandatory finding, so a defect never lets a leak pass.

Pure. The pack calls `judge` for each resource as the engine meets it; everything else calls `evaluate` on a whole graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.findings import Finding, Level, Text
from core.graph import Graph, ResourceView
from policies.message import plain
from policies.rule import Context, Rule


def evaluate(graph: Graph, rules: Iterable[Rule], context: Context) -> tuple[Finding, ...]:
    """Every finding of every rule on every resource, in the order of the graph."""
    rules = tuple(rules)
    return tuple(finding for resource in graph.resources for finding in judge(resource, graph, rules, context))


def judge(resource: ResourceView, graph: Graph, rules: Iterable[Rule], context: Context) -> Iterator[Finding]:
    """The findings of `rules` on one resource of `graph`."""
    for rule in rules:
        try:
            yield from tuple(rule.findings(resource, graph, context))
        except Exception as error:
            yield _not_judged(rule, resource, error)


def _not_judged(rule: Rule, resource: ResourceView, error: Exception) -> Finding:
    # Only the class of the error: its text may quote a property.
    kind, where = type(error).__name__, f"{plain(resource.name)} ({plain(resource.type)})"
    message = Text(
        en=f"{where}: rule {rule.meta.id} could not judge this resource ({kind}), so it is refused → "
        "report it with the resource's type; it is a defect of the rule, not of the resource",
        ja=f"{where}: 規則 {rule.meta.id} はこのリソースを判定できなかったため拒否します（{kind}） → "
        "リソースの型を添えて報告してください。リソースではなく規則の欠陥です",
    )
    return rule.meta.finding(resource.urn, "", message, level=Level.MANDATORY)
