"""`kokunai schema`: JSON Schemas of the files that people edit, so that an editor completes and checks them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.estate import MODELS
from core.files import write_whole
from kokunai.terminal import out

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file."""
    return {name: {"$schema": DIALECT, **model.model_json_schema(by_alias=True)} for name, model in MODELS.items()}


def text(schema: dict[str, Any]) -> str:
    """A schema as it is written: stable, so that a drift shows."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def command(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="where to write; default: PROJECT/docs/schema")] = None,
) -> None:
    """Write the JSON Schemas of the estate's files."""
    target = directory or context.obj.project / "docs" / "schema"
    for name, schema in schemas().items():
        write_whole(target / f"{name}.json", text(schema), mode=0o644)
        out.print(f"{target / f'{name}.json'}")
