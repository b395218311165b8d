"""Project and stack files as the engine would read them, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import KokunaiError
from planning.project import load_project, load_stack
from tests.planning.programs import project


def write(directory: Path, text: str) -> Path:
    (directory / "Pulumi.yaml").write_text(text, "utf-8")
    return directory


def test_stacks_are_those_that_have_a_file(tmp_path: Path) -> None:
    assert load_project(project(tmp_path, "", two="config: {}")).stacks() == ("one", "two")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("config: {trial:name: x}", "x"),
        ("config: {name: x}", "x"),
        ("config: {trial:name: 3}", "3"),
        ("config: {trial:name: 0.5}", "0.5"),
        ("config: {trial:name: true}", "true"),
        ("config: {trial:name: [a, b]}", '["a","b"]'),
        ("config: {trial:name: {a: 東京}}", '{"a":"東京"}'),
        ("config: {trial:name: no}", "no"),
    ],
)
def test_a_value_reaches_the_program_as_the_engine_would_give_it(tmp_path: Path, written: str, text: str) -> None:
    found = load_project(project(tmp_path, "", written))
    assert load_stack(found, "one").values["trial:name"] == text


def test_a_project_s_default_is_used_and_a_stack_s_value_wins(tmp_path: Path) -> None:
    found = load_project(project(tmp_path, "", "config: {trial:size: 7}", two=""))
    assert load_stack(found, "one").values["trial:size"] == "7"
    assert load_stack(found, "two").values["trial:size"] == "3"


def test_a_stack_knows_which_default_providers_are_forbidden(tmp_path: Path) -> None:
    found = load_project(project(tmp_path, ""))
    assert load_stack(found, "one").disabled_defaults == ("*",)


@pytest.mark.parametrize(
    "value", ["{secure: AAABBBCCC}", "{client: {secure: AAABBBCCC}}", "[{secure: AAABBBCCC}, plain]"]
)
def test_what_is_encrypted_even_in_part_is_left_out_and_named(tmp_path: Path, value: str) -> None:
    config = load_stack(load_project(project(tmp_path, "", f"config: {{trial:key: {value}}}")), "one")
    assert "trial:key" not in config.values
    assert config.encrypted == ("trial:key",)
    assert "AAABBBCCC" not in repr(config)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runtime: python\n", "Pulumi.yaml: 'name' is missing"),
        ("name: x\nruntime: nodejs\n", "runtime 'nodejs': only Python programs can be recorded"),
        ("name: x\nruntime: python\nmain: nowhere\n", "Pulumi.yaml:3: main: no program: "),
        ("- name\n", "Pulumi.yaml: not a mapping"),
        ("name: [\n", "not YAML"),
    ],
)
def test_a_wrong_project_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(KokunaiError) as refusal:
        load_project(write(tmp_path, text))
    assert said in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_no_project_file(tmp_path: Path) -> None:
    with pytest.raises(KokunaiError, match="no such file"):
        load_project(tmp_path)


def test_a_stack_that_has_no_file_names_the_nearest_one(tmp_path: Path) -> None:
    found = load_project(project(tmp_path, "", gcp="", azure=""))
    with pytest.raises(KokunaiError, match="did you mean 'azure'"):
        load_stack(found, "azur")


def test_every_mistyped_and_missing_key_is_told_at_once(tmp_path: Path) -> None:
    directory = project(tmp_path, "", "config:\n  trial:size: many\n")
    text = (directory / "Pulumi.yaml").read_text("utf-8") + "  trial:place: {type: string}\n"
    found = load_project(write(directory, text))
    with pytest.raises(KokunaiError) as refusal:
        load_stack(found, "one")
    assert "Pulumi.one.yaml:2: config.trial:size: 'trial:size' is not of type integer" in str(refusal.value)
    assert "'trial:place' is missing" in str(refusal.value)
    assert "pulumi config set trial:place <value>" in str(refusal.value)


@pytest.mark.parametrize("text", ["config: [a]", "- a", "config: 3"])
def test_a_stack_file_of_another_shape(tmp_path: Path, text: str) -> None:
    found = load_project(project(tmp_path, "", text))
    with pytest.raises(KokunaiError, match="not a mapping"):
        load_stack(found, "one")
