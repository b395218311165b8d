"""What this machine has, and what is missing for the steps that are still to do.

Facts are gathered at the edge (`look`, `ask_go`, `free_mb`); the judgements are pure and give all faults at once, so
that nobody waits ten minutes to learn of the second one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import python_packages
from .checkout import Checkout
from .faults import Fault, without_credentials
from .found import OLDEST_HAPROXY, Found, Version
from .step import Step

FIRST_GO_THAT_FETCHES: Version = (1, 21, 0)


@dataclass(frozen=True)
class Machine:
    root: bool
    apt_get: bool
    git: bool
    ensurepip: bool
    debians_python: bool
    haproxy: Found | None


@dataclass(frozen=True)
class Go:
    """`switches`: whether it may replace itself by a newer one (GOTOOLCHAIN), as Go does unless told not to."""

    version: Version
    switches: bool
    module_cache: Path
    build_cache: Path


def look(haproxy: Found | None) -> Machine:
    return Machine(
        root=os.geteuid() == 0,
        apt_get=shutil.which("apt-get") is not None,
        git=shutil.which("git") is not None,
        ensurepip=python_packages.can_create(),
        debians_python=Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent == Path("/usr/bin"),
        haproxy=haproxy,
    )


def missing(machine: Machine, *, venv: bool, rehearsal: bool) -> tuple[list[str], list[Fault]]:
    """Debian packages to install first, and what this set-up cannot bring itself.

    `venv`: a virtual environment has to be made. `rehearsal`: HAProxy is needed too.
    """
    packages: list[str] = []
    faults: list[Fault] = []
    if not machine.git:
        packages.append("git")
    if venv and not machine.ensurepip:
        if machine.debians_python:
            packages.append("python3.11-venv")
        else:
            faults.append(
                Fault(
                    f"{sys.executable} has no ensurepip, so `python -m venv` cannot work",
                    "put a complete Python 3.11 first on PATH (Debian 12: python3.11 with python3.11-venv)",
                )
            )
    if rehearsal and machine.haproxy is None:
        packages.append("haproxy")
    elif rehearsal and machine.haproxy is not None and machine.haproxy.version < OLDEST_HAPROXY:
        faults.append(
            Fault(
                f"{machine.haproxy.path} is HAProxy {machine.haproxy.words}; the edges need 2.6 or newer",
                "install a newer one (Debian 12 has 2.6)",
            )
        )
    if packages and not (machine.root and machine.apt_get):
        names = " ".join(packages)
        how = f"sudo apt-get install {names}" if machine.apt_get else f"your package manager's equivalent of: {names}"
        faults.append(Fault(f"not installed on this machine: {names}", f"install it ({how}), then run this again"))
        packages = []
    return packages, faults


def judge_go(go: Go | None, wanted: Version) -> list[Fault]:
    """Go is needed only where something is left to build."""
    least = f"{wanted[0]}.{wanted[1]}"
    if go is None:
        return [
            Fault(
                "Go is not on PATH, and the toolchain has to be built",
                f"install Go {least} or newer (go.dev/doc/install) and put its bin directory on PATH",
            )
        ]
    if go.version >= wanted or (go.switches and go.version >= FIRST_GO_THAT_FETCHES):
        return []
    found = f"Go {go.version[0]}.{go.version[1]} is on PATH; the toolchain needs {least} or newer"
    if go.version >= FIRST_GO_THAT_FETCHES:
        return [Fault(found, f"install it, or set GOTOOLCHAIN=auto: Go then fetches {least} itself, through GOPROXY")]
    return [Fault(found, f"install Go {least} or newer (go.dev/doc/install); Debian 12's own golang is too old")]


def ask_go() -> Go | None:
    """What the `go` on PATH says about itself, asked outside any module so that it does not switch its version yet."""
    if shutil.which("go") is None:
        return None
    names = ("GOVERSION", "GOTOOLCHAIN", "GOMODCACHE", "GOCACHE")
    answer = subprocess.run(
        ["go", "env", "-json", *names],
        cwd=os.sep,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    try:
        values = json.loads(answer.stdout) if answer.returncode == 0 else None
    except ValueError:
        values = None
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", values.get("GOVERSION", "")) if isinstance(values, dict) else None
    if values is None or match is None:
        said = without_credentials((answer.stderr.strip() or answer.stdout.strip() or "nothing").splitlines()[-1])
        raise Fault(f"`go env` does not work: {said}", "mend the Go installation (`go version` must answer)")
    choice = values.get("GOTOOLCHAIN", "")
    return Go(
        version=(int(match[1]), int(match[2]), int(match[3] or 0)),
        switches=choice == "auto" or choice.endswith("+auto"),
        module_cache=Path(values["GOMODCACHE"]),
        build_cache=Path(values["GOCACHE"]),
    )


def judge_disk(todo: Sequence[Step], places: Mapping[str, Path]) -> list[Fault]:
    """Whether each file system has room for what the steps will write to it."""
    need: Counter[int] = Counter()
    named: dict[int, Path] = {}
    for step in todo:
        for kind, megabytes in step.disk_mb:
            if kind == "go modules" and (places[kind] / step.sources).is_dir():
                continue
            place = _existing(places[kind])
            device = place.stat().st_dev
            need[device] += megabytes
            named.setdefault(device, place)
    return [
        Fault(
            f"too little disk: the set-up writes about {megabytes / 1000:.1f} GB to the file system of {named[device]}, "
            f"and {free / 1000:.1f} GB are free there",
            "free some space, or point GOCACHE, GOMODCACHE or TMPDIR to a larger file system",
        )
        for device, megabytes in need.items()
        if (free := free_mb(named[device])) < megabytes
    ]


def free_mb(place: Path) -> int:
    return shutil.disk_usage(place).free // 1_000_000


def places(checkout: Checkout, go: Go | None) -> dict[str, Path]:
    """The directories that `Step.disk_mb` speaks of."""
    caches = {"go modules": go.module_cache, "go builds": go.build_cache} if go else {}
    return {"checkout": checkout.root, "temporary": Path(tempfile.gettempdir()), **caches}


def _existing(path: Path) -> Path:
    return next(ancestor for ancestor in (path, *path.parents) if ancestor.exists())
