"""What goes over the wire to the engine, and what goes over HTTP to the API server: the two ways of writing one object.

On the wire every number is a float and null may stand for absent; the API server wants whole numbers whole. `rehearsal.standin`
reads and writes the wire itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from core.wire import SECRET, SIGNATURE
from rehearsal.cluster.api import Object
from rehearsal.standin.wire import UNKNOWN

ALLOCATED: Final = {"Service": ("clusterIP", "clusterIPs", "healthCheckNodePort")}
"""Fields under `spec` that the API server fills, differently in a dry run."""


def whole(value: Any) -> Any:
    """`value` with whole numbers as integers and without properties that are null."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def opened(value: Any) -> Any:
    """`value` without the engine's wrappings around secrets."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return opened(value["value"])
        return {key: opened(item) for key, item in value.items()}
    return [opened(item) for item in value] if isinstance(value, list) else value


def resealed(value: Any, wrapped: Any) -> Any:
    """`value` with secrets marked where `wrapped`, as the engine sent it, has some.

    Inside a list the order may have changed on the way, so a list with a secret in it is a secret as a whole.
    """
    if isinstance(value, dict) and SIGNATURE in value:
        return value
    if isinstance(value, dict) and isinstance(wrapped, dict) and SIGNATURE not in wrapped:
        return {key: resealed(item, wrapped[key]) if key in wrapped else item for key, item in value.items()}
    return secret(value) if any(True for _ in secrets(wrapped)) else value


def secrets(wrapped: Any) -> Iterator[Any]:
    """The values that the engine sent as secrets."""
    if isinstance(wrapped, dict):
        if wrapped.get(SIGNATURE) == SECRET:
            yield wrapped["value"]
            return
        for item in wrapped.values():
            yield from secrets(item)
    elif isinstance(wrapped, list):
        for item in wrapped:
            yield from secrets(item)


def secret(value: Any) -> Object:
    """`value` as the engine takes a secret."""
    return {SIGNATURE: SECRET, "value": value}


def state(live: Object) -> Object:
    """A live object as it is kept in the stack's state: without the book of owners; a Secret's contents sealed."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key != "managedFields"}
    return sealed({**live, "metadata": metadata})


def sealed(properties: Object) -> Object:
    """`properties` with a Secret's contents marked, so that the engine encrypts them whatever the program said."""
    if properties.get("kind") != "Secret":
        return properties
    marked: Object = {
        field: {SIGNATURE: SECRET, "value": properties[field]}
        for field in ("data", "stringData")
        if field in properties
    }
    return {**properties, **marked}


def expected(inputs: Object, dry_run: Object | None) -> Object:
    """What is known at a preview: the dry run's answer where there is one, without what it only made up."""
    known = {**inputs, **(dry_run or {})}
    metadata = known.get("metadata", {})
    if isinstance(metadata, dict):
        metadata = {**metadata, **dict.fromkeys(("creationTimestamp", "resourceVersion", "uid"), UNKNOWN)}
        for field in ("generation", "managedFields"):
            metadata.pop(field, None)
    spec = known.get("spec")
    if isinstance(spec, dict):
        given = inputs.get("spec", {})
        spec = {**spec, **{f: UNKNOWN for f in ALLOCATED.get(known.get("kind", ""), ()) if f not in given}}
        known = {**known, "spec": spec}
    return sealed({**known, "metadata": metadata, "status": UNKNOWN})
