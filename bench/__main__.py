"""`make bench`: the figures of set-up, rehearsal and check on this machine.

python -m bench [check] [rehearse]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from catalog.load import SITES
from rehearsal.layout import Layout
from rehearsal.processes import MARKER

PROJECT = Path(__file__).resolve().parent.parent
KOKUNAI = [sys.executable, "-m", "kokunai"]
IMPORTS = (
    "import pulumi_aws, pulumi_azure_native, pulumi_gcp, pulumi_kubernetes\n"
    "import stacks.sites as sites\n"
    "for site in ('aws', 'azure', 'gcp', 'onprem'): sites.settings_model(site); sites.foundation_of(site, None)\n"
)
"""What one process has to import to declare all four stacks."""
RUNS = 3


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def run(command: Sequence[str], *, good: Sequence[int] = (0,)) -> str:
    """Run a command of the project; its standard output."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def median(action: Callable[[], object]) -> float:
    """The median of some runs, after one that warms caches."""
    action()
    return statistics.median(seconds(action) for _ in range(RUNS))


def tell(name: str, value: str, note: str = "") -> None:
    """One figure on one line."""
    sys.stdout.write(f"{name:<52} {value:>12}  {note}\n")
    sys.stdout.flush()


def memory() -> int:
    """Resident bytes of everything that works in this rehearsal's directory."""
    total, directory = 0, str(Layout.of(PROJECT).root)
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) and any(directory in part for part in (process.cwd(), *process.cmdline())):
                total += process.memory_info().rss
        except (psutil.Error, OSError):
            continue
    return total


def pulumi(*arguments: str) -> str:
    """A command of the engine on the rehearsed stacks."""
    return run([*KOKUNAI, "rehearse", "shell", "--", "pulumi", *arguments, "--non-interactive"])


def previews() -> None:
    """One preview of each stack, side by side, as four people would do."""
    with ThreadPoolExecutor(len(SITES)) as pool:
        for output in pool.map(lambda site: pulumi("preview", "--expect-no-changes", "--stack", site), SITES):
            assert output


def rehearse() -> None:
    """Up from nothing, up again, previews, memory, down."""
    run([*KOKUNAI, "rehearse", "down", "--force"])
    up = seconds(lambda: run([*KOKUNAI, "rehearse", "up"]))
    tell("rehearse up, warm, four sites", f"{up:.1f} s", "goal: under 60 s")
    tell("memory of the rehearsal", f"{memory() / 1024**3:.2f} GiB", "goal: under 6 GB")
    again = seconds(lambda: run([*KOKUNAI, "rehearse", "up"]))
    tell("rehearse up, nothing to do", f"{again:.1f} s", f"{again / up:.2f} of the first")
    endpoints = json.loads(run([*KOKUNAI, "rehearse", "status", "--format", "json"]))["endpoints"]
    tell("endpoints answering", f"{sum(each['answering'] for each in endpoints)} of {len(endpoints)}")
    four = seconds(previews)
    tell("four previews side by side, no change", f"{four:.1f} s")
    down = seconds(lambda: run([*KOKUNAI, "rehearse", "down"]))
    tell("rehearse down", f"{down:.1f} s")
    tell("memory after down", f"{memory()} B", "goal: 0")
    check(four)


def check(previews_seconds: float | None = None) -> None:
    """All four stacks without engine, against what importing their SDKs alone costs in one process."""
    imports = median(lambda: run([sys.executable, "-c", IMPORTS]))
    tell("importing the SDKs of four stacks, one process", f"{imports:.2f} s")
    # Exit code 0 or 1: what it finds is not what is measured.
    took = median(lambda: run([*KOKUNAI, "check"], good=(0, 1)))
    tell("kokunai check, four stacks", f"{took:.2f} s", f"goal: under 5 s; {took / imports:.2f} of the imports alone")
    if previews_seconds:
        tell("four previews / check", f"{previews_seconds / took:.1f} ×", "goal: at least 3 ×")


PARTS: dict[str, Callable[[], None]] = {"check": check, "rehearse": rehearse}


def main(names: Sequence[str]) -> None:
    """Run the named parts; by default the whole, which includes the check."""
    for name in names or ("rehearse",):
        if name not in PARTS:
            sys.exit(f"{name!r} is not a part; use some of: {', '.join(PARTS)}")
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
