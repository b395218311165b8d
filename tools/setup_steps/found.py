"""Tools that somebody installed on this machine and that the rehearsal may use instead of building them.

The first of each name is judged, as the shell would run it; KUBEBUILDER_ASSETS (controller-runtime's test assets) comes
before PATH. What a binary answered about its version is remembered by path, size and time, so that it is asked once.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import stamps
from .checkout import Checkout

Version = tuple[int, int, int]

# etcd: the oldest that the pinned Kubernetes works with; haproxy: Debian 12's, whose directives the edge uses
OLDEST_ETCD: Version = (3, 5, 0)
OLDEST_HAPROXY: Version = (2, 6, 0)

_QUESTION: Mapping[str, Sequence[str]] = {"pulumi": ("version",), "haproxy": ("-v",)}
_VERSION = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)")
_ASSETS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")
_SYSTEM_DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # not on the PATH of a plain user of Debian
_PATIENCE_S = 20


@dataclass(frozen=True)
class Found:
    path: Path
    version: Version

    @property
    def words(self) -> str:
        return ".".join(map(str, self.version))


def search_path(tool: str, environment: Mapping[str, str]) -> list[Path]:
    """Where to look for it, best first."""
    directories = environment.get("PATH", os.defpath).split(os.pathsep)
    if tool == "haproxy":
        directories += _SYSTEM_DIRECTORIES
    if tool in _ASSETS and environment.get("KUBEBUILDER_ASSETS"):
        directories.insert(0, environment["KUBEBUILDER_ASSETS"])
    return [Path(directory) for directory in directories if directory]


class Finder:
    """Looks tools up; `save` keeps what it learnt."""

    def __init__(self, checkout: Checkout, environment: Mapping[str, str]) -> None:
        self._checkout = checkout
        self._environment = environment
        self._ledger = checkout.stamps / "found.json"
        self._known = stamps.read(self._ledger)
        self._seen: dict[str, dict[str, object]] = {}

    def find(self, tool: str) -> Found | None:
        """The first of that name that answers with a version; kokunai's own `.toolchain` is not looked at."""
        for directory in search_path(tool, self._environment):
            path = directory / tool
            if not path.is_file() or not os.access(path, os.X_OK) or self._is_ours(path):
                continue
            version = self._version(tool, path)
            if version is not None:
                return Found(path.absolute(), version)
        return None

    def save(self) -> None:
        stamps.write(self._ledger, self._seen)

    def _is_ours(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._checkout.toolchain.resolve())

    def _version(self, tool: str, path: Path) -> Version | None:
        status = path.stat()
        looks: dict[str, object] = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        known = self._known.get(str(path), {})
        if {key: known.get(key) for key in looks} == looks:
            answer = known.get("version")
        else:
            answer = _ask([str(path), *_QUESTION.get(tool, ("--version",))])
        self._seen[str(path)] = {**looks, "version": answer}
        match = _VERSION.search(answer or "")
        return (int(match[1]), int(match[2]), int(match[3])) if match else None


def choose(finder: Finder, pins: Mapping[str, Version]) -> tuple[dict[str, Found], list[str]]:
    """The tools to use as they are, and why others that are installed will not do.

    `pins` are the versions that would be built. Kubernetes allows its controller manager and scheduler to be one minor
    version older than the API server, never newer.
    """
    chosen: dict[str, Found] = {}
    refused: list[str] = []

    def judge(tool: str, found: Found | None, fits: bool, reason: str) -> None:
        if found is not None and fits:
            chosen[tool] = found
        elif found is not None:
            refused.append(f"{found.path} ({found.words}) is not used: {reason}")

    pulumi = finder.find("pulumi")
    pin = pins["pulumi"]
    if pulumi is not None and pulumi.version < pin:
        judge("pulumi", pulumi, False, f"{_words(pin)} or newer is needed")
    else:
        judge(
            "pulumi", pulumi, pulumi is not None and _has_language_host(pulumi), "no pulumi-language-python beside it"
        )

    etcd = finder.find("etcd")
    judge("etcd", etcd, etcd is not None and etcd.version >= OLDEST_ETCD, f"{_words(OLDEST_ETCD)} or newer is needed")

    major, minor, _ = pins["kubernetes"]
    fitting = [(major, minor), (major, minor + 1)]
    for tool in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        found = finder.find(tool)
        wanted = " or ".join(f"{major}.{minor}" for major, minor in fitting)
        judge(tool, found, found is not None and found.version[:2] in fitting, f"{wanted} is needed")
        if tool == "kube-apiserver":
            fitting = sorted({fitting[0], chosen[tool].version[:2] if tool in chosen else fitting[0]})

    kwok = finder.find("kwok")
    judge("kwok", kwok, kwok is not None and kwok.version >= pins["kwok"], f"{_words(pins['kwok'])} or newer is needed")
    return chosen, refused


def _has_language_host(pulumi: Found) -> bool:
    beside = {pulumi.path.parent, pulumi.path.resolve().parent}
    return any(os.access(directory / "pulumi-language-python", os.X_OK) for directory in beside)


def _ask(argv: Sequence[str]) -> str | None:
    """What the tool says about its version, or None when it does not run."""
    try:
        answer = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout) if answer.returncode == 0 else None
    return match[0] if match else None


def _words(version: Version) -> str:
    return ".".join(map(str, version))
