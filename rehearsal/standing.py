"""How a published endpoint stands right now: whether its descriptor is to be believed, and whether it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from catalog.load import SiteName
from core.descriptor import Descriptor
from core.errors import KokunaiError
from failover import signing


@dataclass(frozen=True)
class Standing:
    """How one published endpoint stands right now."""

    site: SiteName
    service: str
    url: str
    fingerprint: str
    answering: bool
    reason: str = ""


def standing(client: httpx.Client, descriptor: Descriptor, keys: Mapping[str, Ed25519PublicKey], key: str) -> Standing:
    """Ask one endpoint for its models."""
    reason = ""
    try:
        signing.verify(descriptor, keys)
        answer = client.get(f"{descriptor.url}/models", headers={"authorization": f"Bearer {key}"})
        if answer.status_code != httpx.codes.OK:
            reason = f"HTTP {answer.status_code}"
    except KokunaiError as error:
        reason = error.what
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
    return Standing(
        descriptor.site, descriptor.service, descriptor.url, descriptor.fingerprint, answering=not reason, reason=reason
    )
