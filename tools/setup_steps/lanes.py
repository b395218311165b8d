"""Several lanes of steps at once. The first fault stops the others: what they have done is not lost."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from .client import Clients, Stopped
from .progress import Progress
from .step import Effects, Step

_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Lane:
    """Steps that are taken in order, by as many workers as may run at once."""

    steps: Sequence[Step]
    workers: int = 1


def work_off(lanes: Sequence[Lane], progress: Progress, clients: Clients) -> None:
    """Do all steps; raise the first problem once every worker has ended."""
    problems: list[Exception] = []
    workers = [
        threading.Thread(target=_work, args=(steps, problems, progress, clients), daemon=True)
        for lane in lanes
        for steps in [_queue(lane)]
        for _ in range(lane.workers)
    ]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        clients.stop()
        for worker in filter(threading.Thread.is_alive, workers):
            worker.join(_PATIENCE_S)  # each says that it was stopped
        raise
    if problems:
        raise problems[0]


def _queue(lane: Lane) -> queue.SimpleQueue[Step]:
    steps: queue.SimpleQueue[Step] = queue.SimpleQueue()
    for step in lane.steps:
        steps.put(step)
    return steps


def _work(steps: queue.SimpleQueue[Step], problems: list[Exception], progress: Progress, clients: Clients) -> None:
    while not problems:
        try:
            step = steps.get_nowait()
        except queue.Empty:
            return
        progress.begin(step.name, step.waits_for)
        try:
            detail = step.do(_effects(step, progress, clients))
        except Stopped:
            progress.abandon(step.name)
            return
        except Exception as problem:  # carried to the thread that tells the user
            progress.fail(step.name)
            problems.append(problem)
            clients.stop()
        else:
            progress.finish(step.name, detail)


def _effects(step: Step, progress: Progress, clients: Clients) -> Effects:
    return Effects(clients, lambda words: progress.note(step.name, words))
