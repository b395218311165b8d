"""Run an ordinary client (pip, go, apt-get): the user's environment goes with it untouched, and all it says is kept.

Its settings (mirrors, proxies, certificates, credentials) are its own business: nothing here reads or prints them, and
the user part of every URL is cut before a line is shown or written.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .faults import without_credentials

_TAIL = 400
_PATIENCE_S = 5.0


class ClientFailed(Exception):
    """The client ended with an error; `words` are its last lines, `log` all of them."""

    def __init__(self, code: int, words: Sequence[str], log: Path) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.words = tuple(words)
        self.log = log


class Stopped(Exception):
    """The client was ended because the set-up is being left."""


class Clients:
    """Starts clients and can end all of them; each inherits the lock's descriptor (see `lock`).

    Each leads a process group, so that ending it ends the compilers that it started, too.
    """

    def __init__(self, logs: Path, lock: int) -> None:
        self._logs = logs
        self._lock = lock
        self._guard = threading.Lock()
        self._alive: set[subprocess.Popen[str]] = set()
        self._stopping = False

    def run(
        self,
        argv: Sequence[str],
        *,
        log: str,
        note: Callable[[str], None],
        cwd: Path,
        extra_env: Mapping[str, str] | None = None,
        append: bool = False,
    ) -> None:
        """Run to the end; raise `ClientFailed` when it fails, `Stopped` when `stop` ended it."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"{log}.log"
        tail: deque[str] = deque(maxlen=_TAIL)
        with path.open("a" if append else "w", encoding="utf-8") as file:
            process = self._start(argv, cwd, {**os.environ, **(extra_env or {})})
            with process:
                assert process.stdout is not None
                for raw in process.stdout:
                    line = without_credentials(raw)
                    file.write(line)
                    file.flush()
                    tail.append(line.rstrip())
                    note(line)
                code = process.wait()
            with self._guard:
                self._alive.discard(process)
        if self._stopping:
            raise Stopped
        if code != 0:
            raise ClientFailed(code, tail, path)

    def stop(self) -> None:
        """End what runs, firmly after a moment, and start nothing more."""
        with self._guard:
            self._stopping = True
            alive = list(self._alive)
        for process in alive:
            _signal(process, signal.SIGTERM)
        for process in alive:
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)

    def _start(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
        with self._guard:
            if self._stopping:
                raise Stopped
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(self._lock,),
                process_group=0,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self._alive.add(process)
            return process


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
