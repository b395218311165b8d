"""The Pulumi engine on rehearsed stacks: the plain command, in the rehearsal's environment.

Knows how the engine is left behind when somebody kills it (a lock whose process is dead, operations that nobody
finished) and puts that right, and only in the rehearsal's own backend. What a stack contains is not known here.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.errors import EnvironmentFault, KokunaiError
from rehearsal import plugins, project
from rehearsal.credentials import Credentials
from rehearsal.layout import Layout

QUIET = ("--non-interactive", "--color=never")


class EngineFailed(KokunaiError):
    """The engine ended with an error; `output` is all that it said."""

    exit_code = 1

    def __init__(self, what: str, *, where: str, fix: str, output: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.output = output


def environment(layout: Layout, credentials: Credentials) -> dict[str, str]:
    """What a rehearsal adds to the environment: engine, backend, policy pack, and where the stand-in clusters are."""
    return {
        **plugins.environment(layout.home, layout.backend.as_uri(), credentials.passphrase),
        "PULUMI_OPTION_POLICY_PACK": str(layout.project / "policies"),
        "KOKUNAI_REHEARSAL_CLUSTERS": str(layout.clusters),
    }


@dataclass(frozen=True)
class Engine:
    """Runs `pulumi` for one rehearsal."""

    layout: Layout
    environment: Mapping[str, str]

    @classmethod
    def of(cls, layout: Layout, credentials: Credentials) -> Engine:
        return cls(layout, {**plugins.inherited(os.environ), **environment(layout, credentials)})

    def run(self, *arguments: str, on_line: Callable[[str], None] | None = None, log: Path | None = None) -> str:
        """One command; its whole output.

        Raises:
            EngineFailed: it ended with an error.
        """
        command = [str(self.layout.home / "bin" / "pulumi"), *arguments, *QUIET]
        lines: list[str] = []
        with subprocess.Popen(
            command,
            cwd=self.layout.workspace,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if on_line:
                    on_line(line.rstrip("\n"))
        output = "".join(lines)
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(output, "utf-8")
        if process.returncode:
            raise EngineFailed(
                f"`{shlex.join(['pulumi', *arguments])}` failed\n{output.rstrip()}",
                where=str(log or self.layout.workspace),
                fix="correct what the engine says, then `kokunai rehearse up` again",
                output=output,
            )
        return output

    def stacks(self) -> frozenset[str]:
        """The stacks that the backend holds; read from its files, since asking the engine costs half a second."""
        directory = self.layout.backend / ".pulumi" / "stacks" / project.NAME
        return frozenset(
            path.name.split(".")[0] for path in directory.glob("*.json*") if not path.name.endswith(".bak")
        )

    def prepare(self, stack: str) -> None:
        """See that a stack exists and that nothing of a killed run stands in its way."""
        self.layout.backend.mkdir(parents=True, exist_ok=True, mode=0o700)
        if stack not in self.stacks():
            self.run("stack", "init", "--stack", stack)
        self.unlock(stack)
        if self._pending(stack):
            self.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)

    def seal(self, stack: str, values: Mapping[str, str]) -> None:
        """Set secret configuration values by path; they are ciphertext in the file and never an argument of a process."""
        for key, value in values.items():
            subprocess.run(
                [str(self.layout.home / "bin" / "pulumi"), "config", "set", "--secret", "--path", key, "--stack", stack, *QUIET],
                cwd=self.layout.workspace, env=dict(self.environment), input=value, text=True, check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def unlock(self, stack: str) -> None:
        """Take away the lock of an engine that is dead.

        Raises:
            EnvironmentFault: the engine that holds it is alive, or on another machine.
        """
        directory = self.layout.backend / ".pulumi" / "locks" / "organization" / project.NAME / stack
        for path in directory.glob("*.json"):
            try:
                holder = json.loads(path.read_text("utf-8"))
            except (ValueError, OSError):
                holder = {}
            pid, host = int(holder.get("pid") or 0), holder.get("hostname", socket.gethostname())
            if host != socket.gethostname() or _is_engine(pid):
                raise EnvironmentFault(
                    f"another engine works on this stack: pid {pid} on {host}",
                    where=f"stack {stack}",
                    fix="wait for it to end, or end it",
                )
            path.unlink(missing_ok=True)

    def outputs(self, stack: str) -> dict[str, Any]:
        """The stack's outputs as its state holds them, secrets sealed. Read from the file: the engine takes half a second."""
        resources = (self._checkpoint(stack).get("latest") or {}).get("resources") or []
        return next((each.get("outputs") or {} for each in resources if each["type"] == "pulumi:pulumi:Stack"), {})

    def _pending(self, stack: str) -> bool:
        """Whether a killed engine left operations of which nobody knows how they ended."""
        return bool((self._checkpoint(stack).get("latest") or {}).get("pending_operations"))

    def _checkpoint(self, stack: str) -> dict[str, Any]:
        path = self.layout.backend / ".pulumi" / "stacks" / project.NAME / f"{stack}.json"
        if not path.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))["checkpoint"] or {}
        except (ValueError, KeyError, TypeError):
            raise EnvironmentFault(
                "the state cannot be read: it was written by half",
                where=str(path),
                fix="forget the rehearsed stacks with `kokunai rehearse down --force`, then bring them up again",
            ) from None
        return found


def _is_engine(pid: int) -> bool:
    """Whether an engine runs under that number. One that ended and was not fetched by its parent runs no more."""
    try:
        process = psutil.Process(pid)
        return pid > 0 and "pulumi" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
