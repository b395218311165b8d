"""Throw-away credentials: complete or made anew, never a mixture."""

from __future__ import annotations

from pathlib import Path

from rehearsal import credentials

HOSTS = {"aws": "llm-aws.rehearsal.invalid", "onprem": "llm-onprem.rehearsal.invalid"}


def _all(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    credentials.prepare(tmp_path, HOSTS)
    before = _all(tmp_path)
    credentials.prepare(tmp_path, HOSTS)
    assert _all(tmp_path) == before


def test_what_a_killed_run_left_is_made_anew(tmp_path: Path) -> None:
    credentials.prepare(tmp_path / "a", HOSTS)
    credentials.prepare(tmp_path / "b", HOSTS)
    (tmp_path / "a" / "aws.crt").write_bytes((tmp_path / "b" / "aws.crt").read_bytes())
    mixed = _all(tmp_path / "a")
    credentials.prepare(tmp_path / "a", HOSTS)
    after = _all(tmp_path / "a")
    assert after["aws.crt"] != mixed["aws.crt"]
    assert after["ca.crt"] != mixed["ca.crt"]
    assert after["client.key"] == mixed["client.key"], "applications keep their key"


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    credentials.prepare(tmp_path / "secrets", HOSTS)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())


def test_every_key_says_what_it_is(tmp_path: Path) -> None:
    made = credentials.prepare(tmp_path, HOSTS)
    assert made.client_key.read_text().startswith("rehearsal-")
    assert made.passphrase.read_text().startswith("rehearsal-")
