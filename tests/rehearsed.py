"""A rehearsal of all four sites for tests: brought up and taken down by the command line, in a directory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from catalog.load import SiteName
from failover import publish
from rehearsal.cluster import Api, ControlPlane
from rehearsal.layout import VARIABLE, Layout
from rehearsal.toolchain import Toolchain

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Rehearsed:
    """What a person has in hand after `kokunai rehearse up`."""

    directory: Path

    @property
    def layout(self) -> Layout:
        return Layout(PROJECT, self.directory)

    def kokunai(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on this rehearsal."""
        return subprocess.run(
            [sys.executable, "-m", "kokunai", *arguments],
            cwd=PROJECT,
            env={**os.environ, VARIABLE: str(self.directory), "KOKUNAI_LANG": "en", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def pulumi(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the engine by hand, as in the rehearsal's shell."""
        return self.kokunai("rehearse", "shell", "--", "pulumi", *arguments, "--non-interactive", **environment)

    def status(self) -> list[dict[str, Any]]:
        """The endpoints, as programs read them."""
        found: list[dict[str, Any]] = json.loads(self.kokunai("rehearse", "status", "--format", "json").stdout)[
            "endpoints"
        ]
        return found

    @property
    def ca(self) -> Path:
        return self.layout.secrets / "ca.crt"

    @property
    def key(self) -> str:
        return (self.layout.secrets / "client.key").read_text("utf-8").strip()

    def cluster(self, site: SiteName) -> ControlPlane:
        return ControlPlane(site, self.layout.site(site), Toolchain(PROJECT))

    def objects(self, site: SiteName, path: str, **query: str) -> list[dict[str, Any]]:
        """Objects of a site's cluster."""
        with closing(self.cluster(site).api()) as api:
            found: list[dict[str, Any]] = api.get(path, **query)["items"]
            return found

    def api(self, site: SiteName) -> Api:
        """The administrator's client of a site's cluster; close it."""
        return self.cluster(site).api()

    def http(self) -> httpx.Client:
        return httpx.Client(verify=publish.context(self.ca), trust_env=False, timeout=20)

    def config(self, stack: str) -> Path:
        """A rehearsed stack's configuration file."""
        return self.layout.workspace / "cfg" / f"Pulumi.{stack}.yaml"

    def state(self, stack: str) -> Mapping[str, Any]:
        """A stack's state as it lies in the backend."""
        path = self.layout.backend / ".pulumi" / "stacks" / "kokunai" / f"{stack}.json"
        found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))["checkpoint"]["latest"]
        return found
