"""How every verb speaks: tables and progress on a terminal, plain lines in CI, JSON on request, errors for people.

Results go to standard output, everything else to standard error, so that `--format json` can be piped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Format(StrEnum):
    """What is printed: for people, or for programs."""

    TEXT = "text"
    JSON = "json"


class Language(StrEnum):
    """Language of messages and reports."""

    EN = "en"
    JA = "ja"


def default_language() -> Language:
    """KOKUNAI_LANG, else the locale's."""
    wanted = os.environ.get("KOKUNAI_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return Language.JA if wanted.lower().startswith("ja") else Language.EN


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]
LanguageOption = Annotated[
    Language, typer.Option("--lang", help="language of messages", default_factory=default_language)
]


def print_json(schema: str, content: Mapping[str, Any]) -> None:
    """One JSON document on standard output, with the name of its schema."""
    sys.stdout.write(json.dumps({"schema": schema, **content}, ensure_ascii=False, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, tab-separated lines elsewhere."""
    if not out.is_terminal:
        sys.stdout.write("\n".join(("\t".join(columns), *("\t".join(row) for row in rows))) + "\n")
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    out.print(table)
