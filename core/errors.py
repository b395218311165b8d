"""The errors that people read.

Every refusal says *what* is wrong, *where* (file and line, key, resource) and *what to do*. The command line prints them
and exits with `exit_code`; nothing below it catches them to go on. Not for findings of rules: those are data
(`core.findings`), since a plan may have many and a reviewer wants all of them.
"""

from __future__ import annotations

from collections.abc import Sequence


class KokunaiError(Exception):
    """The input or the environment is at fault (exit code 2)."""

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.fix:
            lines.append(f"  → {self.fix}")
        return "\n".join(lines)


class InputError(KokunaiError):
    """A file that a user edits is wrong; all of its faults are told at once."""

    def __init__(self, problems: Sequence[KokunaiError]) -> None:
        if not problems:
            raise ValueError("an InputError needs at least one problem")
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EnvironmentFault(KokunaiError):
    """Something outside the project is missing or refuses: a tool, a port, the disk, the network."""
