"""What becomes of a control plane when its parts are killed, and of four at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from core.errors import EnvironmentFault
from rehearsal.cluster import ControlPlane, start_together, stop_together
from rehearsal.cluster.parts import PARTS
from tests.rehearsal.cluster import running
from tests.rehearsal.cluster.running import until

pytestmark = pytest.mark.slow

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "b"}}
PATH = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    found = running.plane(tmp_path / "onprem")
    found.start()
    yield found
    found.stop()


def pid(plane: ControlPlane, part: str) -> int:
    record = plane.supervisor.find(part)
    assert record is not None
    assert record.pid is not None
    return record.pid


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back_with_everything_that_was_there(plane: ControlPlane, part: str) -> None:
    with closing(plane.api()) as api:
        api.post(PATH, CONFIG)
    address, survivors = plane.address, {other: pid(plane, other) for other in PARTS if other != part}
    os.kill(pid(plane, part), signal.SIGKILL)
    until(lambda: not plane.parts()[part])
    with pytest.raises(EnvironmentFault, match=f"not running: {part}"):
        plane.attach()
    plane.start()
    plane.attach()
    assert plane.address == address
    with closing(plane.api()) as api:
        assert api.get(f"{PATH}/kept")["data"] == {"a": "b"}
    if part != "kube-apiserver":
        assert {other: pid(plane, other) for other in survivors} == survivors


def test_a_part_that_cannot_run_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    plane = running.plane(tmp_path / "onprem")
    (tmp_path / "onprem").mkdir()
    # A directory that etcd finds half written: it refuses to start.
    (tmp_path / "onprem" / "etcd").write_text("not a directory")
    try:
        with pytest.raises(EnvironmentFault, match=r"control plane of onprem: etcd ended by itself\n.*etcd\.log"):
            plane.start()
    finally:
        plane.stop()


def test_stopping_leaves_no_process_and_starting_again_finds_what_was_there(plane: ControlPlane) -> None:
    with closing(plane.api()) as api:
        api.post(PATH, CONFIG)
    pids = [pid(plane, part) for part in PARTS]
    plane.stop()
    plane.stop()
    assert not any(psutil.pid_exists(each) for each in pids)
    plane.start()
    with closing(plane.api()) as api:
        assert api.get(f"{PATH}/kept")["data"] == {"a": "b"}


def test_four_sites_come_up_side_by_side_and_know_nothing_of_each_other(tmp_path: Path) -> None:
    planes = [running.plane(tmp_path / site, site) for site in ("aws", "azure", "gcp", "onprem")]
    try:
        start_together(planes)
        assert len({plane.address for plane in planes}) == 4
        with closing(planes[0].api()) as api:
            api.post(PATH, CONFIG)
        with closing(planes[1].api()) as api:
            assert api.find(f"{PATH}/kept") is None
    finally:
        stop_together(planes)
    assert not any(alive for plane in planes for alive in plane.parts().values())
