"""Where a rehearsal keeps its things: one directory that git ignores, deleted with `kokunai rehearse down --purge`.

Nothing of a rehearsal lies elsewhere, so that the checkout stays as it was and a real stack is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "KOKUNAI_REHEARSAL"


@dataclass(frozen=True)
class Layout:
    """The paths of one rehearsal of the project in `project`."""

    project: Path
    """The checkout: Pulumi.yaml, stacks, estate."""
    root: Path

    @classmethod
    def of(cls, project: Path, environ: Mapping[str, str] = os.environ) -> Layout:
        """The rehearsal of `project`: in its `.rehearsal`, unless KOKUNAI_REHEARSAL names another directory."""
        resolved = project.resolve()
        return cls(resolved, Path(environ.get(VARIABLE) or resolved / ".rehearsal").resolve())

    @property
    def home(self) -> Path:
        """PULUMI_HOME: engine, language host, stand-in providers."""
        return self.root / "home"

    @property
    def workspace(self) -> Path:
        """The generated project: the same program, configuration of its own."""
        return self.root / "project"

    @property
    def backend(self) -> Path:
        """The file backend: state and locks."""
        return self.root / "state"

    @property
    def secrets(self) -> Path:
        """Throw-away credentials, readable by their owner only."""
        return self.root / "secrets"

    @property
    def descriptors(self) -> Path:
        return self.root / "descriptors"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def processes(self) -> Path:
        return self.root / "processes"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def clusters(self) -> Path:
        """Which API server stands for which site; the stand-in providers read it."""
        return self.root / "clusters.json"

    @property
    def lock(self) -> Path:
        """Image and weights digests of the stand-ins, marked as a rehearsal's."""
        return self.root / "lock.yaml"

    @property
    def mutex(self) -> Path:
        return self.root / "mutex"

    def site(self, site: str) -> Path:
        """The directory of one site's control plane and edge."""
        return self.root / "sites" / site
