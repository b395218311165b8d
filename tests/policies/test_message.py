"""What a message shows of a value, and where rules learn what the organisation declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import KokunaiError
from core.values import Known
from policies.context import estate_directory, load_context
from policies.message import HIDDEN, shown
from policies.pack import language
from tests.policies import server


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("us-east-1", "us-east-1"),
        ("Southeast Asia", "Southeast Asia"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("*", "*"),
        ("registry.example.jp/vllm:v1", "registry.example.jp/vllm:v1"),
        (443.0, "443"),
        (True, "true"),
        ("", "empty"),
    ],
)
def test_words_of_configuration_are_shown(value: Any, text: str) -> None:
    assert shown(Known(value)).en == text


@pytest.mark.parametrize(
    "value", ["-----BEGIN KEY-----", "a\nb", "パスワード", "x" * 300, {"a": 1}, ["us-east-1"], "p&ss;word"]
)
def test_anything_else_is_not(value: Any) -> None:
    assert shown(Known(value)) is HIDDEN


@pytest.mark.parametrize("value", ["us-east-1", True, 3, ""])
def test_a_secret_is_never_shown(value: Any) -> None:
    assert shown(Known(value, secret=True)) is HIDDEN


def test_the_required_keys_come_from_the_registry(tmp_path: Path) -> None:
    assert load_context(server.estate(tmp_path / "estate")).required_tags == ("team", "cost-centre")


def test_a_wrong_registry_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "tags.yaml").write_text("kyes: {}\nshared: {}\n", "utf-8")
    with pytest.raises(KokunaiError, match="did you mean 'keys'"):
        load_context(tmp_path)


def test_the_estate_is_the_project_s_unless_another_is_named(tmp_path: Path) -> None:
    assert estate_directory({}, tmp_path) == tmp_path / "estate"
    assert estate_directory({"KOKUNAI_ESTATE": "/elsewhere"}, tmp_path) == Path("/elsewhere")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "KOKUNAI_LANG": "en"}, "en"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
    ],
)
def test_messages_speak_the_language_of_the_environment(environment: dict[str, str], expected: str) -> None:
    assert language(environment) == expected
