"""Drift: what became of the fields that the stack applied, read from the live object's `managedFields`.

Pure. The API server notes who owns each field. A field that we still own has the value that we gave it, in whatever
spelling the server keeps it (`1000m` is `1`), so it counts as unchanged; one that we lost was changed or taken away by
somebody. Fields that were never ours (defaults, other controllers, sidecars) are no drift and are not looked at.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rehearsal.cluster.api import Object

IDENTITY: Final = ("apiVersion", "kind")
NAMES: Final = ("name", "namespace", "generateName")
SERVERS_OWN: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""What the API server writes into `metadata`."""

Fields = Mapping[str, Any]
"""A set of fields as `fieldsV1` has it: `f:` names, `k:` keys of list items, `v:` members of a set, `.` the thing itself."""


def owned_by(manager: str, live: Mapping[str, Any]) -> Fields | None:
    """The fields of `live` that `manager` applied and still owns; None where it owns none."""
    for entry in live.get("metadata", {}).get("managedFields", []):
        if entry["manager"] == manager and entry["operation"] == "Apply" and not entry.get("subresource"):
            fields: Fields = entry.get("fieldsV1", {})
            return fields
    return None


def projected(inputs: Object, live: Object, manager: str) -> Object:
    """`inputs` as the cluster has them now: equal to `inputs` where nobody meddled."""
    owned = owned_by(manager, live)
    found: Object = {key: inputs[key] for key in IDENTITY if key in inputs}
    for key, value in inputs.items():
        if key in IDENTITY or key == "status":
            continue
        fields = _child(owned, f"f:{key}")
        if key == "metadata":
            names = {name: value[name] for name in NAMES if name in value}
            rest = {name: item for name, item in value.items() if name not in NAMES}
            found[key] = {**names, **_project(rest, live.get(key, {}), fields, _all(live, key))}
        elif key == "stringData" and live.get("kind") == "Secret":
            found[key] = _texts(value, live.get("data", {}))
        elif key in live or not value:
            found[key] = _project(value, live.get(key, value), fields, _all(live, key))
    return found


def declared(live: Object) -> Object:
    """The inputs that would make `live`: all of it but what the server and the controllers write. For imports."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key not in SERVERS_OWN}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def _project(value: Any, live: Any, owned: Fields | None, anybody: Iterable[Fields]) -> Any:
    if owned is not None and not owned:
        return value
    if isinstance(value, dict) and isinstance(live, dict):
        return {
            key: _project(item, live[key], _child(owned, f"f:{key}"), _children(anybody, f"f:{key}"))
            if key in live
            else item
            for key, item in value.items()
            # The server leaves out what is empty: its absence says what the program says.
            if key in live or not item
        }
    if isinstance(value, list) and isinstance(live, list):
        keys = _merge_keys(anybody)
        if keys:
            return [
                _project(item, match, _item(owned, match, keys), _items(anybody, match, keys))
                for item in value
                for match in live
                if _same(item, match, keys)
            ]
        if any(key.startswith("v:") for fields in anybody for key in fields):
            return [item for item in value if item in live]
    return live


def _texts(texts: Mapping[str, str], data: Mapping[str, str]) -> Object:
    """`stringData` as `data` has it. The server keeps no book of who owns what came that way, so the values are compared."""
    return {key: base64.b64decode(data[key]).decode("utf-8", errors="replace") for key in texts if key in data}


def _child(fields: Fields | None, key: str) -> Fields | None:
    found: Fields | None = None if fields is None else fields.get(key)
    return found


def _children(everybody: Iterable[Fields], key: str) -> list[Fields]:
    return [found for fields in everybody if (found := fields.get(key)) is not None]


def _all(live: Object, key: str) -> list[Fields]:
    """The fields under `key` of every manager: only they tell by which keys the items of a list are known."""
    entries = live.get("metadata", {}).get("managedFields", [])
    return _children([entry.get("fieldsV1", {}) for entry in entries], f"f:{key}")


def _merge_keys(anybody: Iterable[Fields]) -> tuple[str, ...]:
    for fields in anybody:
        for key in fields:
            if key.startswith("k:"):
                return tuple(json.loads(key[2:]))
    return ()


def _same(item: Any, live: Any, keys: tuple[str, ...]) -> bool:
    """Whether both are the item of one key; a part of the key that the program leaves to its default counts as equal."""
    return all(item.get(key, live.get(key)) == live.get(key) for key in keys)


def _item(owned: Fields | None, live: Mapping[str, Any], keys: tuple[str, ...]) -> Fields | None:
    wanted = {key: live.get(key) for key in keys}
    for key, fields in (owned or {}).items():
        if key.startswith("k:") and json.loads(key[2:]) == wanted:
            found: Fields = fields
            return found
    return None


def _items(anybody: Iterable[Fields], live: Mapping[str, Any], keys: tuple[str, ...]) -> list[Fields]:
    return [found for fields in anybody if (found := _item(fields, live, keys)) is not None]
