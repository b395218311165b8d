"""An endpoint is published when it was reached through its edge and kept the contract, and never otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import KokunaiError
from failover import publish, signing
from failover.publish import EndpointOutput
from tests.edge import Edge


def _endpoint(service: str, **changes: object) -> EndpointOutput:
    values: dict[str, object] = {
        "url": f"https://llm.aws.example.co.jp/{service}/v1",
        "fingerprint": "rehearsal:sha256:" + "0" * 64,
        "region": "ap-northeast-1",
        "data_class": "confidential",
        "placement": ("--tensor-parallel-size=4",),
        "max_model_len": 8192,
        "accelerator": "l40s",
        "machine": "g6e.24xlarge",
    }
    return EndpointOutput.model_validate({**values, **changes})


def _publish(edge: Edge, directory: Path, endpoints: dict[str, EndpointOutput], key: str | None = None) -> list[str]:
    signer = signing.generate(directory / "signing.key", directory / "trusted" / "rehearsal.pub")
    found = publish.publish(
        "aws",
        endpoints,
        key=key or edge.key,
        signer=signer,
        directory=directory / "descriptors",
        environment="rehearsal",
        ca=edge.ca,
        address=edge.address,
    )
    return [each.conformance for each in found]


def test_endpoints_that_keep_the_contract_are_published(running_edge: Edge, tmp_path: Path) -> None:
    services = ("swallow-70b", "sarashina-3b")
    _publish(running_edge, tmp_path, {service: _endpoint(service) for service in services})
    keys = signing.trusted(tmp_path / "trusted")
    for service in services:
        descriptor = publish.read(tmp_path / "descriptors" / f"aws.{service}.json")
        signing.verify(descriptor, keys)
        assert descriptor.url == f"https://{running_edge.address}/{service}/v1"
        assert descriptor.environment == "rehearsal"


def test_the_same_answers_give_the_same_digest(running_edge: Edge, tmp_path: Path) -> None:
    first = _publish(running_edge, tmp_path / "1", {"swallow-70b": _endpoint("swallow-70b")})
    second = _publish(running_edge, tmp_path / "2", {"swallow-70b": _endpoint("swallow-70b")})
    assert first == second


@pytest.mark.parametrize(
    ("changes", "key", "told"),
    [
        ({"max_model_len": 4096}, None, "models: expected"),
        ({"url": "https://llm.aws.example.co.jp/other/v1"}, None, "unary: expected"),
        ({}, "wrong", "models: expected"),
    ],
)
def test_a_broken_contract_publishes_nothing(
    running_edge: Edge, tmp_path: Path, changes: dict[str, object], key: str | None, told: str
) -> None:
    endpoints = {"sarashina-3b": _endpoint("sarashina-3b"), "swallow-70b": _endpoint("swallow-70b", **changes)}
    with pytest.raises(KokunaiError, match=told):
        _publish(running_edge, tmp_path, endpoints, key)
    assert not (tmp_path / "descriptors").exists()


def test_an_edge_with_another_authority_is_not_reached(running_edge: Edge, tmp_path: Path) -> None:
    signer = signing.generate(tmp_path / "signing.key", tmp_path / "rehearsal.pub")
    with pytest.raises(KokunaiError, match="cannot be reached") as refused:
        publish.publish(
            "aws", {"swallow-70b": _endpoint("swallow-70b")}, key="x", signer=signer, directory=tmp_path,
            environment="rehearsal", address=running_edge.address,
        )  # fmt: skip
    assert running_edge.key not in str(refused.value)


def test_a_stack_without_endpoints_is_told() -> None:
    with pytest.raises(KokunaiError, match="the stack has no endpoints"):
        publish.read_outputs({}, where="stack aws")
