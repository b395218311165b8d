"""The private PULUMI_HOME of a rehearsal."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import EnvironmentFault
from rehearsal import plugins


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    path = tmp_path / "toolchain" / "pulumi"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho engine\n")
    path.chmod(0o755)
    return path


def files(home: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_each_stand_in_sits_where_the_engine_looks_at_the_version_of_its_wheel(tmp_path: Path, engine: Path) -> None:
    home = tmp_path / "a home with spaces"
    plugins.install(home, Path(sys.executable), engine)
    expected = {"bin/pulumi", "bin/pulumi-language-python"}
    for package in ("aws", "azure-native", "gcp", "kubernetes"):
        version = importlib.metadata.version(f"pulumi-{package}")
        expected.add(f"plugins/resource-{package}-v{version}/pulumi-resource-{package}")
    assert files(home).keys() == expected
    assert all(os.access(home / file, os.X_OK) for file in expected)


def test_installing_again_changes_nothing(tmp_path: Path, engine: Path) -> None:
    home = tmp_path / "home"
    plugins.install(home, Path(sys.executable), engine)
    before = files(home)
    plugins.install(home, Path(sys.executable), engine)
    assert files(home) == before


def test_what_was_spoilt_or_is_old_is_put_right(tmp_path: Path, engine: Path) -> None:
    home = tmp_path / "home"
    plugins.install(home, Path(sys.executable), engine)
    sound = {file: content for file, (content, _) in files(home).items()}
    (home / "bin" / "pulumi-language-python").write_text("half a fi")
    (home / "bin" / "pulumi").unlink()
    (home / "bin" / "pulumi").write_text("another engine")
    plugins.install(home, Path(sys.executable), engine)
    assert {file: content for file, (content, _) in files(home).items()} == sound


def test_a_new_engine_takes_the_place_of_the_old_one(tmp_path: Path, engine: Path) -> None:
    home = tmp_path / "home"
    plugins.install(home, Path(sys.executable), engine)
    engine.unlink()
    engine.write_text("#!/bin/sh\necho newer\n")
    engine.chmod(0o755)
    plugins.install(home, Path(sys.executable), engine)
    assert (home / "bin" / "pulumi").read_text() == "#!/bin/sh\necho newer\n"


def test_an_official_language_host_beside_the_engine_is_used(tmp_path: Path, engine: Path) -> None:
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        (engine.parent / name).write_text(f"official {name}")
    home = tmp_path / "home"
    plugins.install(home, Path(sys.executable), engine)
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        assert (home / "bin" / name).read_text() == f"official {name}"


def test_a_linked_engine_is_found_where_it_really_is(tmp_path: Path, engine: Path) -> None:
    (engine.parent / "pulumi-language-python").write_text("official")
    link = tmp_path / "bin" / "pulumi"
    link.parent.mkdir()
    link.symlink_to(engine)
    plugins.install(tmp_path / "home", Path(sys.executable), link)
    assert not (tmp_path / "home" / "bin" / "pulumi").is_symlink()
    assert (tmp_path / "home" / "bin" / "pulumi-language-python").read_text() == "official"


def test_a_stand_in_is_not_misled_by_files_of_the_project(tmp_path: Path, engine: Path) -> None:
    """A plugin starts in the user's project, where a file may be called like a module that the plugin needs."""
    home = tmp_path / "home"
    plugins.install(home, Path(sys.executable), engine)
    for name in ("grpc.py", "core.py", "rehearsal.py"):
        (tmp_path / name).write_text("raise SystemExit('shadowed')")
    launcher = next(home.rglob("pulumi-resource-aws"))
    with subprocess.Popen([launcher, "127.0.0.1:1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as stand_in:
        assert stand_in.stdout is not None
        assert stand_in.stdout.readline().strip().isdigit()
        stand_in.terminate()


def test_the_environment_leads_to_the_rehearsal(tmp_path: Path) -> None:
    found = plugins.environment(tmp_path, "file:///state", tmp_path / "passphrase")
    assert found["PULUMI_HOME"] == str(tmp_path)
    assert found["PULUMI_BACKEND_URL"] == "file:///state"
    assert found["PATH"].startswith(f"{tmp_path}/bin:")


def test_a_rehearsal_never_keeps_its_state_beside_real_ones(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="never beside real ones"):
        plugins.environment(tmp_path, "s3://states", tmp_path / "passphrase")


def test_what_could_lead_to_a_real_account_or_backend_is_left_out() -> None:
    shell = {
        "HOME": "/home/a",
        "HTTPS_PROXY": "http://proxy",
        "AWS_PROFILE": "prod",
        "ARM_CLIENT_SECRET": "s",
        "GOOGLE_APPLICATION_CREDENTIALS": "f",
        "KUBECONFIG": "k",
        "PULUMI_ACCESS_TOKEN": "t",
        "PULUMI_CONFIG_PASSPHRASE": "p",
    }
    assert plugins.inherited(shell) == {"HOME": "/home/a", "HTTPS_PROXY": "http://proxy"}
