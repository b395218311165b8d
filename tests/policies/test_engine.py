"""The pack inside the real engine, with stand-in providers: what a user sees, and what is never created.

That the same program says the same without an engine is tested in `tests/planning/test_against_engine.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.rules import ALL
from tests.policies import server
from tests.rehearsal import rehearsal_engine
from tests.rehearsal.rehearsal_engine import Stack

pytestmark = pytest.mark.slow

PROJECT = """\
name: trial
runtime: {name: python}
main: stacks
stackConfigDir: stacks
"""
PROGRAM = """\
import pulumi, pulumi_aws as aws
tokyo = aws.Provider('tokyo', region='ap-northeast-1',
    default_tags=aws.ProviderDefaultTagsArgs(tags={'team': 'ai', 'cost-centre': 'cc-1'}))
here = pulumi.ResourceOptions(provider=tokyo)
good = aws.kms.Key('good', multi_region=False, opts=here)
aws.dynamodb.Table('bad', name='prompts', billing_mode='PAY_PER_REQUEST', hash_key='id',
    attributes=[{'name': 'id', 'type': 'S'}],
    replicas=[{'region_name': 'ap-northeast-3'}, {'region_name': 'us-east-1', 'kms_key_arn': good.arn}], opts=here)
aws.sqs.Queue('after', kms_master_key_id=good.key_id, opts=here)
"""
SAID = "bad (aws:dynamodb/table:Table): replicas[1].regionName is us-east-1: not in Japan"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    directory = tmp_path / "project"
    (directory / "stacks").mkdir(parents=True)
    (directory / "Pulumi.yaml").write_text(PROJECT, "utf-8")
    (directory / "stacks" / "__main__.py").write_text(PROGRAM, "utf-8")
    made = rehearsal_engine.stack(tmp_path, tmp_path / "home", directory)
    made.environment["PULUMI_OPTION_POLICY_PACK"] = str(server.PACK)
    made.environment["KOKUNAI_ESTATE"] = str(server.estate(tmp_path / "estate"))
    made.environment["KOKUNAI_LANG"] = "en"
    return made


def test_a_preview_fails_and_names_resource_property_value_rule_and_remedy(stack: Stack) -> None:
    said = stack.pulumi("preview", fails=True)
    assert SAID in said
    assert "domestic-location" in said
    assert "[mandatory]" in said
    assert "ap-northeast-1 (Tokyo), ap-northeast-3 (Osaka)" in said
    assert "Traceback" not in said


def test_an_update_with_its_preview_creates_nothing(stack: Stack) -> None:
    assert SAID in stack.pulumi("up", "--yes", fails=True)
    assert stack.resources() == {}


def test_an_update_without_preview_creates_no_violating_resource(stack: Stack) -> None:
    assert SAID in stack.pulumi("up", "--yes", "--skip-preview", fails=True)
    # What remains is what came before in the program; it violates nothing.
    created = set(stack.resources())
    assert "aws:dynamodb/table:Table" not in created
    assert created <= {"pulumi:pulumi:Stack", "pulumi:providers:aws", "aws:kms/key:Key", "aws:sqs/queue:Queue"}


def test_rules_cannot_be_configured_away(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policy.json"
    config.write_text(json.dumps({"domestic-location": "advisory", "required-tags": {"enforcementLevel": "disabled"}}))
    pack = stack.environment.pop("PULUMI_OPTION_POLICY_PACK")
    said = stack.pulumi("preview", "--policy-pack", pack, "--policy-pack-config", str(config), fails=True)
    assert "the policy configuration weakens rules: domestic-location, required-tags" in said
    assert "Traceback" not in said


def test_all_rules_cannot_be_configured_away_at_once(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "policy.json"
    config.write_text(json.dumps({"all": "disabled"}))
    pack = stack.environment.pop("PULUMI_OPTION_POLICY_PACK")
    said = stack.pulumi("preview", "--policy-pack", pack, "--policy-pack-config", str(config), fails=True)
    assert all(rule.meta.id in said for rule in ALL)


def test_an_estate_that_cannot_be_read_stops_the_run_with_one_text(stack: Stack, tmp_path: Path) -> None:
    stack.environment["KOKUNAI_ESTATE"] = str(tmp_path / "nowhere")
    said = stack.pulumi("preview", fails=True)
    assert "nowhere/tags.yaml: no such file" in said
    assert "Traceback" not in said


def test_a_secret_place_is_refused_and_never_shown(stack: Stack) -> None:
    program = PROGRAM.replace("'us-east-1'", "pulumi.Output.secret('us-east-1')")
    (stack.directory / "stacks" / "__main__.py").write_text(program, "utf-8")
    said = stack.pulumi("preview", fails=True)
    assert "replicas[1].regionName is [a value that is not shown]" in said
    assert "us-east-1" not in said


def test_a_place_that_is_not_known_yet_is_refused_at_the_first_preview(stack: Stack) -> None:
    program = PROGRAM.replace("'us-east-1'", "good.key_id")
    (stack.directory / "stacks" / "__main__.py").write_text(program, "utf-8")
    said = stack.pulumi("preview", fails=True)
    assert "replicas[1].regionName is not known before the update" in said
    assert "[mandatory]" in said
