"""`kokunai check` as a reviewer and a CI job meet it: what it says, in which order, in which language, with which exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from core.errors import KokunaiError
from core.findings import Finding, LeakClass, Level, Text
from kokunai import check as module
from kokunai.check import Refusal, Report, check, render
from kokunai.cli import app
from planning.project import Project, StackConfig, load_stack
from tests.planning.programs import HEAD, PROVIDER, project
from tests.policies import server

PROJECT = Path(module.__file__).parent.parent
SCHEMA = json.loads((Path(module.__file__).parent / "check.schema.json").read_text("utf-8"))
TAGGED = PROVIDER + "tags = {'team': 'ai', 'cost-centre': 'cc-1'}\n"
GOOD = TAGGED + "aws.kms.Key('key', tags=tags, opts=here)\n"
BAD = TAGGED + "aws.kms.Key('key', region='us-east-1', tags=tags, opts=here)\n"


def trial(directory: Path, program: str, config: str = "config: {}\n", **stacks: str) -> Path:
    """A project with an estate whose registry demands team and cost-centre."""
    made = project(directory, program, config, **stacks)
    server.estate(made / "estate")
    return made


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--project", str(directory), "check", *arguments], catch_exceptions=False)


def finding(**more: Any) -> Finding:
    values = {
        "rule": "domestic-location",
        "level": Level.MANDATORY,
        "leak_class": LeakClass.S1,
        "resource": "urn:x",
        "property": "region",
        "location": "us-east-1",
        "message": Text(
            en="x (y): region is us-east-1: not in Japan → use z", ja="x (y): region は us-east-1：国外 → z に"
        ),
    }
    return Finding(**{**values, **more})


def test_a_good_program(tmp_path: Path) -> None:
    report = check(trial(tmp_path, GOOD))
    assert report.findings == ()
    assert report.refusals == ()
    assert report.checked == 3
    assert report.exit_code == 0


def test_a_region_deep_inside_a_program_is_a_finding_of_every_stack_that_has_it(tmp_path: Path) -> None:
    report = check(trial(tmp_path, BAD, two="config: {}\n"))
    assert [(each.rule, each.location, each.leak_class) for each in report.findings] == [
        ("domestic-location", "us-east-1", LeakClass.S3)
    ] * 2
    assert {each.resource.split("::")[0] for each in report.findings} == {"urn:pulumi:one", "urn:pulumi:two"}
    assert report.exit_code == 1


def test_only_the_stacks_that_were_named_are_checked(tmp_path: Path) -> None:
    report = check(trial(tmp_path, BAD, two="config: {}\n"), ["two"])
    assert [each.resource.split("::")[0] for each in report.findings] == ["urn:pulumi:two"]


def test_a_program_that_refuses_is_told_with_what_it_had_registered(tmp_path: Path) -> None:
    program = HEAD + "aws.Provider('abroad', region='us-east-1')\nraise pulumi.RunError('not abroad')\n"
    report = check(trial(tmp_path, program))
    assert [each.location for each in report.findings] == ["us-east-1"]
    assert [(each.stack, each.message) for each in report.refusals] == [("one", "not abroad")]
    assert report.exit_code == 1, "a finding is left"


def test_a_program_that_refuses_without_a_finding_is_at_fault(tmp_path: Path) -> None:
    report = check(trial(tmp_path, GOOD + "raise pulumi.RunError('no such service')\n"))
    assert report.exit_code == 2
    assert any("after it refused" in text.en for text in report.not_checked)


def test_an_estate_that_cannot_be_read_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(KokunaiError, match=r"tags\.yaml"):
        check(project(tmp_path, GOOD))


def test_encrypted_values_and_questions_to_a_cloud_are_said(tmp_path: Path) -> None:
    asks = GOOD + "aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=tokyo))\n"
    report = check(trial(tmp_path, asks, "config: {trial:key: {secure: AAABBB}}\n"))
    said = "\n".join(text.en for text in report.not_checked)
    assert "one: encrypted configuration, left out: trial:key" in said
    assert "one: what only a cloud could answer: aws:index/getCallerIdentity:getCallerIdentity()" in said
    assert "AAABBB" not in said


@pytest.mark.parametrize(
    ("findings", "refusals", "code"),
    [
        ((), (), 0),
        ((finding(level=Level.ADVISORY),), (), 0),
        ((finding(waived=True),), (), 0),
        ((finding(),), (), 1),
        ((), (Refusal("aws", "no"),), 2),
        ((finding(level=Level.ADVISORY),), (Refusal("aws", "no"),), 2),
        ((finding(),), (Refusal("aws", "no"),), 1),
    ],
)
def test_exit_codes(findings: tuple[Finding, ...], refusals: tuple[Refusal, ...], code: int) -> None:
    assert Report(1, findings, refusals).exit_code == code


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["Violation: ", "Where: ", "Why: ", "What to do: ", "Not looked at"]),
        ("ja", ["違反: ", "場所: ", "理由: ", "是正方法: ", "確認していないこと"]),
    ],
)
def test_the_text_goes_from_violation_to_what_was_not_looked_at(language: str, labels: list[str]) -> None:
    text = render(Report(1, (finding(),), not_checked=(Text(en="the moon", ja="月"),), language=language))
    places = [text.index(label) for label in labels]
    assert places == sorted(places)
    assert "domestic-location" in text
    assert "us-east-1" in text
    assert "urn:x  region" in text


def test_what_must_be_corrected_comes_before_what_is_good_to_know() -> None:
    advice = finding(level=Level.ADVISORY, resource="urn:advice")
    text = render(Report(2, (advice, finding(resource="urn:violation"))))
    assert text.index("urn:violation") < text.index("urn:advice")
    assert "2 resources checked: 1 to correct, 1 to know, 0 programs at fault" in text


def test_json_is_the_contract(tmp_path: Path) -> None:
    program = BAD + "raise pulumi.RunError('and more')\n"
    result = run(trial(tmp_path, program), "--format", "json", "--lang", "ja")
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    assert found["schema"] == "kokunai/check/v1"
    assert found["checked"] == 3
    assert found["findings"][0] == {
        "rule": "domestic-location",
        "level": "mandatory",
        "leak_class": "S3",
        "resource": "urn:pulumi:one::trial::aws:kms/key:Key::key",
        "property": "region",
        "location": "us-east-1",
        "message": found["findings"][0]["message"],
        "waived": False,
    }
    assert "国内ではありません" in found["findings"][0]["message"]
    assert found["refusals"] == [{"stack": "one", "message": "and more"}]
    assert result.exit_code == 1


def test_text_and_timing_go_to_their_own_streams(tmp_path: Path) -> None:
    result = run(trial(tmp_path, GOOD), "--timing", "--lang", "en")
    assert result.exit_code == 0
    assert "3 resources checked: 0 to correct" in result.stdout
    assert "imports that all programs share" in result.stderr
    assert "imports that all programs share" not in result.stdout


def test_a_plan_is_judged_without_a_program(tmp_path: Path) -> None:
    directory = trial(tmp_path, "raise SystemError('not run')\n")
    plan = tmp_path / "plan.json"
    urn = "urn:pulumi:prod::p::aws:kms/key:Key::k"
    new = {"urn": urn, "type": "aws:kms/key:Key", "inputs": {"region": "us-east-1"}}
    plan.write_text(json.dumps({"steps": [{"op": "create", "newState": new}]}), "utf-8")
    result = run(directory, "--plan", str(plan), "--format", "json")
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    assert {each["rule"] for each in found["findings"]} == {"domestic-location", "required-tags"}
    assert result.exit_code == 1


def test_a_plan_that_is_none_is_at_fault(tmp_path: Path) -> None:
    directory = trial(tmp_path, "")
    (tmp_path / "plan.json").write_text("hello", "utf-8")
    with pytest.raises(KokunaiError, match="not JSON") as refusal:
        run(directory, "--plan", str(tmp_path / "plan.json"))
    assert refusal.value.exit_code == 2


def test_a_stack_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(KokunaiError, match="did you mean 'one'"):
        run(trial(tmp_path, GOOD), "--stack", "oen")


def test_a_traceback_is_shown_only_on_request(tmp_path: Path) -> None:
    directory = trial(tmp_path, "nonsense\n")
    plain = run(directory)
    assert "NameError: name 'nonsense' is not defined" in plain.stdout
    assert "Traceback" not in plain.output
    arguments = ["--project", str(directory), "--debug", "check"]
    assert "Traceback" in CliRunner().invoke(app, arguments, catch_exceptions=False).stderr


@pytest.mark.parametrize(
    ("site", "key"), [("aws", "aws:region"), ("azure", "azure-native:location"), ("gcp", "gcp:region")]
)
def test_a_region_abroad_in_a_stack_file_is_refused_and_found(
    site: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def abroad(project: Project, stack: str) -> StackConfig:
        config = load_stack(project, stack)
        return replace(config, values={**config.values, key: "us-east-1"})

    monkeypatch.setattr(module, "load_stack", abroad)
    report = check(PROJECT, [site])
    assert [(each.rule, each.property, each.location) for each in report.findings] == [
        ("domestic-provider", key.split(":")[1], "us-east-1")
    ]
    [refusal] = report.refusals
    assert "us-east-1" in refusal.message
    assert report.exit_code == 1


def test_the_four_sites_of_this_project_have_nothing_to_correct() -> None:
    report = check(PROJECT)
    assert report.refusals == ()
    assert [each.message.en for each in report.findings if each.level is Level.MANDATORY] == []
    assert {each.resource.split("::")[0] for each in report.findings} <= {
        f"urn:pulumi:{site}" for site in ("aws", "azure", "gcp", "onprem")
    }
    assert report.checked > 300
