from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from core.errors import EnvironmentFault
from core.files import write_whole
from rehearsal.processes import MARKER, Ports, Supervisor, exclusive

SLEEP = ["sleep", "60"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "processes")
    yield supervisor
    supervisor.stop_all(grace=1)


def start(supervisor: Supervisor, name: str, argv: list[str]) -> int:
    """The number of a process started under `name`."""
    record = supervisor.start(name, argv, log=supervisor.directory.parent / f"{name}.log")
    assert record.pid is not None
    return record.pid


def running(pid: int) -> bool:
    """Whether the process runs; False for a dead one that nobody has taken away yet."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "waited for 5 s in vain"
        time.sleep(0.02)


def test_a_started_process_runs_in_its_own_session_and_ends_when_told(supervisor: Supervisor) -> None:
    pid = start(supervisor, "one", SLEEP)
    assert supervisor.is_alive("one")
    assert os.getsid(pid) == pid != os.getsid(0)
    supervisor.stop("one")
    assert not psutil.pid_exists(pid)
    assert supervisor.names() == ()


def test_starting_twice_leaves_the_first_alone(supervisor: Supervisor) -> None:
    assert start(supervisor, "one", SLEEP) == start(supervisor, "one", SLEEP)


def test_other_arguments_take_the_place_of_the_running_process(supervisor: Supervisor) -> None:
    first = start(supervisor, "one", SLEEP)
    second = start(supervisor, "one", ["sleep", "61"])
    assert not psutil.pid_exists(first)
    assert psutil.Process(second).cmdline()[1:] == ["61"]


def test_a_process_that_died_is_not_alive_and_leaves_no_zombie(supervisor: Supervisor) -> None:
    pid = start(supervisor, "one", ["true"])
    until(lambda: not supervisor.is_alive("one"))
    assert not psutil.pid_exists(pid)


def test_children_that_outlive_their_parent_are_stopped_too(supervisor: Supervisor, tmp_path: Path) -> None:
    start(supervisor, "one", ["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child"])
    until(lambda: (tmp_path / "child").exists() and not supervisor.is_alive("one"))
    child = int((tmp_path / "child").read_text())
    assert psutil.pid_exists(child)
    supervisor.stop("one")
    until(lambda: not running(child))


def test_a_process_deaf_to_sigterm_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    pid = start(supervisor, "deaf", ["sh", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"])
    until(ready.exists)
    supervisor.stop("deaf", grace=0.2)
    assert not psutil.pid_exists(pid)


def test_a_stranger_with_the_recorded_number_is_neither_alive_nor_killed(supervisor: Supervisor) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        time.sleep(0.02)
        start(supervisor, "one", SLEEP)
        path = supervisor.directory / "one.json"
        record = json.loads(path.read_text())
        supervisor.stop("one")
        path.write_text(json.dumps({**record, "pid": stranger.pid}))
        assert not supervisor.is_alive("one")
        supervisor.stop_all()
        assert stranger.poll() is None
        assert supervisor.names() == ()
    finally:
        stranger.kill()
        stranger.wait()


def test_our_process_is_known_again_after_the_clock_was_set(supervisor: Supervisor) -> None:
    start(supervisor, "one", SLEEP)
    path = supervisor.directory / "one.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "create_time": record["create_time"] - 3600}))
    assert supervisor.is_alive("one")


def test_a_process_whose_starter_died_before_noting_its_number_is_found(supervisor: Supervisor) -> None:
    shell = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]
    found = subprocess.run(shell, env={**os.environ, MARKER: "m-1"}, capture_output=True, text=True, check=True)
    record = {"name": "one", "argv": SLEEP, "marker": "m-1", "log": "", "pid": None, "create_time": None}
    write_whole(supervisor.directory / "one.json", json.dumps(record))
    assert supervisor.is_alive("one")
    supervisor.stop("one")
    until(lambda: not running(int(found.stdout)))


def test_a_later_command_adopts_what_a_killed_one_started(supervisor: Supervisor, tmp_path: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from rehearsal.processes import Supervisor
        Supervisor(Path({str(supervisor.directory)!r})).start("one", {SLEEP!r}, log=Path({str(tmp_path / "log")!r}))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": root}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert supervisor.is_alive("one")
    record = supervisor.find("one")
    supervisor.stop_all()
    assert record is not None
    assert record.pid is not None
    until(lambda: not running(record.pid or 0))


def test_output_goes_to_the_log_and_the_log_before_is_kept(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    for word in ("first", "second"):
        supervisor.start("one", ["sh", "-c", f"echo {word}; echo {word} >&2"], log=log)
        until(lambda: not supervisor.is_alive("one"))
    assert log.read_text() == "second\nsecond\n"
    assert log.with_name("one.log.1").read_text() == "first\nfirst\n"


def test_a_process_starts_in_the_directory_and_environment_it_was_given(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    supervisor.start(
        "one", ["sh", "-c", "pwd; echo $WORD"], log=log, cwd=tmp_path, env={"PATH": os.environ["PATH"], "WORD": "here"}
    )
    until(lambda: not supervisor.is_alive("one"))
    assert log.read_text() == f"{tmp_path}\nhere\n"


def test_a_missing_program_is_told_and_leaves_no_record(supervisor: Supervisor) -> None:
    with pytest.raises(EnvironmentFault, match=r"one: no program 'no-such-program'\n.*make setup"):
        start(supervisor, "one", ["no-such-program"])
    assert supervisor.names() == ()


def test_a_damaged_record_is_named_not_guessed(supervisor: Supervisor) -> None:
    path = supervisor.directory / "one.json"
    write_whole(path, '{"name": "one", "ar')
    with pytest.raises(EnvironmentFault, match=r"one\.json: this record of a process cannot be read"):
        supervisor.stop_all()
    path.unlink()


def test_a_reader_never_sees_half_a_file_and_no_temporary_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")
    assert path.read_text() == "old"
    assert path.stat().st_mode & 0o777 == 0o600
    write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir() if not entry.name.startswith(".")] == ["state.json"]


def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    write_whole(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EnvironmentFault, match=r"state\.json: cannot write: No space left on device"):
        write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
    assert path.read_text() == "old"


def test_ports_are_never_given_twice(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(lambda name: Ports(tmp_path / "ports.json").take(name), [f"part-{n}" for n in range(40)]))
    assert len(set(ports)) == 40


def test_a_port_is_kept_until_somebody_else_listens_there(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    port = ports.take("api")
    assert ports.take("api") == port
    with socket.create_server(("127.0.0.1", port)):
        assert ports.take("api") != port


def test_the_lock_refuses_a_second_process_and_names_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = f"""
        from pathlib import Path
        from rehearsal.processes import exclusive
        with exclusive(Path({str(path)!r}), wait=0):
            pass
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with exclusive(path, wait=0):
        argv = [sys.executable, "-c", textwrap.dedent(program)]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert f"another process works here: pid {os.getpid()}" in done.stderr
    with exclusive(path, wait=0):
        pass


def test_the_lock_waits_for_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held, release, order = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        with exclusive(path, wait=0):
            held.set()
            release.wait(5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(5)
    threading.Timer(0.2, release.set).start()
    with exclusive(path, wait=5):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_killed_holder_lets_go_of_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = f"""
        import time
        from pathlib import Path
        from rehearsal.processes import exclusive
        with exclusive(Path({str(path)!r}), wait=0):
            print("held", flush=True)
            time.sleep(60)
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], env=environment, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(EnvironmentFault, match=f"pid {holder.pid}"), exclusive(path, wait=0):
            pass
        holder.kill()
        holder.wait()
        with exclusive(path, wait=0):
            pass
