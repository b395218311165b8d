"""GPU nodes: as many as needed, where they are sold, for one service's pods only."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.sites.gcp.gpu_pool import spread
from core.errors import KokunaiError
from tests.components.sites.gcp.declared import Site, deployed, service, small

POOL = "gcp:container/nodePool:NodePool"
ZONES = ("asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c")


@pytest.fixture
def pool(site: Site) -> Mapping[str, Any]:
    return site.one(POOL, "gcp-drafting-gpu").props


def test_the_machine_and_its_accelerators_are_the_catalogues(pool: Mapping[str, Any]) -> None:
    config = pool["nodeConfig"]
    assert config["machineType"] == "a2-highgpu-4g"
    assert config["guestAccelerators"] == [
        {"type": "nvidia-tesla-a100", "count": 4, "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"}}
    ]


def test_nodes_stand_where_the_machine_is_sold(pool: Mapping[str, Any]) -> None:
    assert pool["nodeLocations"] == ["asia-northeast1-a"]
    assert set(pool["nodeLocations"]) <= {"asia-northeast1-a", "asia-northeast1-c"}


def test_a_pod_finds_its_own_nodes_and_no_other(site: Site) -> None:
    for name, placement in site.foundation.placements.items():
        config = site.one(POOL, f"gcp-{name}-gpu").props["nodeConfig"]
        assert placement.node_selector == config["labels"] == {"kokunai.jp/service": name}
        (taint,) = config["taints"]
        (toleration,) = placement.tolerations
        assert (
            (toleration["key"], toleration["value"]) == (taint["key"], taint["value"]) == ("nvidia.com/gpu", "present")
        )
        assert (toleration["effect"], taint["effect"]) == ("NoSchedule", "NO_SCHEDULE")


def test_the_pool_carries_the_services_own_tags(pool: Mapping[str, Any]) -> None:
    labels = pool["nodeConfig"]["resourceLabels"]
    assert labels["service"] == "drafting"
    assert labels["team"] != "platform"


def test_an_upgrade_needs_no_spare_machine(pool: Mapping[str, Any]) -> None:
    assert pool["upgradeSettings"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_pool_with_a_fixed_name_goes_before_its_successor_comes(site: Site) -> None:
    assert site.one(POOL, "gcp-drafting-gpu").options.deleteBeforeReplace is True


@pytest.mark.parametrize(
    ("replicas", "zones", "in_each"),
    [(1, ZONES[:1], 1), (2, ZONES[:2], 1), (3, ZONES, 1), (4, ZONES[:2], 2), (5, ZONES[:1], 5), (6, ZONES, 2)],
)
def test_there_are_exactly_as_many_machines_as_replicas_need(
    replicas: int, zones: tuple[str, ...], in_each: int
) -> None:
    pool = deployed(small(replicas=replicas)).one(POOL, "gcp-triage-gpu").props
    assert (tuple(pool["nodeLocations"]), pool["nodeCount"]) == (zones, in_each)


@given(machines=st.integers(1, 64), zones=st.integers(1, 4))
def test_spread_is_exact_and_as_wide_as_it_divides(machines: int, zones: int) -> None:
    names = tuple("abcd"[:zones])
    used, in_each = spread(machines, names)
    assert len(used) * in_each == machines
    assert used == names[: len(used)]
    assert not [wider for wider in range(len(used) + 1, zones + 1) if machines % wider == 0]


def test_zones_of_the_stack_file_narrow_the_choice() -> None:
    site = deployed(service(), zones=["asia-northeast1-c"])
    assert site.one(POOL, "gcp-drafting-gpu").props["nodeLocations"] == ["asia-northeast1-c"]


def test_a_reservation_pins_the_pool_to_it_and_to_its_zone() -> None:
    held = {"drafting": {"name": "llm-a100", "zone": "asia-northeast1-c"}}
    pool = deployed(service(), capacity_reservations=held).one(POOL, "gcp-drafting-gpu").props
    assert pool["nodeLocations"] == ["asia-northeast1-c"]
    assert pool["nodeConfig"]["reservationAffinity"] == {
        "consumeReservationType": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": ["llm-a100"],
    }


def test_without_a_reservation_none_is_asked_for(pool: Mapping[str, Any]) -> None:
    assert "reservationAffinity" not in pool["nodeConfig"]


@pytest.mark.parametrize(
    ("name", "zone", "told"),
    [
        ("triage", "asia-northeast1-a", "no such service runs here"),
        ("drafting", "asia-northeast1-b", "its machine is not sold in asia-northeast1-b"),
    ],
)
def test_a_reservation_that_nothing_can_use_is_refused(name: str, zone: str, told: str) -> None:
    with pytest.raises(KokunaiError, match=told) as refusal:
        deployed(service(), capacity_reservations={name: {"name": "held", "zone": zone}})
    assert f"capacity_reservations.{name}" in str(refusal.value)
