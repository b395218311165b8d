"""What only the system's package manager can bring: installed where root is ours, named exactly where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import diagnosis
from .client import ClientFailed
from .step import Effects, Step

_UNATTENDED = {"DEBIAN_FRONTEND": "noninteractive"}


def step(packages: Sequence[str], root: Path) -> Step:
    """Install the packages; the package lists are fetched only if the first attempt shows that they are missing."""

    def install(effects: Effects) -> str:
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        try:
            _apt(command, root, effects, append=False)
        except ClientFailed:
            try:
                _apt(["apt-get", "update"], root, effects, append=True)
                _apt(command, root, effects, append=True)
            except ClientFailed as failure:
                raise diagnosis.fault("Debian packages", "apt-get", diagnosis.APT, failure) from failure
        return ", ".join(packages)

    return Step("Debian packages", f"apt-get ({', '.join(packages)})", install)


def _apt(command: Sequence[str], root: Path, effects: Effects, *, append: bool) -> None:
    effects.clients.run(command, log="debian", note=effects.note, cwd=root, extra_env=_UNATTENDED, append=append)
