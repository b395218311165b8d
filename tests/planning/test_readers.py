"""Plan files as the engine writes them, and what is said of files that are something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core import wire
from core.errors import KokunaiError
from core.values import Absent, Known, Secret, Unknown
from planning.readers import read_plan

PROVIDER = "urn:pulumi:prod::p::pulumi:providers:aws::tokyo"
BUCKET = "urn:pulumi:prod::p::aws:s3/bucket:Bucket::a::b"


def state(urn: str = BUCKET, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, **more}


def provider() -> dict[str, Any]:
    return state(PROVIDER, id="1", inputs={"region": "ap-northeast-1", "defaultTags": '{"tags":{"team":"ai"}}'})


def preview(*steps: tuple[str, dict[str, Any]]) -> str:
    return json.dumps({"steps": [{"op": op, "urn": new["urn"], "newState": new} for op, new in steps]})


def export(*states: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": states}})


def checkpoint(*states: dict[str, Any]) -> str:
    return json.dumps({"version": 3, "checkpoint": {"stack": "prod", "latest": {"resources": states}}})


def log(*states: dict[str, Any]) -> str:
    events = [
        {"sequence": number, "resourcePreEvent": {"metadata": {"op": "create", "urn": each["urn"], "new": each}}}
        for number, each in enumerate(states)
    ]
    return "\n".join(json.dumps(event) for event in [{"preludeEvent": {"config": {}}}, *events, {"summaryEvent": {}}])


def write(directory: Path, text: str) -> Path:
    file = directory / "plan.json"
    file.write_text(text, "utf-8")
    return file


def steps(*states: dict[str, Any]) -> str:
    return preview(*(("create", each) for each in states))


@pytest.mark.parametrize("form", [steps, export, checkpoint, log])
def test_the_four_forms_say_the_same(tmp_path: Path, form: Any) -> None:
    bucket = state(
        inputs={"bucket": "weights", "n": 3.0, "acl": wire.UNKNOWN_STRING},
        provider=f"{PROVIDER}::1",
        parent="urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod",
        protect=True,
    )
    graph = read_plan(write(tmp_path, form(provider(), bucket)))
    assert graph.stack == "prod"
    found = graph.resources[1]
    assert found.name == "a::b"
    assert (found.value("bucket"), found.value("n"), found.value("acl")) == (Known("weights"), Known(3), Unknown())
    assert found.options.protect
    assert found.provider is not None
    assert found.provider.value("defaultTags.tags.team") == Known("ai")


def test_secrets_are_unknown_and_marked_whether_masked_or_encrypted(tmp_path: Path) -> None:
    encrypted = {wire.SIGNATURE: wire.SECRET, "ciphertext": "v1:abc"}
    graph = read_plan(write(tmp_path, export(state(inputs={"a": "[secret]", "b": encrypted}))))
    [found] = graph.resources
    assert (found.value("a"), found.value("b")) == (Unknown(), Unknown())
    assert isinstance(found.props["a"], Secret)
    assert "abc" not in repr(graph)


def test_a_secret_that_was_exported_in_clear_is_judged_and_marked(tmp_path: Path) -> None:
    shown = {wire.SIGNATURE: wire.SECRET, "plaintext": '"us-east-1"'}
    [found] = read_plan(write(tmp_path, export(state(inputs={"region": shown})))).resources
    assert found.value("region") == Known("us-east-1", secret=True)
    assert "us-east-1" not in repr(found)


def test_what_will_be_gone_is_left_out(tmp_path: Path) -> None:
    assert read_plan(write(tmp_path, preview(("delete", state()), ("discard", state())))).resources == ()
    assert read_plan(write(tmp_path, export(state(delete=True)))).resources == ()


def test_a_replacement_counts_once_with_what_it_will_be(tmp_path: Path) -> None:
    old, new = state(inputs={"region": "us-east-1"}), state(inputs={"region": "ap-northeast-1"})
    text = preview(("create-replacement", old), ("replace", new), ("delete-replaced", old))
    [found] = read_plan(write(tmp_path, text)).resources
    assert found.value("region") == Known("ap-northeast-1")


def test_of_what_is_only_read_the_found_values_count(tmp_path: Path) -> None:
    read = state(external=True, inputs={}, outputs={"region": "us-east-1"})
    [found] = read_plan(write(tmp_path, preview(("read", read)))).resources
    assert found.value("region") == Known("us-east-1")


def test_outputs_of_what_is_managed_are_not_taken_for_inputs(tmp_path: Path) -> None:
    [found] = read_plan(write(tmp_path, export(state(inputs={}, outputs={"region": "us-east-1"})))).resources
    assert found.value("region") == Absent()


def test_dependencies_are_read_by_property(tmp_path: Path) -> None:
    dependent = state(propertyDependencies={"bucket": [BUCKET], "acl": []}, urn=PROVIDER.replace("tokyo", "x"))
    graph = read_plan(write(tmp_path, export(state(), dependent)))
    assert graph.dependencies == {dependent["urn"]: {"bucket": (BUCKET,)}}


def test_an_empty_plan_is_a_plan(tmp_path: Path) -> None:
    for text in ('{"steps": []}', '{"changeSummary": {"same": 0}}', export(), log()):
        assert read_plan(write(tmp_path, text)).resources == ()


def test_a_log_that_was_cut_in_its_last_line_is_read(tmp_path: Path) -> None:
    text = log(state(inputs={"region": "us-east-1"}))
    assert len(read_plan(write(tmp_path, text[:-5])).resources) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither a preview, nor a state, nor an event log"),
        ("{}", "neither a preview, nor a state, nor an event log"),
        ("[]", "neither a preview, nor a state, nor an event log"),
        ("3", "not what the Pulumi engine writes"),
        ('"text"', "not what the Pulumi engine writes"),
        ("[1, 2]", "not what the Pulumi engine writes"),
        ('{"steps": [{"op": "create", "newState": {"type": "x"}}]}', "not what the Pulumi engine writes"),
        ('{"steps": 3}', "not what the Pulumi engine writes"),
        ('{"deployment": {"resources": ["x"]}}', "not what the Pulumi engine writes"),
        ("hello\nworld\n", "line 1: not JSON"),
        ('{"preludeEvent": {}}\nnonsense\n{"summaryEvent": {}}\n', "line 2: not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_something_else_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(KokunaiError) as refusal:
        read_plan(write(tmp_path, text))
    assert said in str(refusal.value)
    assert "pulumi preview --json" in str(refusal.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KokunaiError, match="not text"):
        read_plan(tmp_path / "plan.json")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(KokunaiError, match="cannot be read"):
        read_plan(tmp_path / "nothing.json")
