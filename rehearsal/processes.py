"""The local processes of a rehearsal: started, found again after a crash, stopped without ever hitting a stranger.

A process outlives the command that started it, so what is known of it stands in a file, written before the process
exists and completed before anybody is told of it. Who reads that file later may be another command after a reboot, when
the same number belongs to somebody else's program: a process is ours only if its start time or its marker still agree.
Not a service manager: nothing is restarted by itself. What a rehearsal consists of is said by its parts (`rehearsal.cluster`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from core.errors import EnvironmentFault
from core.files import write_whole

MARKER: Final = "KOKUNAI_PROCESS"
"""Environment variable that every supervised process and its children carry; the value is unique to one start."""
SAME_START: Final = 0.005
"""Seconds within which two readings of one process's start time agree; the kernel counts in hundredths."""
PORTS: Final = range(20_000, 32_000)
"""Below the range from which kernels number outgoing connections, so that none of those takes a port between the choice
and its use."""
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """What is known of one supervised process. `pid` is None between the decision to start it and its start."""

    name: str
    argv: tuple[str, ...]
    marker: str
    log: str
    pid: int | None = None
    create_time: float | None = None


class Supervisor:
    """The processes recorded in `directory`, one file each.

    Two commands must not use one directory at once: hold `exclusive` around it. Threads may, for different names.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Running:
        """See that `argv` runs under `name`, in a session of its own; a running one with the same `argv` is left alone.

        Args:
            argv: shown in `ps` and recorded in clear, so nothing secret may stand in it.
            log: takes standard output and error; the log of the start before is kept beside it with the suffix `.1`.
            env: the whole environment of the process; the caller's own by default.

        Raises:
            EnvironmentFault: there is no such program, or it cannot be started.
        """
        known = self.find(name)
        if known and known.argv == tuple(argv) and self.is_alive(name):
            return known
        self.stop(name)
        program = shutil.which(argv[0])
        if program is None:
            raise EnvironmentFault(f"no program {argv[0]!r}", where=name, fix="run `make setup`, then try again")
        record = Running(name, tuple(argv), marker=uuid.uuid4().hex, log=str(log))
        self._write(record)
        _rotate(log)
        # The shell changes the directory and becomes the program: spawning alone cannot, and forking a process that
        # has threads is unsafe.
        command = [program, *argv[1:]]
        if cwd is not None:
            command = ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', name, str(cwd), *command]
        environment = {**(os.environ if env is None else env), MARKER: record.marker}
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            pid = os.posix_spawn(
                command[0],
                command,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
        except OSError as error:
            self._path(name).unlink(missing_ok=True)
            raise EnvironmentFault(f"cannot start {program}: {error.strerror}", where=name) from error
        try:
            started: float | None = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            started = None
        record = replace(record, pid=pid, create_time=started)
        self._write(record)
        return record

    def find(self, name: str) -> Running | None:
        """What is recorded under `name`, completed by a search where the starter died before it knew the number."""
        try:
            values = json.loads(self._path(name).read_text("utf-8"))
            record = Running(**{**values, "argv": tuple(values["argv"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise EnvironmentFault(
                "this record of a process cannot be read",
                where=str(self._path(name)),
                fix=f"look with `ps` whether {name} still runs, end it, then delete the file",
            ) from error
        if record.pid is not None:
            return record
        for process in _marked(record.marker):
            return replace(record, pid=process.pid, create_time=process.create_time())
        return record

    def is_alive(self, name: str) -> bool:
        """Whether the recorded process itself still runs. False for a stranger that got its number, and for a zombie."""
        record = self.find(name)
        return record is not None and _leader(record) is not None

    def names(self) -> tuple[str, ...]:
        """All recorded names, running or not."""
        return tuple(sorted(path.stem for path in self.directory.glob("*.json")))

    def memory(self, name: str) -> int:
        """Resident bytes of the process, 0 when it does not run."""
        record = self.find(name)
        process = _leader(record) if record else None
        try:
            return process.memory_info().rss if process else 0
        except psutil.NoSuchProcess:
            return 0

    def stop(self, name: str, *, grace: float = 10.0) -> None:
        """End the process and everything in its session, ask first, and forget it; nothing happens when it is gone."""
        self._stop([name], grace)

    def stop_all(self, *, grace: float = 10.0) -> None:
        """End every recorded process at the same time, in `grace` seconds plus the little that killing takes."""
        self._stop(self.names(), grace)

    def _stop(self, names: Sequence[str], grace: float) -> None:
        records = [record for record in map(self.find, names) if record is not None]
        processes = {process for record in records for process in _members(record)}
        for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(sign)
            _, processes = _wait(processes, patience)
            if not processes:
                break
        if processes:
            raise EnvironmentFault(
                f"still running after SIGKILL: {', '.join(str(process.pid) for process in processes)}",
                where=str(self.directory),
                fix="the kernel holds them; look at `ps` for state D",
            )
        for record in records:
            self._path(record.name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"

    def _write(self, record: Running) -> None:
        write_whole(self._path(record.name), json.dumps(asdict(record), indent=1))


def _rotate(log: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_name(log.name + ".1"))


def _leader(record: Running) -> psutil.Process | None:
    """The recorded process while it runs. A clock that was set moves the start time, so the marker counts as well."""
    if record.pid is None:
        return None
    try:
        process = psutil.Process(record.pid)
        same = record.create_time is not None and abs(process.create_time() - record.create_time) < SAME_START
        if not same and not _carries(process, record.marker):
            return None
        if process.status() != psutil.STATUS_ZOMBIE:
            return process
    except psutil.NoSuchProcess:
        return None
    # Only a parent can take a dead child away; nobody else does it for ours.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(record.pid, os.WNOHANG)
    return None


def _members(record: Running) -> set[psutil.Process]:
    """The process, its descendants and whatever of its session outlived it."""
    found = set(_marked(record.marker))
    leader = _leader(record)
    if leader:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {leader, *leader.children(recursive=True)}
    return found


def _marked(marker: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if _carries(process, marker):
            yield process


def _carries(process: psutil.Process, marker: str) -> bool:
    try:
        return process.environ().get(MARKER) == marker
    except (psutil.Error, OSError):
        return False


def _wait(processes: set[psutil.Process], seconds: float) -> tuple[set[psutil.Process], set[psutil.Process]]:
    """Which of `processes` ended within `seconds`, and which did not."""
    end = time.monotonic() + seconds
    left = set(processes)
    while True:
        left = {process for process in left if _runs(process)}
        if not left or time.monotonic() >= end:
            return processes - left, left
        time.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    """Whether the process is there. A dead child of ours is, until the kernel lets us take it away."""
    try:
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            return True
    except psutil.NoSuchProcess:
        pass
    try:
        # Nothing to take away yet: threads of it are still dying.
        return os.waitpid(process.pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


class Ports:
    """Loopback ports of one rehearsal, kept in a file so that its parts never choose the same one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def take(self, name: str) -> int:
        """The port of `name`: the one that it had while nobody uses it, else a free one that is nobody's.

        Ask only while the process that listens there does not run.

        Raises:
            EnvironmentFault: no port is free.
        """
        with exclusive(self.path.with_name(self.path.name + ".lock"), wait=30):
            book: dict[str, int] = json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
            if name in book and _is_free(book[name]):
                return book[name]
            others = {port for owner, port in book.items() if owner != name}
            for port in random.sample(PORTS, 500):
                if port not in others and _is_free(port):
                    write_whole(self.path, json.dumps({**book, name: port}, indent=1))
                    return port
        raise EnvironmentFault(
            "no free port on 127.0.0.1", where=f"{PORTS.start}-{PORTS.stop - 1}", fix="end something that listens"
        )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without it a port whose last connections are still fading out counts as taken; a listener refuses either way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def exclusive(path: Path, *, wait: float | None) -> Iterator[None]:
    """Hold the lock file `path`; the kernel lets go of it when the holder dies, however it dies.

    Args:
        wait: seconds to wait for another holder; 0 refuses at once, None waits for ever.

    Raises:
        EnvironmentFault: another process holds it still; the message has its number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    end = None if wait is None else time.monotonic() + wait
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _locked(descriptor):
            if end is not None and time.monotonic() >= end:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                raise EnvironmentFault(
                    f"another process works here: pid {holder or 'unknown'}",
                    where=str(path),
                    fix=f"wait for it, or end it: kill {holder}" if holder else "wait for it",
                )
            time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
