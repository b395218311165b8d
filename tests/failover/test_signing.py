"""Who is believed: a descriptor as signed by a trusted key, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.descriptor import Descriptor
from core.errors import KokunaiError
from failover import publish, signing
from failover.signing import Refused


def _descriptor(**changes: object) -> Descriptor:
    values: dict[str, object] = {
        "environment": "production",
        "service": "swallow-70b",
        "site": "aws",
        "url": "https://llm.aws.example.co.jp/swallow-70b/v1",
        "fingerprint": "sha256:" + "0" * 64,
        "region": "ap-northeast-1",
        "data_classes": ("confidential",),
        "certificate": "0" * 64,
        "placement": ("--tensor-parallel-size=4",),
        "conformance": "unknown",
        "issued_at": datetime(2026, 4, 1, tzinfo=UTC),
    }
    return Descriptor.model_validate({**values, **changes})


@pytest.fixture
def signer(tmp_path: Path) -> signing.Signer:
    return signing.generate(tmp_path / "signing.key", tmp_path / "trusted" / "platform.pub")


def test_signed_and_read_again_it_verifies(signer: signing.Signer, tmp_path: Path) -> None:
    path = tmp_path / "aws.swallow-70b.json"
    path.write_text(signer.sign(_descriptor()).text(), "utf-8")
    signing.verify(publish.read(path), signing.trusted(tmp_path / "trusted"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://elsewhere.example.com/v1"),
        ("region", "us-east-1"),
        ("data_classes", ["restricted"]),
        ("fingerprint", "sha256:" + "1" * 64),
        ("issued_at", "2027-04-01T00:00:00Z"),
        ("environment", "rehearsal"),
    ],
)
def test_any_changed_field_is_refused(signer: signing.Signer, tmp_path: Path, field: str, value: object) -> None:
    content = json.loads(signer.sign(_descriptor()).text())
    path = tmp_path / "changed.json"
    path.write_text(json.dumps({**content, field: value}), "utf-8")
    with pytest.raises(Refused, match="changed after it was signed"):
        signing.verify(publish.read(path), signing.trusted(tmp_path / "trusted"))


def test_an_unsigned_one_is_refused(signer: signing.Signer, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not signed"):
        signing.verify(_descriptor(), signing.trusted(tmp_path / "trusted"))


def test_a_strangers_signature_is_refused(signer: signing.Signer, tmp_path: Path) -> None:
    stranger = signing.generate(tmp_path / "other.key", tmp_path / "other" / "stranger.pub")
    with pytest.raises(Refused, match="unknown key"):
        signing.verify(stranger.sign(_descriptor()), signing.trusted(tmp_path / "trusted"))


def test_a_key_that_others_may_read_is_refused(signer: signing.Signer, tmp_path: Path) -> None:
    key = tmp_path / "signing.key"
    assert signing.signer(key).keyid == signer.keyid
    key.chmod(0o644)
    with pytest.raises(KokunaiError, match="others may read"):
        signing.signer(key)


def test_a_key_is_never_overwritten(signer: signing.Signer, tmp_path: Path) -> None:
    before = (tmp_path / "signing.key").read_bytes()
    with pytest.raises(KokunaiError, match="there is a key already"):
        signing.generate(tmp_path / "signing.key", tmp_path / "again.pub")
    assert (tmp_path / "signing.key").read_bytes() == before


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": "kokunai/descriptor/v2"}', "\x00"])
def test_what_is_no_descriptor_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content, "utf-8")
    with pytest.raises(KokunaiError, match="not a descriptor") as refused:
        publish.read(path)
    assert str(path) in str(refused.value)
