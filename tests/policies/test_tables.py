"""The rules' data files: up to date with the installed providers, and about types and properties that exist."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from policies import generate_tables, tables
from policies.generate_tables import SDKS, Sdk, Words, leaf, location_table, read_sdk, text_properties

# Reading the sources of three SDKs takes a while.
pytestmark = pytest.mark.slow

TOML = ("exposure", "providers", "locations", "location_words")


@pytest.fixture(scope="module")
def sdks() -> dict[str, Sdk]:
    return {package: read_sdk(module) for package, module in SDKS.items()}


def rows(*names: str) -> list[dict[str, Any]]:
    found = [row for name in names for rows in tables.toml(name).values() if isinstance(rows, list) for row in rows]
    return [row for row in found if "type" in row]


def test_generated_tables_are_what_the_installed_sdks_say(
    sdks: dict[str, Sdk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        generate_tables, "read_sdk", lambda module: next(s for p, s in sdks.items() if SDKS[p] == module)
    )
    stale = [path.name for path, text in generate_tables.tables().items() if path.read_text("utf-8") != text]
    assert stale == [], "run python -m policies.generate_tables"


@pytest.mark.parametrize("row", rows(*TOML), ids=lambda row: f"{row['type']} {row.get('path', '')}")
def test_a_row_is_about_a_type_and_a_property_that_exist(row: dict[str, Any], sdks: dict[str, Sdk]) -> None:
    token = row["type"]
    sdk = sdks[token.removeprefix("pulumi:providers:").split(":", 1)[0]]
    if token.startswith("pulumi:providers:"):
        arguments = sdk.arguments[".", "ProviderArgs"]
    else:
        assert token in sdk.resources
        arguments = sdk.arguments[sdk.resources[token]]
    path = ".".join(part for part in (row.get("each", ""), row.get("path", "")) if part)
    top = path.split(".")[0].removesuffix("[]")
    if top:
        assert top in {name for name, _ in arguments}
    if "." in path and "path" in row and not token.startswith("pulumi:"):
        known = set(text_properties(sdk, *sdk.resources[token])) | set(_other_properties(sdk, *sdk.resources[token]))
        assert any(each == path or each.startswith((f"{path}.", f"{path}[")) for each in known), sorted(known)[:50]


def _other_properties(sdk: Sdk, folder: str, name: str) -> set[str]:
    """Paths of switches and numbers, by reading each annotation as text's."""
    plain = {
        key: [
            (wire, kind.replace("_builtins.bool", "_builtins.str").replace("_builtins.int", "_builtins.str"))
            for wire, kind in each
        ]
        for key, each in sdk.arguments.items()
        if key[0] == folder
    }
    return set(text_properties(Sdk(plain, sdk.resources, sdk.defaulted), folder, name))


@pytest.mark.parametrize("row", rows("exposure", "providers"), ids=lambda row: f"{row['type']} {row.get('path', '')}")
def test_a_row_speaks_both_languages(row: dict[str, Any]) -> None:
    for key in ("problem_en", "problem_ja", "fix_en", "fix_ja"):
        assert row[key]


def test_a_new_property_that_sounds_like_a_place_must_be_decided(sdks: dict[str, Sdk]) -> None:
    aws = sdks["aws"]
    arguments = {
        **aws.arguments,
        aws.resources["aws:sqs/queue:Queue"]: [("mirrorRegion", "pulumi.Input[_builtins.str]")],
    }
    with pytest.raises(SystemExit, match="aws:sqs/queue:Queue mirrorRegion"):
        location_table({**sdks, "aws": Sdk(arguments, aws.resources, aws.defaulted)})


def test_every_decision_is_about_a_name_that_exists(sdks: dict[str, Sdk]) -> None:
    table = tomllib.loads((generate_tables.TABLES / "location_words.toml").read_text("utf-8"))
    unused = []
    for package, sdk in sdks.items():
        words = Words.of(package, table)
        names = {leaf(path) for folder, name in sdk.resources.values() for path in text_properties(sdk, folder, name)}
        unused += [f"{package} {name}" for name in sorted((set(words.kinds) | words.spared) - names)]
    assert unused == []


def test_a_check_says_what_is_stale_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "locations.json"
    file.write_text("{}", "utf-8")
    monkeypatch.setattr(generate_tables, "tables", lambda: {file: "new"})
    assert generate_tables.main(["--check"]) == 1
    assert file.read_text("utf-8") == "{}"
    assert "locations.json is out of date" in capsys.readouterr().err
    assert generate_tables.main([]) == 0
    assert file.read_text("utf-8") == "new"
    assert generate_tables.main(["--check"]) == 0
