"""Where things are in a checkout. Nothing outside it is written, but for the caches of pip and go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements.txt"

    @property
    def project(self) -> Path:
        return self.root / "pyproject.toml"

    @property
    def tools(self) -> Path:
        """One folder with go.mod and go.sum for each Go module that is built."""
        return self.root / "tools"

    @property
    def toolchain(self) -> Path:
        return self.root / ".toolchain"

    @property
    def binaries(self) -> Path:
        return self.toolchain / "bin"

    @property
    def unfinished(self) -> Path:
        """Binaries on their way; emptied at the start of each set-up."""
        return self.toolchain / "unfinished"

    @property
    def stamps(self) -> Path:
        return self.toolchain / "stamps"

    @property
    def logs(self) -> Path:
        return self.toolchain / "log"

    @property
    def record(self) -> Path:
        """Which tool the rehearsal is to start, and whether it was built or found."""
        return self.toolchain / "toolchain.json"
