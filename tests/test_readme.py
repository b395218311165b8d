"""The READMEs say what is: their commands exist, their targets exist, their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PAGES = ("README.md", "README.ja.md", "docs/keys.md", *(
    f"docs/decisions/{path.name}" for path in sorted((PROJECT / "docs" / "decisions").glob("*.md"))
))  # fmt: skip
CODE = re.compile(r"```console\n(.*?)```", re.S)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def _text(page: str) -> str:
    path = PROJECT / page
    return path.read_text("utf-8") if path.exists() else ""


def _commands(page: str) -> list[str]:
    lines = [line for block in CODE.findall(_text(page)) for line in block.splitlines()]
    return [line.removeprefix("$ ").split("#")[0].strip() for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in LINK.findall(_text(page)):
        assert ((PROJECT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_commands_exist(page: str) -> None:
    commands = _commands(page)
    assert "make rehearse" in commands
    assert "make test" in commands
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.M))
    for command in commands:
        words = command.split()
        if words[0] == "make":
            assert words[1] in targets, command
        if words[0] == "kokunai":
            verbs = [word for word in words[1:] if re.fullmatch(r"[a-z]+", word) and word not in ("aws",)]
            options = [word for word in words if word.startswith("--")]
            done = subprocess.run(
                [sys.executable, "-m", "kokunai", *verbs, "--help"],
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, command
            assert all(option in done.stdout for option in options), command


def test_both_languages_give_the_same_commands() -> None:
    japanese = set(_commands("README.ja.md"))
    english = set(_commands("README.md"))
    assert {each.split(" --lang")[0] for each in japanese} <= english
