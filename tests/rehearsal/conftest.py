"""Stacks on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsal import rehearsal_engine
from tests.rehearsal.rehearsal_engine import Stack


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private PULUMI_HOME of all engine tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def stack(tmp_path: Path, pulumi_home: Path) -> Callable[[Path], Stack]:
    """A fresh stack of the program in a directory."""
    return lambda directory: rehearsal_engine.stack(tmp_path, pulumi_home, directory)


@pytest.fixture
def stack_of(tmp_path: Path, stack: Callable[[Path], Stack]) -> Callable[[str], Stack]:
    """A fresh stack of a program given as text."""

    def write(text: str) -> Stack:
        directory = tmp_path / "written"
        directory.mkdir()
        (directory / "Pulumi.yaml").write_text("name: written\nruntime: python\n")
        (directory / "__main__.py").write_text(text)
        return stack(directory)

    return write
