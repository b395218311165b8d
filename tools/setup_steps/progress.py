"""What the person at the terminal sees: each step with its name, what it waits for, and the time it took.

On a terminal the last line is alive; anywhere else every line is final and a long step reports twice a minute.
"""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from typing import TextIO

from .faults import without_credentials

_REFRESH_S = 0.2
_REPORT_S = 30.0
_FRESH_S = 10.0


@dataclass
class _Running:
    since: float
    waits_for: str
    reported: float
    last_words: str = ""
    last_heard: float = 0.0

    def doing(self, now: float) -> str:
        """The client's last words, as long as they are fresh: a compiler is silent for minutes after its downloads."""
        return self.last_words if now - self.last_heard < _FRESH_S else f"waits for {self.waits_for}"


class Progress:
    """Safe to call from several threads; `close` before leaving."""

    def __init__(self, stream: TextIO, *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._running: dict[str, _Running] = {}
        self._guard = threading.Lock()
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def say(self, line: str) -> None:
        with self._guard:
            self._print(f"set-up: {line}")

    def begin(self, step: str, waits_for: str) -> None:
        with self._guard:
            now = time.monotonic()
            self._running[step] = _Running(since=now, waits_for=waits_for, reported=now)
            if not self._live:
                self._print(f"  ..  {step}: waits for {waits_for}")

    def note(self, step: str, words: str) -> None:
        """What the step's client said last; shown while it runs."""
        with self._guard:
            if words.strip() and step in self._running:
                self._running[step].last_words = words.strip()
                self._running[step].last_heard = time.monotonic()

    def finish(self, step: str, detail: str) -> None:
        self._end(step, "ok", detail)

    def fail(self, step: str) -> None:
        self._end(step, "!!", "failed")

    def abandon(self, step: str) -> None:
        """Another step failed, and this one was stopped for it."""
        self._end(step, "--", "stopped; the next run goes on from here")

    def close(self) -> None:
        self._closed.set()
        self._ticker.join()
        with self._guard:
            self._erase()
            self._stream.flush()

    def _end(self, step: str, sign: str, detail: str) -> None:
        with self._guard:
            running = self._running.pop(step, None)
            if running is not None:
                took = duration(time.monotonic() - running.since)
                self._print(f"  {sign}  {step}: {took}" + (f", {detail}" if detail else ""))

    def _tick(self) -> None:
        while not self._closed.wait(_REFRESH_S):
            with self._guard:
                if self._live:
                    self._repaint()
                else:
                    self._report()

    def _report(self) -> None:
        now = time.monotonic()
        for step, running in self._running.items():
            if now - running.reported >= _REPORT_S:
                running.reported = now
                self._print(f"  ..  {step}: {duration(now - running.since)}, {running.doing(now)}")

    def _repaint(self) -> None:
        now = time.monotonic()
        parts = [
            f"{step} {duration(now - running.since)} ({running.doing(now)})" for step, running in self._running.items()
        ]
        if parts:
            width = max(20, shutil.get_terminal_size().columns - 1)
            share = max(20, width // len(parts) - 3)
            line = " | ".join(part if len(part) <= share else part[: share - 1] + "…" for part in parts)
            self._stream.write("\r\x1b[K" + without_credentials(line)[:width])
            self._stream.flush()

    def _print(self, line: str) -> None:
        self._erase()
        self._stream.write(without_credentials(line) + "\n")
        self._stream.flush()

    def _erase(self) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
