"""Which programs make up a control plane: what the machine has where that fits, else what `make setup` built.

It only looks; building is `tools/`'s business.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from core.errors import EnvironmentFault

ASSETS: Final = "KUBEBUILDER_ASSETS"
"""Where controller-runtime's envtest keeps kube-apiserver and etcd."""
OLDEST_ETCD: Final = (3, 5)
VERSION: Final = re.compile(r"(\d+)\.(\d+)\.\d+")


@dataclass(frozen=True)
class Toolchain:
    """The programs of a control plane; `built` is the directory that `make setup` filled."""

    built: Path

    @cached_property
    def etcd(self) -> Path:
        return next((path for path in self._foreign("etcd") if _version(path) >= OLDEST_ETCD), None) or self._own(
            "etcd"
        )

    @cached_property
    def apiserver(self) -> Path:
        """A foreign one only where it is of the same minor version as the controllers: they may not be newer than it."""
        foreign = list(self._foreign("kube-apiserver"))
        if foreign:
            wanted = _version(self._own("kube-controller-manager"))
            for path in foreign:
                if _version(path) == wanted:
                    return path
        return self._own("kube-apiserver")

    @property
    def controller_manager(self) -> Path:
        return self._own("kube-controller-manager")

    @property
    def scheduler(self) -> Path:
        return self._own("kube-scheduler")

    @property
    def kwok(self) -> Path:
        return self._own("kwok")

    def _own(self, name: str) -> Path:
        path = self.built / name
        if not path.exists():
            raise EnvironmentFault(f"{name} has not been built", where=str(self.built), fix="run `make setup`")
        return path

    def _foreign(self, name: str) -> Iterator[Path]:
        assets = os.environ.get(ASSETS)
        if assets and (path := Path(assets) / name).exists():
            yield path
        if found := shutil.which(name):
            yield Path(found)


def _version(path: Path) -> tuple[int, int]:
    """Major and minor of a program that knows `--version`; (0, 0) where it does not say."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = VERSION.search(told)
    return (int(match[1]), int(match[2])) if match else (0, 0)
