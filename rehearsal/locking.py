"""The lock of a rehearsal: what the stand-ins are, hashed, in place of images and weights that nobody mirrored here.

Each digest is of something that really runs: the stand-in server's source, the HAProxy binary, the catalogue's entry of a
model. The file says `environment: rehearsal`, so every fingerprint made from it is marked and no real update takes it.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

from ruamel.yaml import YAML

from catalog.load import Catalogue
from core.files import write_whole
from core.fingerprint import canonical
from core.lock import ImageLock, Lock, ModelLock
from core.service import Service
from rehearsal import model_server


def lock(services: tuple[Service, ...], haproxy: Path, facts: Catalogue) -> Lock:
    """What runs in a rehearsal of `services`."""
    server = _digest(Path(model_server.__file__).read_bytes())
    models = {
        service.model: ModelLock(
            revision="rehearsal",
            manifest=_digest(canonical(facts.models[service.model].model_dump(mode="json"))),
            chat_template=_digest(b"rehearsal: messages joined by newlines"),
        )
        for service in services
    }
    images = {"vllm-openai": ImageLock(digest=server), "haproxy": ImageLock(digest=_digest(haproxy.read_bytes()))}
    return Lock(environment="rehearsal", images=images, models=models)


def write(path: Path, content: Lock) -> None:
    """Write the lock file that the rehearsed stacks name."""
    stream = io.StringIO("# 予行(模擬環境): digests of stand-ins. Never for a real stack.\n")
    stream.seek(0, io.SEEK_END)
    YAML().dump(json.loads(content.model_dump_json()), stream)
    write_whole(path, stream.getvalue())


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
