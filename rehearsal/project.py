"""The generated Pulumi project of a rehearsal: the same program and settings, configuration of its own.

The engine writes `encryptionsalt` into a stack's file and drops its blank lines; so rehearsed stacks get copies, and the
checkout stays as it was. The copies follow the originals at every `up`, except for what only a rehearsal sets.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from core.files import write_whole
from core.yamlfile import parse
from rehearsal.layout import Layout

NAME = "kokunai"
"""The project's name in Pulumi.yaml, by which the backend sorts its stacks."""
KEPT = ("encryptionsalt", "secretsprovider")
"""What the engine wrote into a stack's file and needs to find there again."""


def prepare(layout: Layout, python: Path, stacks: Mapping[str, Mapping[str, str]]) -> None:
    """Write the project file and a configuration file per stack; `stacks` gives each stack's additional plain values."""
    project = dict(parse(layout.project / "Pulumi.yaml").data)
    # The checkout's own environment, whose interpreter is the one that runs this.
    project["runtime"] = {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": str(python.parent.parent)},
    }
    project["main"] = str(layout.project / str(project.get("main", ".")))
    directory = layout.project / str(project.get("stackConfigDir", "."))
    project["stackConfigDir"] = "cfg"
    write_whole(layout.workspace / "Pulumi.yaml", _text(project))
    for stack, values in stacks.items():
        target = stack_file(layout, stack)
        previous: dict[str, Any] = dict(parse(target).data or {}) if target.exists() else {}
        original: dict[str, Any] = dict(parse(directory / f"Pulumi.{stack}.yaml").data or {})
        sealed = {key: value for key, value in (previous.get("config") or {}).items() if _is_sealed(value)}
        config = {**(original.get("config") or {}), **values, **sealed}
        content = {**original, **{key: previous[key] for key in KEPT if key in previous}, "config": config}
        write_whole(target, _text(content))


def stack_file(layout: Layout, stack: str) -> Path:
    """A rehearsed stack's configuration file."""
    return layout.workspace / "cfg" / f"Pulumi.{stack}.yaml"


def is_sealed(layout: Layout, stack: str) -> bool:
    """Whether a stack's file holds any ciphertext."""
    return any(map(_is_sealed, ((parse(stack_file(layout, stack)).data or {}).get("config") or {}).values()))


def _is_sealed(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return set(value) == {"secure"} or all(_is_sealed(each) for each in value.values())


def _text(content: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(dict(content), stream)
    return stream.getvalue()
