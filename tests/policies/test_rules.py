"""Each rule against its cases, read straight from the files a rule's author writes."""

from __future__ import annotations

from collections import Counter

import pytest

from core.findings import Level
from policies.evaluate import evaluate
from policies.rules import ALL
from tests.policies.cases import CONTEXT, FIXTURES, Case, cases, holds_unknown, summary

CASES = cases()
METAS = {rule.meta.id: rule.meta for rule in ALL}


def _id(case: Case) -> str:
    return f"{case.rule}: {case.name}"


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_a_rule_finds_exactly_what_its_case_lists(case: Case) -> None:
    findings = evaluate(case.graph(), ALL, CONTEXT)
    listed = sorted(
        (
            find["property"],
            find.get("level", "mandatory"),
            find.get("location", ""),
            find.get("leak_class", str(METAS[case.rule].leak_class)),
        )
        for find in case.finds
    )
    assert summary(findings, case.rule, case.resource.urn) == listed


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_a_case_is_what_it_says_it_is(case: Case) -> None:
    mandatory = [find for find in case.finds if find.get("level", "mandatory") == "mandatory"]
    if case.expect == "good":
        assert not case.finds
    elif case.expect == "bad":
        assert mandatory
    else:
        assert case.expect == "unknown"
        assert any(holds_unknown(resource.props) for resource in case.graph().resources)


def test_every_rule_has_good_bad_and_unknown_cases() -> None:
    seen = Counter((case.rule, case.expect) for case in CASES)
    missing = [(rule, expect) for rule in METAS for expect in ("good", "bad", "unknown") if not seen[rule, expect]]
    assert missing == []


def test_every_file_of_cases_is_a_rule() -> None:
    assert {path.stem for path in FIXTURES.glob("*.toml")} == set(METAS)


@pytest.mark.parametrize("meta", METAS.values(), ids=METAS.keys())
def test_what_is_known_of_a_rule_is_complete_in_both_languages(meta: object) -> None:
    meta = METAS[meta.id]  # type: ignore[attr-defined]  # parametrised by value, for the message of a failure
    for text in (meta.title, meta.why, meta.fix):
        assert text.en
        assert text.ja
        assert text.en != text.ja
    assert meta.source
    assert meta.id == meta.id.lower().strip("-")


def test_ids_are_unique() -> None:
    assert len(METAS) == len(ALL)


@pytest.mark.parametrize("case", [case for case in CASES if case.finds], ids=_id)
def test_a_message_names_resource_property_and_remedy_in_both_languages(case: Case) -> None:
    for finding in evaluate(case.graph(), ALL, CONTEXT):
        if finding.rule != case.rule or finding.resource != case.resource.urn:
            continue
        for text in (finding.message.en, finding.message.ja):
            assert case.resource.name in text
            assert case.resource.type in text
            assert finding.property in text
            assert finding.location in text
            assert " → " in text
        assert finding.level in Level


def test_a_message_never_quotes_a_secret() -> None:
    secret = next(case for case in CASES if "never quoted" in case.name)
    [finding] = evaluate(secret.graph(), ALL[4:5], CONTEXT)
    assert "us-east-1" not in repr(finding)
