"""Keeps what a Secret holds out of messages. The API server may quote a value that it refuses."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

MASK: Final = "[secret]"
SHORTEST: Final = 4
"""Characters below which a value is no secret worth the name, and its removal would garble the message."""


def redactor(inputs: Mapping[str, Any]) -> Callable[[str], str]:
    """A function that takes the values of a Secret with these inputs out of a text; any other kind's text stays."""
    values = sorted(set(_values(inputs)), key=len, reverse=True) if inputs.get("kind") == "Secret" else []

    def redact(text: str) -> str:
        for value in values:
            text = text.replace(value, MASK)
        return text

    return redact


def _values(inputs: Mapping[str, Any]) -> Iterator[str]:
    for field in ("data", "stringData"):
        held = inputs.get(field)
        for value in held.values() if isinstance(held, dict) else ():
            for text in _spellings(str(value)):
                if len(text) >= SHORTEST:
                    yield text


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield base64.b64encode(value.encode()).decode("ascii")
    try:
        yield base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return
