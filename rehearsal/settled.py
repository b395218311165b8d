"""Whether an update could change anything: all that the engine would read is as it was after the last good one.

Spares a second `up` the run of a program whose outcome is known. Like the engine without a refresh, it does not look into
the cluster; what was changed there by hand shows after `pulumi refresh`, which changes the state, which is seen here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.files import write_whole
from core.yamlfile import parse
from rehearsal import project
from rehearsal.layout import Layout

READ: Final = ("catalog", "core", "components", "policies", "stacks", "rehearsal", "Pulumi.yaml", "requirements.txt")
"""What of the checkout an update runs."""
SUFFIXES: Final = frozenset({".py", ".toml", ".yaml", ".txt", ".json"})


def is_settled(layout: Layout, estate: Path, stack: str) -> bool:
    """Whether nothing changed since `settle`."""
    record = _record(layout, stack)
    return record.exists() and record.read_text("utf-8") == _digest(layout, estate, stack)


def settle(layout: Layout, estate: Path, stack: str) -> None:
    """Note that an update ended well."""
    write_whole(_record(layout, stack), _digest(layout, estate, stack))


def _record(layout: Layout, stack: str) -> Path:
    return layout.backend / f"{stack}.settled"


def _digest(layout: Layout, estate: Path, stack: str) -> str:
    digest = hashlib.sha256()
    cluster = json.loads(layout.clusters.read_text("utf-8")).get(stack)
    digest.update(json.dumps([str(layout.project), str(estate), cluster]).encode())
    for path in (*_files(layout.project), *sorted(estate.rglob("*.yaml"))):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    state = layout.backend / ".pulumi" / "stacks" / project.NAME / f"{stack}.json"
    for path in (layout.lock, state):
        digest.update(path.read_bytes() if path.exists() else b"")
    # By content: the engine and we write the same configuration in different ways.
    digest.update(json.dumps(parse(project.stack_file(layout, stack)).data, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _files(checkout: Path) -> Iterator[Path]:
    for name in READ:
        top = checkout / name
        if top.is_file():
            yield top
        yield from sorted(path for path in top.rglob("*") if path.suffix in SUFFIXES)
