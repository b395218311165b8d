"""Reads the installed providers' SDKs and writes the tables that rules over thousands of types need.

`python -m policies.generate_tables` writes `tables/locations.json` (type, path, kind) and `tables/taggable.json` (type,
property); `--check` only says whether they are up to date, for CI after a provider upgrade. A property whose name ends
like a place and that `tables/location_words.toml` does not decide is an error: nobody may overlook it. The SDK sources
are read as text, because importing 5,500 classes takes minutes; nothing of them is copied but names.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

TABLES: Final = Path(__file__).parent / "tables"
SDKS: Final = {"aws": "pulumi_aws", "azure-native": "pulumi_azure_native", "gcp": "pulumi_gcp"}
DEEPEST: Final = 7

CLASS: Final = re.compile(
    r'^(?:@pulumi\.type_token\("(?P<token>[^"]+)"\)\n)?class (?P<name>\w+)(?:\([^\n]*\))?:\n', re.M
)
PROPERTY: Final = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<wire>[^"]+)"\))?\n\s+def (?P<name>\w+)\(self\) -> (?P<type>[^\n]*):\n'
)
PART: Final = re.compile(r"Sequence\[|Mapping\[str, |'(?P<named>[\w.]+)'|_builtins\.(?P<scalar>\w+)")
PLACE: Final = re.compile(r"(?:^|[a-z])(?:[Rr]egion|[Ll]ocation|[Zz]one)s?(?:Names?|Ids?|Lists?)?$")
TAGS: Final = ("tags", "labels", "resourceLabels", "userLabels")
# Its labels say what kind of group it is, and are not ours to write.
NOT_TAGS: Final = frozenset({"gcp:cloudidentity/group:Group"})
MAP_OF_TEXT: Final = re.compile(r"Mapping\[str, (?:pulumi\.Input\[)?_builtins\.str")

Arguments = Mapping[tuple[str, str], list[tuple[str, str]]]
"""(module, class) to its properties: name on the wire, annotation."""


@dataclass(frozen=True)
class Sdk:
    """What one SDK's source says: argument classes, and per resource type the module and class of its arguments."""

    arguments: Arguments
    resources: Mapping[str, tuple[str, str]]
    defaulted: frozenset[str]
    """Types to which the provider itself adds its default labels."""


