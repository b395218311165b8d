"""What the stack file may say: refused here, before anything is registered."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.components.sites.gcp.declared import settings


@pytest.mark.parametrize("region", ["us-central1", "asia-northeast3", "asia", "global"])
def test_a_region_abroad_is_refused_with_the_regions_that_are_allowed(region: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(region=region)
    assert region in str(refusal.value)
    assert "asia-northeast1 (Tokyo), asia-northeast2 (Osaka)" in str(refusal.value)


def test_osaka_is_japan() -> None:
    osaka = settings(region="asia-northeast2")
    assert osaka.registry.startswith("asia-northeast2-docker.pkg.dev/")
    assert all(zone.startswith("asia-northeast2-") for zone in osaka.region_zones)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"zones": ["asia-northeast3-a"]}, "not a zone of a region in Japan"),
        ({"zones": ["asia-northeast2-a"]}, "not of asia-northeast1: asia-northeast2-a; choose among asia-northeast1-a"),
        ({"network": "8.8.0.0/16"}, "not a private network: 8.8.0.0/16"),
        ({"network": "10.72.0.0/20"}, "10.72.0.0/20 is a /20"),
        ({"runner_networks": []}, "runner_networks"),
        ({"runner_networks": ["0.0.0.0/0"]}, "not a private network: 0.0.0.0/0"),
        ({"runner_networks": ["10.0.0.0/8"]}, "overlaps network 10.72.0.0/16"),
        ({"project": "Example"}, "project"),
        ({"project_number": "example-llm-prod"}, "project_number"),
        ({"name_prefix": "google"}, "must not start with 'goog'"),
        ({"name_prefix": "longer-than-12"}, "at most 12"),
        ({"host": "https://llm.example.jp"}, "host"),
        (
            {"capacity_reservations": {"drafting": {"name": "r", "zone": "asia-northeast2-a"}}},
            "capacity_reservations.drafting.zone: 'asia-northeast2-a' is not in zones",
        ),
        ({"regoin": "asia-northeast1"}, "regoin"),
    ],
)
def test_a_mistake_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**changes)
    assert told in str(refusal.value)


def test_a_runner_may_stand_inside_the_sites_network() -> None:
    inside = "10.72.15.0/28"
    assert [str(network) for network in settings(runner_networks=[inside]).runner_networks] == [inside]


def test_the_ranges_are_apart_and_inside_the_network() -> None:
    declared = settings()
    ranges = [declared.nodes_range, declared.services_range, declared.pods_range]
    assert all(each.subnet_of(declared.network) for each in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)
