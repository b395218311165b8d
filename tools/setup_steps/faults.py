"""What the set-up says when it cannot go on: one line with the fault, one with the remedy, exit code 2."""

from __future__ import annotations

import errno
import re
from pathlib import Path

_USERINFO = re.compile(r"(?<=://)[^/\s'\"]*@")


class Fault(Exception):
    """Something that the user can mend. `log` is the file that holds everything the failed client said."""

    def __init__(self, what: str, fix: str, *, log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.log = log

    def __str__(self) -> str:
        lines = [without_credentials(self.what), f"  → {without_credentials(self.fix)}"]
        if self.log is not None:
            lines.append(f"  log: {self.log}")
        return "\n".join(lines)


class Faults(Exception):
    """Several of them at once: who has to install three things wants to hear of all three."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def without_credentials(text: str) -> str:
    """`https://user:token@mirror/simple` → `https://mirror/simple`, wherever it stands in the text."""
    return _USERINFO.sub("", text)


def from_os(error: OSError) -> Fault:
    """The file system's refusals in the set-up's words."""
    where = error.filename or "the file system"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Fault(f"no space left while writing {where}", "free some space and run the same command again")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Fault(
            f"cannot write {where}: {error.strerror}",
            "use a clone in a directory that you may write to (or give this one to your user with chown -R)",
        )
    return Fault(f"{where}: {error.strerror or error}", "mend that and run the same command again")