def read_sdk(module: str) -> Sdk:
    """Read the sources of an installed SDK."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{module} is not installed")
    root = Path(spec.origin).parent
    arguments: dict[tuple[str, str], list[tuple[str, str]]] = {}
    resources: dict[str, tuple[str, str]] = {}
    defaulted: set[str] = set()
    for path in sorted(root.rglob("*.py")):
        if path.name in ("outputs.py", "_enums.py") or path.name.startswith("get_"):
            continue
        text, folder = path.read_text("utf-8"), str(path.parent.relative_to(root))
        classes = list(CLASS.finditer(text))
        ends = [following.start() for following in classes[1:]] + [len(text)]
        for found, end in zip(classes, ends[: len(classes)], strict=True):
            body = text[found.end() : end]
            if found["token"]:
                resources[found["token"]] = (folder, found["name"] + "Args")
                if '"pulumiLabels"' in body:
                    defaulted.add(found["token"])
            elif found["name"].endswith("Args"):
                properties = [(p["wire"] or p["name"], p["type"]) for p in PROPERTY.finditer(body)]
                arguments[folder, found["name"]] = properties
    return Sdk(arguments, resources, frozenset(defaulted))


def text_properties(
    sdk: Sdk, folder: str, name: str, within: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[str]:
    """The path of every string or enumeration among the arguments of a class, nested ones too."""
    if len(within) > DEEPEST or (folder, name) in within:
        return
    for wire, annotation in sdk.arguments.get((folder, name), ()):
        path = wire
        for part in PART.finditer(annotation):
            if part[0].startswith("Sequence"):
                path += "[]"
            elif part[0].startswith("Mapping"):
                path += "{}"
            elif part["scalar"] == "str" or (part["named"] and not part["named"].endswith("Args")):
                yield path
            elif part["named"]:
                *module, nested = part["named"].split(".")
                inner = text_properties(
                    sdk, module[0].lstrip("_") if module else folder, nested, within | {(folder, name)}
                )
                yield from (f"{path}.{rest}" for rest in inner)


def leaf(path: str) -> str:
    """The last name of a path."""
    return path.rsplit(".", 1)[-1].replace("[]", "").replace("{}", "")


@dataclass(frozen=True)
class Words:
    """The decisions of `location_words.toml` for one package."""

    kinds: Mapping[str, str]
    spared: frozenset[str]
    spared_paths: tuple[re.Pattern[str], ...]
    own: frozenset[str]
    extra: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, package: str, table: Mapping[str, Any]) -> Words:
        def rows(key: str) -> list[Mapping[str, Any]]:
            return [row for row in table[key] if row["package"] == package]

        return cls(
            kinds={name: row["kind"] for row in rows("judged") for name in row["names"]},
            spared=frozenset(name for row in rows("spared") for name in row["names"]),
            spared_paths=tuple(re.compile(row["pattern"]) for row in rows("spared_path")),
            own=frozenset(table["own"][package]),
            extra=tuple((row["type"], row["path"], row["kind"]) for row in rows("extra")),
        )

    def kind(self, token: str, path: str) -> str | None:
        """The kind by which a place is judged; None where it is spared.

        Raises:
            KeyError: nobody decided it.
        """
        if path in self.own or leaf(path) in self.spared:
            return None
        if any(pattern.search(f"{token} {path}") for pattern in self.spared_paths):
            return None
        return self.kinds[leaf(path)]


def location_table(sdks: Mapping[str, Sdk]) -> dict[str, dict[str, str]]:
    """Type to path to kind, for every place that is not the resource's own.

    Raises:
        SystemExit: properties that `location_words.toml` does not decide, all of them.
    """
    table = tomllib.loads((TABLES / "location_words.toml").read_text("utf-8"))
    found: dict[str, dict[str, str]] = {}
    undecided: list[str] = []
    for package, sdk in sdks.items():
        words = Words.of(package, table)
        undecided += [f"{token}: no such type" for token, _, _ in words.extra if token not in sdk.resources]
        for token, path, kind in (*_places(sdk, words, undecided), *words.extra):
            found.setdefault(token, {})[path] = kind
    if undecided:
        raise SystemExit("decide these in policies/tables/location_words.toml:\n  " + "\n  ".join(undecided))
    return {token: dict(sorted(paths.items())) for token, paths in sorted(found.items())}


def _places(sdk: Sdk, words: Words, undecided: list[str]) -> Iterator[tuple[str, str, str]]:
    for token, (folder, name) in sorted(sdk.resources.items()):
        if token.startswith("pulumi:providers:"):
            continue
        for path in sorted(set(text_properties(sdk, folder, name))):
            try:
                kind = words.kind(token, path) if PLACE.search(leaf(path)) else None
            except KeyError:
                undecided.append(f"{token} {path}")
                continue
            if kind:
                yield token, path, kind


def tag_table(sdks: Mapping[str, Sdk]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Package to property to the types that take tags in it; apart, those that the provider's default labels reach."""
    table: dict[str, dict[str, dict[str, list[str]]]] = {}
    for package, sdk in sdks.items():
        types: dict[str, dict[str, list[str]]] = {}
        for token, (folder, name) in sorted(sdk.resources.items()):
            properties = dict(sdk.arguments.get((folder, name), ()))
            taking = next((key for key in TAGS if MAP_OF_TEXT.search(properties.get(key, ""))), None)
            if taking is None or token in NOT_TAGS or (package == "gcp") == (taking == "tags"):
                continue
            reached = package == "aws" or token in sdk.defaulted
            types.setdefault(taking, {}).setdefault("defaults" if reached else "own", []).append(token)
        table[package] = types
    return table


def render(table: Mapping[str, Any]) -> str:
    """JSON with one entry a line, so that a provider upgrade reads as a diff."""
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def tables() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    sdks = {package: read_sdk(module) for package, module in SDKS.items()}
    return {
        TABLES / "locations.json": render(location_table(sdks)),
        TABLES / "taggable.json": render(tag_table(sdks)),
    }


def main(arguments: list[str]) -> int:
    stale = [(path, text) for path, text in tables().items() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        if "--check" in arguments:
            sys.stderr.write(f"{path.name} is out of date: run python -m policies.generate_tables\n")
        else:
            temporary = path.with_suffix(".tmp")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
            sys.stderr.write(f"wrote {path.name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
