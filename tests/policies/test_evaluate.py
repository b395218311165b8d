"""No input makes a rule raise, hang or pass in silence, and a rule that raises all the same lets nothing pass."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.load import catalogue
from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ProviderView, ResourceView
from core.values import UNKNOWN, Secret
from policies import tables
from policies.evaluate import evaluate
from policies.rule import Context
from policies.rules import ALL
from tests.core.test_values import TREES
from tests.policies.cases import CONTEXT, cases

NOT_JUDGED = "could not judge"
LISTED: dict[str, dict[str, str]] = dict(tables.generated("locations"))
TYPES = [
    *sorted({case.resource.type for case in cases()} | set(LISTED)),
    "",
    ":",
    "aws",
    "pulumi:providers:",
    "a:b:c:d",
]
OFTEN = ("region", "location", "zone", "tags", "labels", "spec", "metadata", "policy", "endpoints", "extendedLocation")
NAMES = sorted({path.split(".")[0].split("[")[0] for paths in LISTED.values() for path in paths} | set(OFTEN))
PROPS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), TREES, max_size=5)


def resource(type_: str, props: Any, provider: Any = None) -> ResourceView:
    view = ProviderView("urn:p", "pulumi:providers:x", "x", provider) if provider is not None else None
    return ResourceView(f"urn:pulumi:s::p::{type_}::n", type_, "n", props, view)


def findings_of(*resources: ResourceView) -> tuple[Finding, ...]:
    return evaluate(Graph("s", resources), ALL, CONTEXT)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(TYPES), PROPS, st.none() | PROPS)
def test_no_input_makes_a_rule_raise(type_: str, props: dict[str, Any], provider: dict[str, Any] | None) -> None:
    for finding in findings_of(resource(type_, props, provider)):
        assert NOT_JUDGED not in finding.message.en, finding.message.en


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(TYPES), PROPS)
def test_no_secret_is_ever_quoted(type_: str, props: dict[str, Any]) -> None:
    marked = {key: _hidden(value) for key, value in props.items()}
    for finding in findings_of(resource(type_, marked)):
        assert "hidden-value" not in f"{finding}"


def _hidden(node: Any) -> Any:
    """The same tree with a secret for every scalar."""
    if isinstance(node, Secret):
        return _hidden(node.value)
    if isinstance(node, dict):
        return {key: _hidden(item) for key, item in node.items()}
    return [_hidden(item) for item in node] if isinstance(node, list) else Secret("hidden-value")


def _planted(path: str, value: Any) -> Any:
    """A tree that holds `value` at a path of the location table."""
    tree = value
    for step in reversed(path.replace("[]", ".[]").replace("{}", ".{}").split(".")):
        tree = [tree] if step == "[]" else {"key": tree} if step == "{}" else {step: tree}
    return tree


PLACES = [(token, path) for token, paths in LISTED.items() for path in paths]


@pytest.mark.parametrize(
    "value", ["us-east-1", "asia-northeast3", "koreacentral", "Mars", 7, UNKNOWN, ["us-east-1"], {}]
)
def test_no_listed_place_passes_in_silence(value: Any) -> None:
    silent = [
        f"{token} {path}"
        for token, path in PLACES
        if not any(f.rule == "domestic-location" and f.level is Level.MANDATORY
                   for f in findings_of(resource(token, _planted(path, value))))
    ]  # fmt: skip
    assert silent == []


def test_no_listed_place_in_japan_is_a_false_alarm() -> None:
    names = {
        "region": {"aws": "ap-northeast-3", "azure-native": "japanwest", "gcp": "asia-northeast2"},
        "zone": {"aws": "ap-northeast-1c", "gcp": "asia-northeast1-b"},
        "place": {"gcp": "asia-northeast1"},
        "country": dict.fromkeys(("aws", "azure-native", "gcp"), "JP"),
        "aws-region": {"gcp": "ap-northeast-1"},
        "azure-region": {"gcp": "japaneast"},
        "spanner": {"gcp": "dual-region-japan1"},
    }
    alarms = [
        finding.message.en
        for token, path in PLACES
        for finding in findings_of(resource(token, _planted(path, names[LISTED[token][path]][token.split(":")[0]])))
        if finding.rule == "domestic-location" and finding.property.startswith(path.split(".")[0].split("[")[0])
    ]
    assert alarms == []


@pytest.mark.parametrize("region", [region for region in catalogue().regions if region.site != "onprem"])
def test_every_region_of_the_catalogue_is_accepted_in_a_resource(region: Any) -> None:
    package, key = {"aws": ("aws", "region"), "azure": ("azure-native", "location"), "gcp": ("gcp", "region")}[
        region.site
    ]
    found = findings_of(resource(f"{package}:anything:Thing", {key: region.name}))
    assert not [finding for finding in found if finding.rule == "domestic-location"]


class Broken:
    """A rule with a defect whose text quotes a property."""

    whole_graph = False
    meta = RuleMeta("broken", Level.ADVISORY, LeakClass.S1, *(Text("x", "x"),) * 3, source="x")

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        yield self.meta.finding(resource.urn, "first", Text("first", "first"))
        raise ValueError(f"cannot read {resource.props}")


def test_a_rule_that_raises_becomes_a_mandatory_finding_that_quotes_nothing() -> None:
    [finding] = evaluate(Graph("s", (resource("a:b:C", {"password": "hidden"}),)), [Broken()], CONTEXT)
    assert finding.level is Level.MANDATORY
    assert finding.rule == "broken"
    assert "rule broken could not judge this resource (ValueError), so it is refused" in finding.message.en
    assert "hidden" not in f"{finding}"


def test_other_rules_still_speak_when_one_raises() -> None:
    found = evaluate(Graph("s", (resource("x:y:Z", {}),)), [Broken(), *ALL], CONTEXT)
    assert {finding.rule for finding in found} == {"broken", "known-package"}


def test_deep_and_wide_trees_are_judged_in_time() -> None:
    deep: Any = {"containers": [{"image": "busybox"}]}
    for _ in range(900):
        deep = {"spec": deep}
    wide = {"spec": {"template": {"spec": {"containers": [{"image": f"image-{n}"} for n in range(20_000)]}}}}
    started = time.monotonic()
    found = findings_of(resource("kubernetes:x/v1:Y", deep), resource("kubernetes:apps/v1:Deployment", wide))
    assert time.monotonic() - started < 20
    assert len([finding for finding in found if finding.rule == "image-by-digest"]) == 20_001


def test_names_that_break_a_line_do_not_break_a_message() -> None:
    strange = ResourceView("urn:x", "aws:s3/bucket:Bucket", "a\nb\x1b[31m", {"region": "us-east-1\n"})
    for finding in evaluate(Graph("s", (strange,)), ALL, CONTEXT):
        assert finding.message.en.isprintable()


def test_without_a_registry_no_tag_is_demanded() -> None:
    graph = Graph("s", (resource("aws:s3/bucket:Bucket", {}),))
    assert not [each for each in evaluate(graph, ALL, Context()) if each.rule == "required-tags"]
