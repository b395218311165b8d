"""The engine's encoding of what JSON cannot say, read into property trees: unknowns, secrets, outputs, assets, references.

It is the same in gRPC requests, in state exports, in `pulumi preview --json` and in event logs. Signatures: the
constants of `sdk/go/common/resource` in the Pulumi engine. Only reading; nothing here writes to the engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from core.values import UNKNOWN, Secret

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a signature of the engine, the same for everybody
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
# What the engine prints in place of a secret where it prints JSON for people.
MASKED: Final = "[secret]"


def tree(node: Any) -> Any:
    """A decoded JSON value as a property tree. Whole numbers become `int` whichever way they came."""
    if isinstance(node, Mapping):
        return _signed(node) if SIGNATURE in node else {key: tree(item) for key, item in node.items()}
    if isinstance(node, list):
        return [tree(item) for item in node]
    if isinstance(node, str):
        return _text(node)
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node


def properties(node: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of one resource, without the engine's own (`__defaults`)."""
    return {key: tree(item) for key, item in node.items() if not key.startswith("__")}


def provider_properties(node: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a provider, whose lists, objects and switches travel as JSON text."""
    return {key: _parsed(item) for key, item in properties(node).items()}


def _parsed(node: Any) -> Any:
    if isinstance(node, Secret):
        return Secret(_parsed(node.value))
    if isinstance(node, str) and (node[:1] in ("{", "[") or node in ("true", "false")):
        try:
            return tree(json.loads(node))
        except (ValueError, RecursionError):
            return node
    return node


def _text(text: str) -> Any:
    if text == MASKED:
        return Secret(UNKNOWN)
    # A string built around an unknown is unknown, too.
    return UNKNOWN if text in UNKNOWNS or UNKNOWN_STRING in text else text


def _signed(node: Mapping[str, Any]) -> Any:
    kind = node[SIGNATURE]
    if kind == SECRET:
        if "value" in node:
            return Secret(tree(node["value"]))
        return Secret(_plaintext(node.get("plaintext")))
    if kind == OUTPUT:
        value = tree(node["value"]) if "value" in node else UNKNOWN
        return Secret(value) if node.get("secret") is True else value
    rest = {key: tree(item) for key, item in node.items() if key != SIGNATURE}
    # The text of an asset is content, not configuration: never quoted.
    return (
        {key: Secret(item) if key == "text" else item for key, item in rest.items()}
        if kind in (ASSET, ARCHIVE)
        else rest
    )


def _plaintext(text: Any) -> Any:
    """The JSON text of a secret in a state that was exported with secrets shown; unknown where it is still encrypted."""
    try:
        return tree(json.loads(text))
    except (TypeError, ValueError):
        return UNKNOWN
