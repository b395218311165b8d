"""Property values as the engine sends them, between protobuf and plain Python.

The stand-ins ask for plain values only (no secret, resource or output wrappers), so what is left is JSON, the sentinel
for a value not yet known, and assets. Numbers are floats on the wire.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

UNKNOWN: str = rpc.UNKNOWN
_SIGNATURE: str = rpc._special_sig_key
_ASSETS = (rpc._special_asset_sig, rpc._special_archive_sig)


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct as a dict; a null property is the same as none."""
    return {name: _plain(value) for name, value in struct.fields.items() if value.WhichOneof("kind") != "null_value"}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [_plain(member) for member in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dict as a Struct."""
    message = struct_pb2.Struct()
    message.update(values)
    return message


def is_asset(value: Any) -> bool:
    """Whether a value is a file or an archive."""
    return isinstance(value, dict) and value.get(_SIGNATURE) in _ASSETS


def has_unknown(value: Any) -> bool:
    """Whether anything inside is not known yet."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)


def from_json(text: str) -> Any:
    """The value that a JSON text stands for; the text itself when it is none, for a check to judge."""
    try:
        return json.loads(text)
    except ValueError:
        return text
