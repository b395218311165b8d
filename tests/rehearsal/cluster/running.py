"""One control plane that runs for the whole test session, whoever asks first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.cluster import ControlPlane, NodePool, StorageClass, Taint
from rehearsal.toolchain import Toolchain

TOOLCHAIN = Toolchain(Path(__file__).parents[3])
POOLS = (
    NodePool(
        name="gpu",
        count=1,
        machine="p5.48xlarge",
        region="ap-northeast-1",
        zone="ap-northeast-1a",
        cpu=96,
        memory_gib=768,
        gpus=8,
        labels={"accelerator": "h100"},
        taints=(Taint("nvidia.com/gpu", "present"),),
    ),
    NodePool(
        name="system",
        count=1,
        machine="m7i.2xlarge",
        region="ap-northeast-1",
        zone="ap-northeast-1c",
        cpu=8,
        memory_gib=32,
    ),
)
CLASSES = (StorageClass("gp3", "ebs.csi.aws.com", default=True),)
_RUNNING = pytest.StashKey[ControlPlane]()


def plane(directory: Path, site: str = "onprem") -> ControlPlane:
    """A control plane that has not been started."""
    return ControlPlane(site, directory, TOOLCHAIN)


def shared(config: pytest.Config, factory: pytest.TempPathFactory) -> ControlPlane:
    """The session's control plane, started on first use and stopped when the session ends."""
    if _RUNNING not in config.stash:
        found = plane(factory.mktemp("cluster"))
        config.add_cleanup(found.stop)
        found.start()
        found.nodes(POOLS)
        found.storage_classes(CLASSES)
        config.stash[_RUNNING] = found
    return config.stash[_RUNNING]


def until(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `true` says so; fail after some time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited for {seconds} s in vain"
        time.sleep(0.05)
