"""Reads plans and states that the engine wrote into one graph: `pulumi preview --json`, `pulumi stack export`, event logs.

Which of them a file is, is seen in the file. Secrets are masked or encrypted there, so their values are unknown here; what is
about to be deleted is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core import wire
from core.errors import KokunaiError
from core.graph import Graph, Options, ProviderView, ResourceView

PROVIDERS: Final = "pulumi:providers:"
EVENTS: Final = ("resourcePreEvent", "resOutputsEvent")
GONE: Final = ("delete", "delete-replaced", "discard", "discard-replaced", "read-discard")

State = Mapping[str, Any]


def read_plan(path: Path) -> Graph:
    """The graph of a plan file.

    Raises:
        KokunaiError: it cannot be read, or is none of the three.
    """
    states = {state["urn"]: state for state in _states(path) if not state.get("delete")}
    stack = next(iter(states), "").removeprefix("urn:pulumi:").split("::", 1)[0]
    providers = {urn: _provider(state) for urn, state in states.items() if state["type"].startswith(PROVIDERS)}
    dependencies = {
        urn: {key: tuple(urns) for key, urns in state["propertyDependencies"].items() if urns}
        for urn, state in states.items()
        if state.get("propertyDependencies")
    }
    return Graph(stack, tuple(_view(state, providers) for state in states.values()), dependencies)


def _states(path: Path) -> Sequence[State]:
    try:
        states = [state for state in _found(path, _decode(path)) if state]
        if all(isinstance(state.get("urn"), str) and isinstance(state.get("type"), str) for state in states):
            return states
    except (AttributeError, TypeError, KeyError, RecursionError):
        pass
    raise _unreadable(path, "not what the Pulumi engine writes")


def _decode(path: Path) -> Any:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise KokunaiError(f"cannot be read: {error.strerror}", where=str(path), fix="name a file") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "not text") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise _unreadable(path, "nested too deeply") from None
    except ValueError:
        return list(_lines(path, text))


def _lines(path: Path, text: str) -> Iterator[Any]:
    """An event log: one JSON object a line. Its last line may be cut where the engine was killed."""
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            if number == 1 or number < len(lines):
                raise _unreadable(path, f"line {number}: not JSON ({error})") from None


def _found(path: Path, data: Any) -> Iterable[State | None]:
    if isinstance(data, list):
        if not any(key.endswith("Event") for event in data for key in event.keys()):  # noqa: SIM118  a text has no keys
            raise _unreadable(path, "neither a preview, nor a state, nor an event log")
        return _of_events(data)
    if "steps" in data or "changeSummary" in data:
        return (step.get("newState") for step in data.get("steps") or () if step.get("op") not in GONE)
    if "events" in data:
        return _of_events(data["events"])
    deployment = data.get("deployment") or (data.get("checkpoint") or {}).get("latest")
    if deployment is None:
        raise _unreadable(path, "neither a preview, nor a state, nor an event log")
    return deployment.get("resources") or ()


def _of_events(events: Iterable[Any]) -> Iterator[State | None]:
    for event in events:
        for kind in EVENTS:
            metadata = (event.get(kind) or {}).get("metadata")
            if metadata and metadata.get("op") not in GONE:
                yield metadata.get("new")


def _unreadable(path: Path, what: str) -> KokunaiError:
    return KokunaiError(
        what,
        where=str(path),
        fix="give the output of `pulumi preview --json` or `pulumi stack export`, or a file of --event-log",
    )


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _inputs(state: State) -> Mapping[str, Any]:
    """What was asked for; of a resource that is only read, what was found."""
    inputs: Mapping[str, Any] = state.get("inputs") or {}
    return {**(state.get("outputs") or {}), **inputs} if state.get("external") else inputs


def _provider(state: State) -> ProviderView:
    return ProviderView(state["urn"], state["type"], _name(state["urn"]), wire.provider_properties(_inputs(state)))


def _view(state: State, providers: Mapping[str, ProviderView]) -> ResourceView:
    decode = wire.provider_properties if state["type"].startswith(PROVIDERS) else wire.properties
    return ResourceView(
        urn=state["urn"],
        type=state["type"],
        name=_name(state["urn"]),
        props=decode(_inputs(state)),
        provider=providers.get((state.get("provider") or "").rsplit("::", 1)[0]),
        options=Options(
            protect=bool(state.get("protect")),
            ignore_changes=tuple(state.get("ignoreChanges") or ()),
            parent=state.get("parent") or None,
            retain_on_delete=bool(state.get("retainOnDelete")),
        ),
        outputs=wire.properties(state.get("outputs") or {}),
    )
