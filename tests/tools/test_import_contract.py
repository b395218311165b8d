"""The import contract covers every room: one that is missing from it would be free to import anything."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_ROOMS = {"tests", "tools", "docs", "estate", "bench"}


def test_every_room_is_under_the_contract() -> None:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    named = set(contract["importlinter"]["root_packages"].split())
    rooms = {path.parent.name for path in ROOT.glob("*/*.py")} - NOT_ROOMS

    assert rooms - named == set()
    layers = contract["importlinter:contract:rooms"]["layers"].replace("|", " ").replace("(", " ").replace(")", " ")
    assert rooms - set(layers.split()) == set()
