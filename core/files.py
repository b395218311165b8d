"""Files written whole: a reader sees the old text or the new one, never a half, and a full disk keeps the old one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from core.errors import EnvironmentFault


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file by way of a temporary one beside it; readable by its owner only unless `mode` says otherwise.

    Raises:
        EnvironmentFault: the disk is full or refuses.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise EnvironmentFault(
            f"cannot write: {error.strerror}",
            where=str(path),
            fix="free space on that disk or choose another directory",
        ) from error
