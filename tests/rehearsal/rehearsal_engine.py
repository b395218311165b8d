"""The real engine in a PULUMI_HOME and a backend of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rehearsal import plugins
from rehearsal.toolchain import Toolchain

PROJECT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Stack:
    """A stack `test` of a copied program."""

    directory: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """What one command prints, both streams together."""
        command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert bool(done.returncode) is fails, done.stdout
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One command, left running."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def resources(self) -> dict[str, dict[str, Any]]:
        """What the state holds, by type."""
        state = json.loads(self.pulumi("stack", "export"))
        return {each["type"]: each for each in state["deployment"].get("resources", [])}

    def processes(self) -> list[psutil.Process]:
        """Every process that runs for this stack: they all know its PULUMI_HOME."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PULUMI_HOME") == self.environment["PULUMI_HOME"]:
                    found.append(process)
            except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return found


def stack(scratch: Path, home: Path, directory: Path) -> Stack:
    """A fresh stack of a copy of the program in `directory`; `home` may be shared between stacks."""
    plugins.install(home, Path(sys.executable), Toolchain(PROJECT).program("pulumi"))
    (scratch / "state").mkdir()
    (scratch / "passphrase").write_text("rehearsal")
    shutil.copytree(directory, scratch / "program")
    environment = {
        **plugins.inherited(os.environ),
        **plugins.environment(home, (scratch / "state").as_uri(), scratch / "passphrase"),
    }
    made = Stack(scratch / "program", environment)
    made.pulumi("stack", "init", "test")
    return made
