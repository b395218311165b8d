"""What a person who made a slip in the estate is told: file, line, key, nearest valid name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalog.load import catalogue
from core.errors import InputError, KokunaiError
from core.estate import load_estate, load_lock
from core.lock import refuse_unknown

ESTATE = Path(__file__).parents[2] / "estate"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ESTATE, tmp_path / "estate"))


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _refusal(estate: Path) -> str:
    with pytest.raises(InputError) as refused:
        load_estate(estate, catalogue())
    return str(refused.value)


def test_the_shipped_estate_is_valid() -> None:
    loaded = load_estate(ESTATE, catalogue())
    assert {service.name for service in loaded.services} == {"swallow-70b", "sarashina-3b"}


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "told"),
    [
        ("services/swallow-70b.yaml", "concurrency: 8", "concurency: 8", 8, "did you mean 'concurrency'?"),
        ("services/swallow-70b.yaml", "min: 1", "minn: 1", 10, "did you mean 'min'?"),
        ("services/swallow-70b.yaml", "tier: L", "tier: LL", 9, "'S', 'M', 'L' or 'XL'"),
        ("services/swallow-70b.yaml", "context_tokens: 8192", "context_tokens: eight", 7, "valid integer"),
        ("services/swallow-70b.yaml", "model: llama-3.1", "model: lama-3.1", 5, "did you mean 'llama-3.1-swallow"),
        ("services/swallow-70b.yaml", "team: sales", "team: sails", 18, "did you mean 'sales'?"),
        ("services/swallow-70b.yaml", "team: sales", "teem: sales", 18, "did you mean 'team'?"),
        ("services/swallow-70b.yaml", "[10.0.0.0/8]", "[8.8.8.0/24]", 13, "not a private network"),
        ("services/swallow-70b.yaml", "name: swallow-70b", "name: swallow-71b", 3, "rename the file"),
        ("services/swallow-70b.yaml", "max: 1}", "max: 1", 11, "not YAML"),
        ("tags.yaml", "derived: service", "derive: service", 32, "did you mean 'derived'?"),
        ("tags.yaml", "team: platform\n", "team: plattform\n", 45, "did you mean 'platform'?"),
    ],
)
def test_a_slip_is_told_with_its_place(estate: Path, file: str, old: str, new: str, line: int, told: str) -> None:
    _edit(estate / file, old, new)
    message = _refusal(estate)
    assert f"{estate / file}:{line}" in message
    assert told in message


def test_all_faults_are_told_at_once(estate: Path) -> None:
    _edit(estate / "services/swallow-70b.yaml", "tier: L", "tier: LL")
    _edit(estate / "services/sarashina-3b.yaml", "kind: chat", "kind: chatt")
    message = _refusal(estate)
    assert "swallow-70b.yaml" in message
    assert "sarashina-3b.yaml" in message


def test_a_key_given_twice_is_refused(estate: Path) -> None:
    _edit(estate / "services/swallow-70b.yaml", "tier: L\n", "tier: L\ntier: S\n")
    assert "tier" in _refusal(estate)


def test_yaml_words_stay_text(estate: Path) -> None:
    _edit(estate / "tags.yaml", "staging: {title", "no: {title")
    _edit(estate / "services/swallow-70b.yaml", "environment: production", "environment: no")
    assert load_estate(estate, catalogue()).services


def test_no_estate(tmp_path: Path) -> None:
    with pytest.raises(KokunaiError, match="no such directory") as refused:
        load_estate(tmp_path / "nowhere", catalogue())
    assert "KOKUNAI_ESTATE" in refused.value.fix


def test_not_utf_8(estate: Path) -> None:
    path = estate / "services/swallow-70b.yaml"
    path.write_bytes("# 国内\n".encode("cp932") + path.read_bytes())
    assert f"{path}:1: not UTF-8" in _refusal(estate)


def test_the_shipped_lock_is_unknown_and_refused() -> None:
    services = load_estate(ESTATE, catalogue()).services
    lines = load_lock(ESTATE / "lock.yaml").unknown(services, ("vllm-openai", "haproxy"), catalogue())
    assert len(lines) == 4
    with pytest.raises(KokunaiError, match="obtain it with: crane digest"):
        refuse_unknown(lines, where="stack aws")


def test_a_made_up_digest_is_refused(estate: Path) -> None:
    path = estate / "lock.yaml"
    _edit(path, "vllm-openai: {digest: unknown}", "vllm-openai: {digest: latest}")
    with pytest.raises(InputError, match=r"lock\.yaml:6: images\.vllm-openai\.digest"):
        load_lock(path)
