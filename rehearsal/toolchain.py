"""Which executables a rehearsal runs: the record that the set-up left, what it built, or what is on PATH.

Not the set-up itself: tools/setup.py builds or finds them, and decides there whether what it found is new enough.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from core.errors import EnvironmentFault


@dataclass(frozen=True)
class Toolchain:
    """The executables of the checkout in `project`."""

    project: Path

    def program(self, name: str) -> Path:
        """The executable of one part: `pulumi`, `etcd`, `kube-apiserver`, `haproxy`, ….

        Raises:
            EnvironmentFault: it is neither recorded, nor built, nor on PATH.
        """
        directory = self.project / ".toolchain"
        record = directory / "toolchain.json"
        recorded = json.loads(record.read_text("utf-8")).get(name) if record.exists() else None
        for choice in (recorded, directory / "bin" / name, shutil.which(name)):
            if choice and Path(choice).is_file():
                return Path(choice)
        raise EnvironmentFault(f"{name} is missing", where=str(directory), fix="run `make setup`, then try again")
