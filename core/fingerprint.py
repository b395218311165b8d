"""The fingerprint: what makes the answers of two endpoints alike, as one hash.

Equal on all sites, or the gateway refuses the site. What follows the accelerator is left out on purpose.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core import haproxy, serving
from core.lock import Lock
from core.service import Service


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: the bytes that are hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def fingerprint(service: Service, lock: Lock) -> str:
    """`sha256:…` of a service's contract; `rehearsal:sha256:…` from a rehearsal's lock; `unknown` while something is not locked."""
    model, image, edge = lock.model(service.model), lock.image("vllm-openai").digest, lock.image("haproxy").digest
    if "unknown" in (model.manifest, model.chat_template, image, edge):
        return "unknown"
    digest = hashlib.sha256(
        canonical(
            {
                "weights": model.manifest,
                "image": image,
                "arguments": list(serving.contract_arguments(service)),
                "chat_template": model.chat_template,
                "edge": {"image": edge, "configuration": haproxy.edge((service,))},
            }
        )
    ).hexdigest()
    return f"{'rehearsal:' if lock.environment == 'rehearsal' else ''}sha256:{digest}"
