"""Which executables a rehearsal runs: the record that the set-up left, or what is on PATH.

Not the set-up itself (tools/setup.py builds or finds them).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from core.errors import EnvironmentFault


def program(project: Path, name: str) -> Path:
    """The executable of one part: `pulumi`, `etcd`, `kube-apiserver`, `haproxy`, ….

    Raises:
        EnvironmentFault: it is neither recorded, nor built, nor on PATH.
    """
    record = project / ".toolchain" / "toolchain.json"
    recorded: dict[str, str] = json.loads(record.read_text("utf-8")) if record.exists() else {}
    choices = [recorded.get(name), str(project / ".toolchain" / "bin" / name), shutil.which(name)]
    for choice in choices:
        if choice and Path(choice).is_file():
            return Path(choice)
    raise EnvironmentFault(
        f"{name} is missing", where=str(project / ".toolchain"), fix="run `make setup`, then try again"
    )
