"""Where a rehearsal keeps its things: one directory that git ignores, deleted with `kokunai rehearse down --purge`.

Nothing of a rehearsal lies elsewhere, so that the checkout stays as it was and a real stack is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of one rehearsal of the project in `project`."""

    project: Path
    """The checkout: Pulumi.yaml, stacks, estate."""
    root: Path

    @classmethod
    def of(cls, project: Path) -> Layout:
        resolved = project.resolve()
        return cls(resolved, resolved / ".rehearsal")

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
