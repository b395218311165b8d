"""Keeps secrets out of messages: what a Secret holds, and what the program marked. The API server may quote what it refuses."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

MASK: Final = "[secret]"
SHORTEST: Final = 4
"""Characters below which a value is no secret worth the name, and its removal would garble the message."""


def redactor(inputs: Mapping[str, Any], secrets: Iterable[Any] = ()) -> Callable[[str], str]:
    """A function that takes `secrets`, and the contents of a Secret with these inputs, out of a text."""
    held = [inputs.get("data"), inputs.get("stringData")] if inputs.get("kind") == "Secret" else []
    texts = {text for value in (*secrets, *held) for text in _texts(value) if len(text) >= SHORTEST}
    longest_first = sorted(texts, key=len, reverse=True)

    def redact(text: str) -> str:
        for value in longest_first:
            text = text.replace(value, MASK)
        return text

    return redact


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield from _spellings(value)


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield base64.b64encode(value.encode()).decode("ascii")
    try:
        yield base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return
