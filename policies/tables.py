"""The rules' data files as typed values. Loaded once; a wrong table fails when the library is imported, not in a preview."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

DIRECTORY: Final = Path(__file__).parent / "tables"


@cache
def toml(name: str) -> Mapping[str, Any]:
    """A hand-written table."""
    return tomllib.loads((DIRECTORY / f"{name}.toml").read_text("utf-8"))


@cache
def generated(name: str) -> Mapping[str, Any]:
    """A table that `policies.generate_tables` wrote."""
    table: Mapping[str, Any] = json.loads((DIRECTORY / f"{name}.json").read_text("utf-8"))
    return table
