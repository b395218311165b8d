"""The steps in order: look, say what is missing, do what is left, write down what there is.

When nothing is left to do it looks only, asks no client, and needs no network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from . import debian, machine, python_packages, toolchain
from .checkout import Checkout
from .client import Clients
from .faults import Fault, Faults, from_os
from .found import Finder, Found, choose
from .lanes import Lane, work_off
from .lock import alone
from .progress import Progress, duration

EXIT_FAULT = 2
# Two at a time: while one links (on one core) or downloads, the other compiles.
_GO_WORKERS = 2


def main(argv: Sequence[str]) -> int:
    arguments = _arguments(argv)
    checkout = Checkout(Path(__file__).resolve().parents[2])
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    progress = Progress(sys.stdout, live=live)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        _set_up(checkout, progress, rehearsal=not arguments.python_only)
    except (Fault, Faults, OSError) as problem:
        progress.close()
        for fault in _as_faults(problem):
            sys.stderr.write(f"set-up: {fault}\n")
        return EXIT_FAULT
    except KeyboardInterrupt:
        progress.close()
        sys.stderr.write("set-up: interrupted; the next run goes on from here\n")
        return 128 + signal.SIGINT
    except Exception as defect:  # the last door: nobody should meet a traceback at a set-up
        progress.close()
        log = checkout.logs / "set-up.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        sys.stderr.write(f"set-up: a defect of the set-up itself ({type(defect).__name__})\n  log: {log}\n")
        return 1
    finally:
        progress.close()
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/setup.py", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--python-only",
        action="store_true",
        help="only .venv: enough for `kokunai check` and the linters, not for a rehearsal",
    )
    return parser.parse_args(argv)


def _set_up(checkout: Checkout, progress: Progress, *, rehearsal: bool) -> None:
    started = time.monotonic()
    with alone(checkout.toolchain / "set-up.lock", progress.say) as lock:
        finder = Finder(checkout, os.environ)
        found, refused = choose(finder, toolchain.pins(checkout)) if rehearsal else ({}, [])
        here = machine.look(finder.find("haproxy") if rehearsal else None)

        python_steps = python_packages.steps(checkout)
        go_steps = toolchain.steps(checkout, found) if rehearsal else []
        packages, faults = machine.missing(here, venv=not python_packages.venv_stands(checkout), rehearsal=rehearsal)
        todo = [*python_steps, *go_steps]
        go = machine.ask_go() if go_steps else None
        if go_steps:
            faults += machine.judge_go(go, toolchain.wanted_go(checkout))
        if not faults:
            faults += machine.judge_disk(todo, machine.places(checkout, go))
        if faults:
            raise Faults(faults)

        shutil.rmtree(checkout.unfinished, ignore_errors=True)
        clients = Clients(checkout.logs, lock)
        debian_steps = [debian.step(packages, checkout.root)] if packages else []
        if debian_steps or todo:
            titles = ", ".join(step.name for step in [*debian_steps, *todo])
            progress.say(f"to do: {titles}")
            for reason in refused:
                progress.say(reason)
        work_off([Lane(debian_steps)], progress, clients)
        work_off([Lane(python_steps), Lane(go_steps, workers=_GO_WORKERS)], progress, clients)

        if rehearsal:
            toolchain.record(checkout, found, _haproxy(finder, here))
            finder.save()
    what = "everything" if rehearsal else ".venv"
    progress.say(f"{what} is in place ({duration(time.monotonic() - started)})")


def _haproxy(finder: Finder, here: machine.Machine) -> Found:
    haproxy = here.haproxy or finder.find("haproxy")
    if haproxy is None:
        raise Fault("HAProxy was installed and still does not run", "see what `haproxy -v` says and mend that")
    return haproxy


def _as_faults(problem: Fault | Faults | OSError) -> Sequence[Fault]:
    if isinstance(problem, Faults):
        return problem.faults
    return (problem if isinstance(problem, Fault) else from_os(problem),)


def _leave(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
