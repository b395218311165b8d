"""The process in which programs are recorded: `python -P -m planning.child`, a job as JSON on standard input.

Settings and the root stack of the SDK are global to a process, so each stack runs in a fork of its own, forked after
what all stacks import. It writes `<stack>.json` into the job's folder; whatever the program prints goes to standard error.
Nothing here is imported by the project; `planning.recording` starts it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import logging
import os
import runpy
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from planning import sandbox

# Imported once, before the forks: what every stack's program needs anyway.
SHARED: Final = ("pulumi.runtime.stack", "planning.monitor")
# More of it, where the project that is checked is the one that this module belongs to.
PROGRAM: Final = "stacks.program"
HERE: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = ("catalog", "components", "core", "stacks")
THREADS: Final = 8


def main() -> int:
    """Record every stack of the job, two at a time or as many as there are processors."""
    job = json.load(sys.stdin)
    sandbox.close_network()
    started = time.monotonic()
    # Objects of imports are never garbage; looking for it among them costs a fifth of the time.
    gc.disable()
    _cheapen_annotations()
    for module in (*SHARED, *((PROGRAM,) if Path(job["root"]) == HERE else ())):
        importlib.import_module(module)
    gc.freeze()
    shared = time.monotonic() - started
    running: dict[int, str] = {}
    for stack in job["stacks"]:
        if len(running) >= job["parallel"]:
            _reap(running)
        pid = os.fork()
        if pid == 0:
            _record(job, stack, shared)
            os._exit(0)
        running[pid] = stack["name"]
    while running:
        _reap(running)
    return 0


class _Plain:
    """Stands for `pulumi.Input` in annotations."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item


def _cheapen_annotations() -> None:
    """Save a third of what importing the SDKs costs.

    Their classes annotate every property as `pulumi.Input[…]`, a union that Python builds anew each time. Nobody reads it
    here: where the SDK looks at its own annotations it strips the union first.
    """
    import pulumi

    setattr(pulumi, "Input", _Plain)  # noqa: B010  a plain assignment is a type error


def _reap(running: dict[int, str]) -> None:
    pid, _ = os.wait()
    running.pop(pid, None)


def _record(job: Mapping[str, Any], stack: Mapping[str, Any], shared: float) -> None:
    started = time.monotonic()
    result = _run(job, stack)
    result["seconds"] = {"shared": shared, "own": time.monotonic() - started}
    written = Path(job["results"]) / f"{stack['name']}.json"
    temporary = written.with_suffix(".tmp")
    temporary.write_text(json.dumps(result), "utf-8")
    temporary.replace(written)


def _run(job: Mapping[str, Any], stack: Mapping[str, Any]) -> dict[str, Any]:
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
    from pulumi.runtime._callbacks import _CallbackServicer

    from planning.monitor import RecordingEngine, RecordingMonitor, allow_other_shapes, spare_the_sdk

    allow_other_shapes()
    spare_the_sdk()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    monitor = RecordingMonitor(job["project"], stack["name"], stack["config"], stack["disabled_defaults"])
    engine = RecordingEngine()
    configure(
        Settings(
            project=job["project"],
            stack=stack["name"],
            monitor=monitor,
            engine=engine,
            dry_run=True,
            organization="organization",
            root_directory=job["root"],
        )
    )
    set_all_config(stack["config"], [])
    program = Path(job["program"])
    os.chdir(program)
    sys.argv = [str(program)]
    sys.path[:0] = [str(program), job["root"]]
    if Path(job["root"]) != HERE:
        _forget_own_rooms()
    loop = asyncio.new_event_loop()
    loop.set_default_executor(Executor(lambda: bool(_CallbackServicer._servicers)))
    refusal = None
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(program)))
    except BaseException as error:
        refusal = _refusal(error, program)
    if refusal is None and engine.errors:
        refusal = {"text": "\n".join(engine.errors), "trace": ""}
    return {"records": monitor.records, "unanswered": sorted(monitor.unanswered), "refusal": refusal}


class Executor(ThreadPoolExecutor):
    """Answers the SDK's requests at once, where it asks them: the monitor never waits, and threads would only compete.

    But for a program with transforms: those are served by the loop that asks, so the request must leave its thread.
    """

    def __init__(self, elsewhere: Callable[[], bool]) -> None:
        super().__init__(THREADS)
        self._elsewhere = elsewhere

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        if self._elsewhere():
            return super().submit(call, *arguments, **options)
        done: Future[Any] = Future()
        try:
            done.set_result(call(*arguments, **options))
        except BaseException as error:
            done.set_exception(error)
        return done


def _forget_own_rooms() -> None:
    """Let another project's program find its own modules, not ours of the same names."""
    for name in [name for name in sys.modules if name.split(".", 1)[0] in ROOMS]:
        del sys.modules[name]


def _execute(program: Path) -> None:
    runpy.run_path(str(program / "__main__.py"), run_name="__main__")


def _refusal(error: BaseException, program: Path) -> dict[str, str]:
    """What a person should read of an error: its own text if it was written for people, else where it came from."""
    from pulumi import RunError

    from core.errors import KokunaiError

    trace = "".join(traceback.format_exception(error))
    if isinstance(error, KokunaiError | RunError):
        return {"text": str(error), "trace": trace}
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(program)
    ]
    where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    return {"text": f"{where}{type(error).__name__}: {error}", "trace": trace}


if __name__ == "__main__":
    raise SystemExit(main())
