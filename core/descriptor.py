"""The descriptor: what an endpoint publishes about itself, as signed JSON.

The gateway reads descriptors, never another stack's state, so that a site that is down takes nothing else with it. The
type and its canonical bytes are here; keys and signatures are in `failover.signing`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from catalog.load import SiteName
from core.fingerprint import canonical
from core.service import DataClass, Declared


class Signature(Declared):
    """An ed25519 signature over the canonical JSON of everything else in the descriptor; both parts as base64 and hex."""

    keyid: str
    """SHA-256 of the raw public key, hex."""
    sig: str
    """base64."""


class Descriptor(Declared):
    """One service on one site."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    schema_: Literal["kokunai/descriptor/v1"] = Field(default="kokunai/descriptor/v1", alias="schema")
    environment: Literal["production", "rehearsal"]
    service: str
    site: SiteName
    url: str
    """The base URL that an OpenAI client takes, ending in /v1."""
    fingerprint: str
    region: str
    data_classes: tuple[DataClass, ...]
    certificate: str
    """SHA-256 of the edge's certificate (DER), hex."""
    placement: tuple[str, ...]
    """The placement arguments of the model server: they may differ between sites."""
    conformance: str
    """Digest of what the endpoint answered to the probes, or `unknown`."""
    issued_at: datetime
    signature: Signature | None = None

    def payload(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self.model_dump(mode="json", by_alias=True, exclude={"signature"}))

    def text(self) -> str:
        """The whole descriptor as people and the gateway read it: sorted JSON, two spaces, one newline at the end."""
        return (
            json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        )
