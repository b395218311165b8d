"""`kokunai doctor`: whether this environment can do what is asked of it, and what to do where it cannot."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer

from catalog.load import SITES, catalogue
from core.errors import KokunaiError
from core.estate import load_estate, load_lock
from core.yamlfile import parse
from kokunai.terminal import Format, FormatOption, print_json, print_table
from rehearsal.toolchain import Toolchain

SCHEMA = "kokunai/doctor/v1"
PACK = "PULUMI_OPTION_POLICY_PACK"
Verdict = Literal["ok", "failed", "warning", "not checked"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    detail: str
    fix: str = ""


def checks(project: Path, estate: Path) -> Iterator[Check]:
    """Look at everything that needs neither network nor credentials."""
    for look in (_python, _engine, _haproxy, _policy_pack, _stack_files):
        yield from look(project)
    yield from _estate(estate)
    yield Check("cloud credentials, quotas, control plane", "not checked", "needs the cloud")


def _python(_: Path) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] == (3, 11)
    yield Check("python", "ok" if good else "failed", version, "" if good else "run `make setup` with Python 3.11")


def _engine(project: Path) -> Iterator[Check]:
    wheel = importlib.metadata.version("pulumi")
    pinned = re.search(r"pulumi/pkg/v3 v([0-9.]+)", (project / "tools" / "pulumi" / "go.mod").read_text("utf-8"))
    try:
        path = Path(found) if (found := shutil.which("pulumi")) else Toolchain(project).program("pulumi")
        told = subprocess.run([path, "version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (KokunaiError, OSError, subprocess.TimeoutExpired) as error:
        yield Check("engine", "failed", str(error), "run `make setup`, or install Pulumi")
        return
    version = told.strip().removeprefix("v")
    agrees = version == wheel
    yield Check(
        "engine",
        "ok" if agrees else "warning",
        f"{path} {version}; Python SDK {wheel}",
        "" if agrees else f"use Pulumi {wheel}, or install the SDK's version of your engine",
    )
    if pinned and pinned[1] != wheel:
        yield Check(
            "engine pin", "failed", f"tools/pulumi/go.mod {pinned[1]}, requirements.txt {wheel}", "make them agree"
        )


def _haproxy(project: Path) -> Iterator[Check]:
    try:
        path = Toolchain(project).program("haproxy")
        told = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (KokunaiError, OSError, subprocess.TimeoutExpired):
        yield Check("haproxy", "failed", "missing", "apt-get install haproxy")
        return
    found = re.search(r"version (\d+)\.(\d+)\S*", told)
    good = found is not None and (int(found[1]), int(found[2])) >= (2, 6)
    yield Check(
        "haproxy", "ok" if good else "failed", told.splitlines()[0] if told else "", "" if good else "use 2.6 or later"
    )


def _policy_pack(project: Path) -> Iterator[Check]:
    wanted, given = project / "policies", os.environ.get(PACK, "")
    if not given:
        yield Check("policy pack", "failed", f"{PACK} is not set", f"export {PACK}={wanted}")
    elif not any(Path(each).resolve() == wanted.resolve() for each in given.split(",")):
        yield Check("policy pack", "failed", f"{PACK}={given}", f"export {PACK}={wanted}")
    else:
        yield Check("policy pack", "ok", given)


def _stack_files(project: Path) -> Iterator[Check]:
    for site in SITES:
        path = project / "stacks" / f"Pulumi.{site}.yaml"
        yield from _asked(f"stack {site}", path, lambda path=path: parse(path))  # type: ignore[misc]


def _estate(estate: Path) -> Iterator[Check]:
    facts = catalogue()
    yield from _asked("estate", estate, lambda: load_estate(estate, facts))
    try:
        services = load_estate(estate, facts).services
        unknown = load_lock(estate / "lock.yaml").unknown(services, ("vllm-openai", "haproxy"), facts)
    except KokunaiError:
        return
    if unknown:
        yield Check(
            "lock", "warning", "; ".join(unknown), "an update refuses what is unknown; write the digests into the lock"
        )


def _asked(name: str, path: Path, question: Callable[[], object]) -> Iterator[Check]:
    try:
        question()
    except KokunaiError as error:
        yield Check(name, "failed", str(error), error.fix)
    else:
        yield Check(name, "ok", str(path))


def command(
    context: typer.Context,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say what is in place, what is not, and what was not looked at. Exit code 2 when something failed."""
    found = tuple(checks(context.obj.project, context.obj.estate))
    if format_ is Format.JSON:
        print_json(
            SCHEMA,
            {"checks": [{"name": c.name, "verdict": c.verdict, "detail": c.detail, "fix": c.fix} for c in found]},
        )
    else:
        print_table(
            "doctor", ("check", "verdict", "detail", "fix"), [(c.name, c.verdict, c.detail, c.fix) for c in found]
        )
    if any(check.verdict == "failed" for check in found):
        raise typer.Exit(2)
