"""Runs the project's program against a recording monitor, for each stack, and gives the graphs: no engine, no credential.

The program runs in a process of its own (`planning.child`), cut off from network and environment (`planning.sandbox`); this
process imports no SDK. What a run cannot know is said in the recording: encrypted configuration, provider functions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core import wire
from core.errors import EnvironmentFault
from core.graph import Graph, Options, ProviderView, ResourceView
from planning import sandbox
from planning.project import Project, StackConfig

TIMEOUT_SECONDS: Final = 60.0
# The longest first, so that the last to finish is not also the last to start: Google's SDK takes longest to import.
SLOWEST: Final = ("gcp", "azure", "aws")


@dataclass(frozen=True)
class Recording:
    """One stack's program run. A program that refused has a graph, too: what it had registered until then."""

    graph: Graph
    refusal: str | None
    trace: str
    """The program's traceback, for whoever asked to debug; empty without a refusal."""
    unanswered: tuple[str, ...]
    """What the program asked and only a cloud could have answered."""
    encrypted: tuple[str, ...]
    """Configuration keys that were left out, since only the stack's own key opens them."""
    seconds: Mapping[str, float]
    """`shared`: imports that all stacks share. `own`: this stack's imports and its run."""


def record(project: Project, configs: Sequence[StackConfig], estate: Path) -> dict[str, Recording]:
    """Record the program once for each configuration, with that estate; by stack, in the order given.

    Raises:
        EnvironmentFault: the recording process itself could not run, or ran too long.
    """
    if not configs:
        return {}
    with tempfile.TemporaryDirectory(prefix="kokunai-") as folder:
        results, home = Path(folder, "results"), Path(folder, "home")
        results.mkdir()
        home.mkdir()
        errors = _run(_job(project, configs, results), sandbox.environment(_environment(estate), str(home)))
        return {config.stack: _read(results / f"{config.stack}.json", config, errors) for config in configs}


def _environment(estate: Path) -> dict[str, str]:
    """This process's own, with our modules to be found wherever they were imported from."""
    paths = (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH"))
    return {
        **os.environ,
        "KOKUNAI_ESTATE": str(estate.resolve()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def _job(project: Project, configs: Sequence[StackConfig], results: Path) -> dict[str, Any]:
    def slowness(config: StackConfig) -> int:
        return SLOWEST.index(config.stack) if config.stack in SLOWEST else len(SLOWEST)

    return {
        "project": project.name,
        "root": str(project.root),
        "program": str(project.program),
        "results": str(results),
        "parallel": max(2, len(os.sched_getaffinity(0))),
        "stacks": [
            {"name": config.stack, "config": config.values, "disabled_defaults": config.disabled_defaults}
            for config in sorted(configs, key=slowness)
        ],
    }


def _run(job: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Run the recording process; what it and the programs wrote to standard error."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "planning.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        _, errors = process.communicate(json.dumps(job), timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise EnvironmentFault(
            f"the program did not end within {TIMEOUT_SECONDS:g} seconds while it was being checked",
            where=job["program"],
            fix="look for what it waits for; a program only declares resources",
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.communicate()
    if process.returncode != 0:
        raise EnvironmentFault(
            f"the recording process ended with status {process.returncode}: {_last_line(errors)}",
            where=job["program"],
            fix="run `kokunai doctor`; with --debug the whole output is shown",
        )
    return errors


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def _read(result: Path, config: StackConfig, errors: str) -> Recording:
    if not result.exists():
        text = f"the program of stack {config.stack} ended its process: {_last_line(errors)}"
        return Recording(Graph(config.stack, ()), text, errors, (), config.encrypted, {})
    written = json.loads(result.read_text("utf-8"))
    refusal = written["refusal"]
    return Recording(
        graph=graph(config.stack, written["records"]),
        refusal=refusal["text"] if refusal else None,
        trace=refusal["trace"] if refusal else "",
        unanswered=tuple(written["unanswered"]),
        encrypted=config.encrypted,
        seconds=written["seconds"],
    )


def graph(stack: str, records: Sequence[Mapping[str, Any]]) -> Graph:
    """The graph of a stack from the monitor's records."""
    providers = {record["urn"]: _provider(record) for record in records if _is_provider(record)}
    dependencies = {
        record["urn"]: {key: tuple(sorted(urns)) for key, urns in record["dependencies"].items()}
        for record in records
        if record.get("dependencies")
    }
    return Graph(stack, tuple(_view(record, providers) for record in records), dependencies)


def _is_provider(record: Mapping[str, Any]) -> bool:
    return bool(record["type"].startswith("pulumi:providers:"))


def _provider(record: Mapping[str, Any]) -> ProviderView:
    return ProviderView(record["urn"], record["type"], record["name"], wire.provider_properties(record["props"]))


def _view(record: Mapping[str, Any], providers: Mapping[str, ProviderView]) -> ResourceView:
    decode = wire.provider_properties if _is_provider(record) else wire.properties
    return ResourceView(
        urn=record["urn"],
        type=record["type"],
        name=record["name"],
        props=decode(record["props"]),
        provider=providers.get(record.get("provider", "")),
        options=Options(
            protect=record.get("protect", False),
            ignore_changes=tuple(record.get("ignore_changes", ())),
            parent=record.get("parent") or None,
            retain_on_delete=record.get("retain_on_delete", False),
        ),
    )
