"""Reads what rules may know of the estate. The only file here that touches the disk besides the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.tags import TagRegistry
from core.yamlfile import load
from policies.rule import Context

PROJECT = Path(__file__).parent.parent


def estate_directory(environment: Mapping[str, str], project: Path = PROJECT) -> Path:
    """Where the estate is: `KOKUNAI_ESTATE`, else `estate/` of the project."""
    named = environment.get("KOKUNAI_ESTATE")
    return Path(named) if named else project / "estate"


def load_context(estate: Path) -> Context:
    """The context that an estate gives.

    Raises:
        KokunaiError: its tag registry is missing or wrong.
    """
    registry, _ = load(estate / "tags.yaml", TagRegistry)
    return Context(required_tags=registry.required_keys)
