"""The lock: which exact image and weights run. Written by whoever mirrored and scanned them; never guessed.

`unknown` is a value here, with the way to obtain it in the catalogue: a preview goes on with it and says so, an update
refuses it. A rehearsal brings a lock of its own whose `environment` says so and marks every fingerprint made from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import StringConstraints

from catalog.load import Catalogue
from core.errors import KokunaiError
from core.service import Declared, Service

Sha256 = Annotated[str, StringConstraints(pattern=r"^(?:unknown|sha256:[0-9a-f]{64})$")]


class ImageLock(Declared):
    """The digest of an image's manifest in the organisation's registry."""

    digest: Sha256 = "unknown"


class ModelLock(Declared):
    """Which weights: the revision, the digest of the list of files with their digests, and of the chat template."""

    revision: Annotated[str, StringConstraints(pattern=r"^(?:unknown|[0-9a-f]{40}|rehearsal)$")] = "unknown"
    manifest: Sha256 = "unknown"
    chat_template: Sha256 = "unknown"


class Lock(Declared):
    """`estate/lock.yaml`."""

    environment: Literal["real", "rehearsal"] = "real"
    images: Mapping[str, ImageLock] = {}
    models: Mapping[str, ModelLock] = {}

    def image(self, name: str) -> ImageLock:
        return self.images.get(name, ImageLock())

    def model(self, name: str) -> ModelLock:
        return self.models.get(name, ModelLock())

    def unknown(self, services: Iterable[Service], images: Iterable[str], facts: Catalogue) -> tuple[str, ...]:
        """What `services` and `images` need and the lock does not have, one line each with the way to obtain it."""
        lines = [
            f"images.{name}.digest: unknown; obtain it with: {facts.images[name].obtain}"
            for name in images
            if self.image(name).digest == "unknown"
        ]
        for model in sorted({service.model for service in services}):
            missing = [key for key, value in self.model(model).model_dump().items() if value == "unknown"]
            if missing:
                lines.append(
                    f"models.{model}.{{{','.join(missing)}}}: unknown; obtain them with: {facts.models[model].obtain}"
                )
        return tuple(lines)


def refuse_unknown(lines: tuple[str, ...], *, where: str) -> None:
    """Stop when something would run whose bytes nobody pinned.

    Raises:
        KokunaiError: with every line.
    """
    if lines:
        raise KokunaiError(
            "the lock does not say what exactly would run:\n    " + "\n    ".join(lines),
            where=where,
            fix="write the digests into the lock; a preview works without them, an update does not",
        )
