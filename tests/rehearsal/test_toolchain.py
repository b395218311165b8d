"""Which executable runs: the set-up's choice before what it built, that before PATH."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import EnvironmentFault
from rehearsal.toolchain import Toolchain


def _tool(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_set_ups_choice_then_what_it_built_then_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain, elsewhere = Toolchain(tmp_path / "checkout"), tmp_path / "elsewhere"
    monkeypatch.setenv("PATH", str(elsewhere))
    on_path = _tool(elsewhere / "etcd")
    assert toolchain.program("etcd") == on_path
    built = _tool(toolchain.project / ".toolchain" / "bin" / "etcd")
    assert toolchain.program("etcd") == built
    chosen = _tool(tmp_path / "assets" / "etcd")
    (toolchain.project / ".toolchain" / "toolchain.json").write_text(json.dumps({"etcd": str(chosen)}))
    assert toolchain.program("etcd") == chosen
    chosen.unlink()
    assert toolchain.program("etcd") == built


def test_a_missing_part_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EnvironmentFault, match=r"kube-apiserver is missing\n.*make setup"):
        Toolchain(tmp_path).program("kube-apiserver")
