"""The tag registry and its reversible encoding: one value valid unchanged on AWS, Azure, Google Cloud and Kubernetes.

One registry feeds the stamps that components set, the rules that demand them and the reports that group by them. Names in
Japanese live in the registry; on resources travel codes. Not the place that stamps (`components`) or demands (`policies`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import StringConstraints, model_validator

from core.service import Declared

KEY_PATTERN: Final = r"^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,62}$"
RESERVED_STARTS: Final = ("aws", "azure", "microsoft", "windows", "hidden-", "goog", "kubernetes", "k8s")
PLAIN_VALUE: Final = re.compile(r"^(?:[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,62})?$")
LONGEST_EXACT: Final = 37
"""Bytes of UTF-8 that still fit, encoded, in the 63 characters of a Kubernetes label."""

Derived = Literal["service", "model", "data-class", "site"]
TagValueCode = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def encode(value: str) -> str:
    """`value` as a tag value of at most 63 characters: itself, `b--` and base32hex (exact), or `h--` and its SHA-256."""
    composed = unicodedata.normalize("NFC", value)
    if PLAIN_VALUE.fullmatch(composed):
        return composed
    raw = composed.encode("utf-8", "surrogatepass")
    if len(raw) <= LONGEST_EXACT:
        return "b--" + _base32(raw)
    return "h--" + _base32(hashlib.sha256(raw).digest())


def decode(encoded: str, known: Mapping[str, str] | None = None) -> str | None:
    """The value that `encode` made into `encoded`; of a hashed one, the entry of `known` (encoded to value), else None."""
    if encoded.startswith("b--"):
        text = encoded[3:].upper()
        try:
            return base64.b32hexdecode(text + "=" * (-len(text) % 8)).decode("utf-8", "surrogatepass")
        except ValueError:
            return None
    if encoded.startswith("h--"):
        return (known or {}).get(encoded)
    return encoded if PLAIN_VALUE.fullmatch(encoded) else None


def _base32(raw: bytes) -> str:
    return base64.b32hexencode(raw).decode("ascii").rstrip("=").lower()


class Title(Declared):
    """A display name in both languages."""

    ja: str
    en: str


class TagValue(Declared):
    """An allowed value of a key: who owns it, and when it was valid (past months keep past owners)."""

    title: Title
    owner: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


class TagKey(Declared):
    """One key of the registry. Values come from a list, from a pattern, or are derived from what is tagged."""

    title: Title
    required: bool = True
    derived: Derived | None = None
    values: Mapping[TagValueCode, TagValue] = {}
    pattern: str = ""
    aliases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> TagKey:
        if sum((bool(self.values), bool(self.pattern), self.derived is not None)) != 1:
            raise ValueError("give exactly one of values, pattern and derived")
        if self.pattern:
            re.compile(self.pattern)
        return self

    def allows(self, value: str) -> bool:
        """Whether `value` (not encoded) may stand under this key."""
        if self.derived:
            return True
        return value in self.values if self.values else re.fullmatch(self.pattern, value) is not None


class TagRegistry(Declared):
    """`estate/tags.yaml`. `shared` holds the values of what belongs to no one service: network, cluster, keys."""

    keys: Mapping[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=63)], TagKey]
    shared: Mapping[str, str]

    @model_validator(mode="after")
    def _consistent(self) -> TagRegistry:
        problems = [f"key {key!r} starts with a reserved word" for key in self.keys if key.startswith(RESERVED_STARTS)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def required_keys(self) -> tuple[str, ...]:
        """The keys that every taggable resource must carry."""
        return tuple(key for key, spec in self.keys.items() if spec.required and not spec.derived)

    def problems(self, tags: Mapping[str, str]) -> list[tuple[str, str]]:
        """What is wrong with declared tags, as key and cause: unknown to the registry, derived, not allowed, missing."""
        found = [(key, "not a key of the tag registry") for key in tags if key not in self.keys]
        for key, value in tags.items():
            spec = self.keys.get(key)
            if spec and spec.derived:
                found.append((key, "derived, not to be written"))
            elif spec and not spec.allows(value):
                found.append((key, f"{value!r} is not an allowed value"))
        return found + [(key, "required") for key in self.required_keys if key not in tags]

    def stamp(self, tags: Mapping[str, str], derived: Mapping[Derived, str]) -> dict[str, str]:
        """What a resource carries: declared and derived values, encoded, by key in order."""
        values = {
            key: derived[spec.derived] for key, spec in self.keys.items() if spec.derived and spec.derived in derived
        }
        return {key: encode(value) for key, value in sorted({**values, **tags}.items())}
