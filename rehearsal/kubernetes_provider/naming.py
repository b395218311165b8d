"""Names of objects whose program gives none: the resource's name, a dash, eight hexadecimal digits.

As the official provider does it: the name is chosen once and kept from then on, and the object says by an annotation that
it was named so, because such an object may be replaced by one of another name before it goes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.cluster.api import Object
from rehearsal.standin.wire import UNKNOWN

AUTONAMED: Final = "pulumi.com/autonamed"
DIGITS: Final = 8


def named(inputs: Object, old: Mapping[str, Any], resource: str, seed: bytes) -> Object:
    """`inputs` with a name: its own, that of `old` where that was made up here, or a new one.

    Args:
        old: the inputs of the run before, empty for a new object.
        resource: the name of the Pulumi resource.
        seed: what the engine gives so that a preview and the update after it choose alike; random where empty.
    """
    metadata = inputs.get("metadata", {})
    if metadata == UNKNOWN or metadata.get("name") or metadata.get("generateName"):
        return inputs
    annotations = metadata.get("annotations", {})
    name = old["metadata"]["name"] if is_autonamed(old) else f"{resource}-{_digits(seed)}"
    marked = annotations if annotations == UNKNOWN else {**annotations, AUTONAMED: "true"}
    return {**inputs, "metadata": {**metadata, "name": name, "annotations": marked}}


def is_autonamed(inputs: Mapping[str, Any]) -> bool:
    """Whether the name in `inputs` was made up by `named`."""
    annotations = inputs.get("metadata", {}).get("annotations", {})
    return isinstance(annotations, dict) and annotations.get(AUTONAMED) == "true"


def _digits(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()[:DIGITS] if seed else secrets.token_hex(DIGITS // 2)
