"""One set-up at a time in one checkout.

The lock is a `flock` whose descriptor the clients (pip, go, apt-get) inherit: when the set-up itself is killed, it stays
held until what it left running has ended, so that two pips never write into one environment.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.2
_REMIND_S = 30.0


@contextmanager
def alone(path: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock; the descriptor given is to be passed to every client that is started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        remind_at = 0.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= remind_at:
                    say(f"waits for {_who_holds(path)}")
                    remind_at = time.monotonic() + _REMIND_S
                time.sleep(_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {time.strftime('%H:%M:%S')}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _who_holds(path: Path) -> str:
    pid, _, since = path.read_text(encoding="utf-8").strip().partition(" ")
    if not pid.isdigit():
        return "another set-up in this checkout"
    if _is_alive(int(pid)):
        return f"another set-up in this checkout: process {pid}, since {since}"
    left = _holders(path)
    named = ", ".join(f"{holder} ({name})" for holder, name in left.items())
    remedy = f"; to end it: kill {' '.join(map(str, left))}" if left else ""
    return f"what an interrupted set-up left running: process {named or 'unknown'}{remedy}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _holders(path: Path) -> dict[int, str]:
    """Processes that have the lock file open, by name. Empty where there is no /proc."""
    holders = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            pid = int(process.name)
            if pid != os.getpid() and any(fd.samefile(path) for fd in (process / "fd").iterdir() if fd.exists()):
                holders[pid] = (process / "comm").read_text(encoding="utf-8").strip()
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
    return holders
