"""Waiting for objects to become ready or to be gone, with a word to the user while it lasts.

What "ready" means is `readiness`'s to say. A wait ends early when the engine cancels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from rehearsal.cluster.api import Api, Object
from rehearsal.kubernetes_provider.kinds import Kind
from rehearsal.kubernetes_provider.readiness import AWAITED, Awaited, State, Verdict, troubles

SKIP: Final = "pulumi.com/skipAwait"
SECONDS: Final = "pulumi.com/timeoutSeconds"
WAIT_FOR: Final = "pulumi.com/waitFor"
PATIENCE: Final = 120.0
"""No wait is longer, whatever is declared: in a rehearsal nothing is pulled, loaded or formatted."""
SHORTEST: Final = 0.05
LONGEST: Final = 1.0
"""Seconds between two looks at an object; they grow by half each time."""
GONE_SECONDS: Final = 300
UNREMARKABLE: Final = 2.0
"""Seconds that any deletion may take before a word is lost on what holds it."""

Tell = Callable[[str], None]


def annotation(inputs: Mapping[str, Any], name: str) -> str | None:
    """The annotation in a set of inputs, None where it is absent or not plain text."""
    annotations = (inputs.get("metadata") or {}).get("annotations")
    found = annotations.get(name) if isinstance(annotations, dict) else None
    return found if isinstance(found, str) else None


def seconds_for(inputs: Mapping[str, Any], custom: float, usual: float) -> float:
    """How long to wait: the resource option, else the annotation, else what is usual; never longer than `PATIENCE`."""
    declared = annotation(inputs, SECONDS) or ""
    wanted = custom or (float(declared) if declared.isdecimal() else 0) or usual
    return min(wanted, PATIENCE)


class Cancelled(Exception):
    """The engine wants the provider to stop."""


class Waiting:
    """Waits on one API server, until the engine cancels."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.cancelled = threading.Event()

    def until_ready(
        self, kind: Kind, path: str, inputs: Object, live: Object, custom: float, tell: Tell
    ) -> tuple[Verdict, Object]:
        """Wait until the object at `path` is ready; `live` is how it looked last.

        Args:
            custom: seconds from the resource's custom timeouts, 0 for none.

        Returns:
            The last verdict (ready, failed, or waiting where time ran out or the engine cancelled) and the object as it
            was judged.
        """
        awaited = AWAITED.get((kind.group, kind.name))
        if awaited is None or annotation(inputs, SKIP) == "true":
            return Verdict(State.READY), live
        seconds = seconds_for(inputs, custom, awaited.seconds)
        end = time.monotonic() + seconds
        told, pause = "", SHORTEST
        while True:
            verdict = self.judge(awaited, live)
            if verdict.state is not State.WAITING:
                return verdict, live
            if verdict.message != told:
                told = verdict.message
                tell(told)
            if time.monotonic() > end:
                return Verdict(State.WAITING, self._explained(live, f"not ready after {seconds:g} s: {told}")), live
            if self.cancelled.wait(pause):
                return Verdict(State.WAITING, f"cancelled while waiting: {told}"), live
            pause = min(pause * 1.5, LONGEST)
            found = self.api.find(path)
            if found is None:
                return Verdict(State.FAILED, "the object was deleted while it was waited for"), live
            live = found

    def judge(self, awaited: Awaited, live: Object) -> Verdict:
        """One look at `live` and at what its judge needs to see around it."""
        around = {name: self._seen(path) for name, path in awaited.look(live).items()}
        return awaited.judge(live, around)

    def until_gone(self, path: str, uid: str, seconds: float, tell: Tell) -> None:
        """Wait until nothing with that uid is at `path`.

        Raises:
            TimeoutError: it still is; the message says what holds it.
            Cancelled: the engine wants to stop.
        """
        began = time.monotonic()
        end = began + seconds
        pause, told = SHORTEST, ""
        while True:
            live = self.api.find(path)
            if live is None or live["metadata"]["uid"] != uid:
                tell("")
                return
            held = _held_by(live)
            if held != told and time.monotonic() > began + UNREMARKABLE:
                told = held
                tell(held)
            if time.monotonic() > end:
                raise TimeoutError(f"still there after {seconds:g} s{': ' + held if held else ''}")
            if self.cancelled.wait(pause):
                raise Cancelled
            pause = min(pause * 1.5, LONGEST)

    def _seen(self, path: str) -> Any:
        found = self.api.find(path)
        return found["items"] if "?" in path and found else found

    def _explained(self, live: Object, message: str) -> str:
        """`message` with what the Pods and the events say."""
        lines = [message, *troubles(self._pods(live)), *self._warnings(live)]
        return "\n".join(dict.fromkeys(lines))

    def _pods(self, live: Object) -> list[Object]:
        selector = live.get("spec", {}).get("selector")
        labels = selector.get("matchLabels", selector) if isinstance(selector, dict) else None
        namespace = live["metadata"].get("namespace")
        if not labels or not namespace or not all(isinstance(value, str) for value in labels.values()):
            return []
        text = quote(",".join(f"{key}={value}" for key, value in labels.items()))
        items: list[Object] = self.api.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={text}")["items"]
        return items

    def _warnings(self, live: Object) -> list[str]:
        namespace = live["metadata"].get("namespace", "default")
        selector = quote(f"involvedObject.uid={live['metadata']['uid']},type=Warning")
        events = self.api.get(f"/api/v1/namespaces/{namespace}/events?fieldSelector={selector}")["items"]
        return [f"{event.get('reason', '')}: {event.get('message', '')}" for event in events]


def _held_by(live: Object) -> str:
    """Why an object that is being deleted is still there."""
    for each in live.get("status", {}).get("conditions") or []:
        if each.get("status") == "True" and each["type"].endswith(("Remaining", "Failure")):
            return str(each.get("message", ""))
    finalizers = live["metadata"].get("finalizers", [])
    return f"waiting for {', '.join(finalizers)}" if finalizers else ""
