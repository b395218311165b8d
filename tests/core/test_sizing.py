"""The sizing rule against worked examples, and what a service that fits nowhere is told."""

from __future__ import annotations

import pytest

from catalog.load import SITES, Machine, Precision, SiteName, catalogue
from core.errors import KokunaiError
from core.service import Service
from core.sizing import fit, kv_bytes_per_token, place, sequences, weights_gib

FACTS = catalogue()
SWALLOW = "llama-3.1-swallow-70b-instruct-v0.3"


def _service(**changes: object) -> Service:
    values: dict[str, object] = {
        "name": "swallow-70b",
        "model": SWALLOW,
        "precision": "int8",
        "context_tokens": 8192,
        "concurrency": 8,
        "tier": "L",
        "data_class": "confidential",
        "tags": {},
    }
    return Service.model_validate({**values, **changes})


def _machine(name: str) -> Machine:
    return next(machine for machine in FACTS.machines if machine.name == name)


@pytest.mark.parametrize(
    ("model", "expected"),
    [(SWALLOW, 327_680), ("sarashina2.2-3b-instruct", 163_840), ("llm-jp-3-13b-instruct3", 819_200)],
)
def test_cache_bytes_per_token(model: str, expected: int) -> None:
    assert kv_bytes_per_token(FACTS.models[model]) == expected


@pytest.mark.parametrize(
    ("machine", "gpus", "precision", "expected"),
    [
        ("gpu-h100-4", 2, "int8", 27),
        ("g6e.24xlarge", 4, "int8", 32),
        ("p5en.48xlarge", 1, "int8", 21),
        ("Standard_NC80adis_H100_v5", 2, "int8", 37),
        ("a2-highgpu-4g", 4, "int8", 25),
        ("Standard_NC80adis_H100_v5", 2, "bf16", 9),
        ("g6e.24xlarge", 4, "bf16", 4),
        ("p5.4xlarge", 1, "int4", 12),
    ],
)
def test_worked_examples(machine: str, gpus: int, precision: Precision, expected: int) -> None:
    assert sequences(_service(precision=precision), FACTS.models[SWALLOW], _machine(machine), gpus) == expected


def test_weights_in_gib() -> None:
    assert round(float(weights_gib(FACTS.models[SWALLOW], "bf16")), 1) == 134.1


@pytest.mark.parametrize("site", SITES)
def test_the_smallest_number_of_gpus_is_taken(site: SiteName) -> None:
    found = place(_service(), site, FACTS.regions_of(site)[0].name, (), FACTS)
    fewer = found.gpus // 2
    assert not fewer or sequences(_service(), FACTS.models[SWALLOW], found.machine, fewer) < 8


def test_gpus_divide_the_attention_heads() -> None:
    found = fit(
        _service(model="llm-jp-3-13b-instruct3", context_tokens=4096),
        FACTS.models["llm-jp-3-13b-instruct3"],
        _machine("g5.12xlarge"),
    )
    assert found is not None
    assert 40 % found.gpus == 0


def test_spot_only_machines_are_never_declared_capacity() -> None:
    with pytest.raises(KokunaiError) as refused:
        place(_service(tier="S"), "gcp", "asia-northeast1", (), FACTS)
    assert "a3-highgpu-1g" not in str(refused.value)
    assert "a2-highgpu-4g" in str(refused.value)


def test_what_fits_nowhere_is_told_what_would_fit() -> None:
    with pytest.raises(KokunaiError) as refused:
        place(_service(tier="S"), "aws", "ap-northeast-1", (), FACTS)
    text = str(refused.value)
    assert "service 'swallow-70b' on aws" in text
    assert "tier S" in text
    assert "g6e.24xlarge" in text


def test_not_sold_in_the_zone() -> None:
    with pytest.raises(KokunaiError, match=r"g6e\.24xlarge not sold in ap-northeast-1 apne1-az2"):
        place(_service(), "aws", "ap-northeast-1", ("apne1-az2",), FACTS)


def test_not_sold_in_osaka() -> None:
    with pytest.raises(KokunaiError, match="not sold in asia-northeast2"):
        place(_service(), "gcp", "asia-northeast2", (), FACTS)


def test_a_model_that_is_not_in_the_catalogue() -> None:
    with pytest.raises(KokunaiError, match="'gpt-9' is not in the catalogue") as refused:
        place(_service(model="gpt-9"), "aws", "ap-northeast-1", (), FACTS)
    assert SWALLOW in refused.value.fix


def test_a_context_longer_than_the_models() -> None:
    with pytest.raises(KokunaiError, match="more than the model's 8192"):
        place(_service(model="sarashina2.2-3b-instruct", context_tokens=9000), "aws", "ap-northeast-1", (), FACTS)
