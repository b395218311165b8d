"""What a rehearsal survives: killed engines, two at once, taken ports, half-written state, a full disk."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from catalog.load import SiteName
from rehearsal.layout import VARIABLE
from rehearsal.processes import Supervisor
from tests.rehearsed import PROJECT, Rehearsed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    found = Rehearsed(tmp_path_factory.mktemp("faults"))
    yield found
    done = found.kokunai("rehearse", "down", "--force", "--purge")
    assert done.returncode == 0, done.stderr
    assert not found.directory.exists()


def _start(rehearsed: Rehearsed) -> subprocess.Popen[str]:
    """`rehearse up` in the background, with something to do for the engine."""
    (rehearsed.layout.backend / "onprem.settled").unlink(missing_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "kokunai", "rehearse", "up", "onprem"],
        cwd=PROJECT,
        env={**os.environ, VARIABLE: str(rehearsed.directory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


def _hosts(directory: Path) -> list[int]:
    """Processes of the engine's plugins that belong to this rehearsal."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PULUMI_HOME") == str(directory / "home"):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def _engine(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        children = psutil.Process(process.pid).children(recursive=True)
        return [child for child in children if child.name() == "pulumi"]
    except psutil.Error:
        return []


def test_a_killed_engine_stands_in_nobodys_way(rehearsed: Rehearsed) -> None:
    process = _start(rehearsed)
    state = rehearsed.layout.backend / ".pulumi" / "stacks" / "kokunai" / "onprem.json"
    _wait(lambda: state.exists() and "swallow-70b-namespace" in state.read_text(errors="replace"), 120)
    for engine in _engine(process):
        engine.kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    _wait(lambda: not _hosts(rehearsed.directory), 15)
    again = rehearsed.kokunai("rehearse", "up", "onprem")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_killed_command_stands_in_nobodys_way(rehearsed: Rehearsed) -> None:
    process = _start(rehearsed)
    _wait(lambda: bool(_engine(process)))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _wait(lambda: not _hosts(rehearsed.directory), 90)
    again = rehearsed.kokunai("rehearse", "up", "onprem")
    assert again.returncode == 0, again.stdout + again.stderr


def test_of_two_at_once_the_second_waits(rehearsed: Rehearsed) -> None:
    processes = [_start(rehearsed), _start(rehearsed)]
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs


def test_a_taken_port_is_left_alone(rehearsed: Rehearsed) -> None:
    assert rehearsed.kokunai("rehearse", "up", "onprem").returncode == 0
    port = int(rehearsed.status()[0]["url"].split(":")[2].split("/")[0])
    Supervisor(rehearsed.layout.processes).stop("onprem-edge")
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        again = rehearsed.kokunai("rehearse", "up", "onprem")
        assert again.returncode == 0, again.stdout + again.stderr
        assert all(each["answering"] and f":{port}/" not in each["url"] for each in rehearsed.status())


def test_a_crashed_part_is_brought_back(rehearsed: Rehearsed) -> None:
    assert rehearsed.kokunai("rehearse", "up", "onprem").returncode == 0
    for name in ("onprem-edge", "onprem-model-swallow-70b"):
        record = Supervisor(rehearsed.layout.processes).find(name)
        assert record
        assert record.pid
        os.kill(record.pid, signal.SIGKILL)
    down = rehearsed.kokunai("rehearse", "status")
    assert down.returncode == 1
    assert "no:" in down.stdout
    assert rehearsed.kokunai("rehearse", "up", "onprem").returncode == 0
    assert all(each["answering"] for each in rehearsed.status())


def test_destroy_leaves_no_object_that_the_stack_created(rehearsed: Rehearsed) -> None:
    """Destroys one stack by hand, as `down` does, looks into its cluster, and brings it up again."""
    site: SiteName = "onprem"
    assert rehearsed.kokunai("rehearse", "up", site).returncode == 0
    unprotect = rehearsed.pulumi("state", "unprotect", "--all", "--yes", "--stack", site)
    assert unprotect.returncode == 0, unprotect.stderr
    done = rehearsed.pulumi("destroy", "--yes", "--skip-preview", "--stack", site)
    assert done.returncode == 0, done.stdout + done.stderr
    selector = "app.kubernetes.io/part-of=kokunai"
    for path in ("/api/v1/namespaces", "/api/v1/persistentvolumes", "/apis/scheduling.k8s.io/v1/priorityclasses",
                 "/apis/apps/v1/deployments", "/api/v1/secrets", "/api/v1/configmaps", "/api/v1/services"):  # fmt: skip
        assert rehearsed.objects(site, path, labelSelector=selector) == []
    assert not rehearsed.state(site).get("resources")
    up = rehearsed.kokunai("rehearse", "up", site)
    assert up.returncode == 0, up.stdout + up.stderr


def test_a_half_written_state_is_told(rehearsed: Rehearsed) -> None:
    assert rehearsed.kokunai("rehearse", "up", "onprem").returncode == 0
    state = rehearsed.layout.backend / ".pulumi" / "stacks" / "kokunai" / "onprem.json"
    state.write_bytes(state.read_bytes()[:1000])
    done = rehearsed.kokunai("rehearse", "up", "onprem")
    assert done.returncode == 2
    assert "written by half" in done.stderr
    assert "kokunai rehearse down --force" in done.stderr
    assert "Traceback" not in done.stderr
    assert rehearsed.kokunai("rehearse", "down", "--force").returncode == 0
    again = rehearsed.kokunai("rehearse", "up", "onprem")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        done = Rehearsed(small / "rehearsal").kokunai("rehearse", "up", "onprem")
        assert done.returncode == 2
        assert "MiB free" in done.stderr
        assert "free space on that disk" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", str(small)], check=True)
