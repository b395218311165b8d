"""What programs read is a contract: every JSON output validates against the schema beside its verb."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from failover import publish, signing
from kokunai import schema
from tests.edge import Edge
from tests.failover.test_publish import _endpoint

PROJECT = Path(__file__).parents[2]


def _validate(name: str, content: dict[str, Any]) -> None:
    text = (PROJECT / "kokunai" / f"{name}.schema.json").read_text("utf-8")
    jsonschema.validate(content, json.loads(text), format_checker=jsonschema.FormatChecker())


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kokunai", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor() -> None:
    done = _run("doctor", "--format", "json", PULUMI_OPTION_POLICY_PACK=str(PROJECT / "policies"))
    content = json.loads(done.stdout)
    _validate("doctor", content)
    assert done.returncode == 0, done.stdout
    verdicts = {check["name"]: check["verdict"] for check in content["checks"]}
    assert verdicts["policy pack"] == "ok"
    assert verdicts["lock"] == "warning"


@pytest.mark.parametrize("pack", ["", "/elsewhere"])
def test_doctor_fails_without_the_policy_pack(pack: str) -> None:
    done = _run("doctor", PULUMI_OPTION_POLICY_PACK=pack)
    assert done.returncode == 2
    assert "export PULUMI_OPTION_POLICY_PACK=" in done.stdout


def test_publish(running_edge: Edge, tmp_path: Path) -> None:
    signer = signing.generate(tmp_path / "signing.key", tmp_path / "rehearsal.pub")
    found = publish.publish(
        "aws", {"swallow-70b": _endpoint("swallow-70b")}, key=running_edge.key, signer=signer, directory=tmp_path,
        environment="rehearsal", ca=running_edge.ca, address=running_edge.address,
    )  # fmt: skip
    _validate("publish", {"schema": "kokunai/publish/v1", "descriptors": [json.loads(each.text()) for each in found]})


@pytest.mark.parametrize("name", sorted(schema.schemas()))
def test_the_schemas_of_the_estate_are_current(name: str) -> None:
    assert (PROJECT / "docs" / "schema" / f"{name}.json").read_text("utf-8") == schema.text(schema.schemas()[name]), (
        "run `kokunai schema`"
    )


@pytest.mark.parametrize("name", ["service", "tags", "lock"])
def test_the_shipped_estate_validates_against_its_schema(name: str) -> None:
    from ruamel.yaml import YAML

    files = (
        (PROJECT / "estate" / "services").glob("*.yaml") if name == "service" else [PROJECT / "estate" / f"{name}.yaml"]
    )
    for path in files:
        content = json.loads(json.dumps(YAML(typ="safe").load(path.read_text("utf-8")), default=str))
        jsonschema.validate(content, schema.schemas()[name])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rehearse", "up", "mars"], "'mars' is not a site"),
        (["publish", "mars", "--key", "k", "--api-key-file", "a"], "'mars' is not a site"),
        (["--project", "/", "doctor"], "no Pulumi.yaml here or above"),
        (["frobnicate"], "No such command"),
    ],
)
def test_a_slip_on_the_command_line_is_told_without_a_traceback(arguments: list[str], told: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
