"""What the engine would read before it runs a program: `Pulumi.yaml` and the stack files.

Only reading. Values become the texts that a program gets from the engine; what is encrypted stays out, since nothing here
holds a key, and is counted instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import InputError, KokunaiError
from core.yamlfile import Document, nearest, parse

PROJECT_FILE: Final = "Pulumi.yaml"
SECURE: Final = "secure"
DISABLED_DEFAULTS: Final = "pulumi:disable-default-providers"
MATCHES: Final = {"string": str, "integer": int, "boolean": bool, "array": list, "object": Mapping}


@dataclass(frozen=True)
class Declared:
    """One key that `Pulumi.yaml` declares: its type if it has one, its default if it has one."""

    type: str | None
    default: Any
    has_default: bool


@dataclass(frozen=True)
class Project:
    """A Pulumi project. `program` is the directory of `__main__.py`."""

    name: str
    root: Path
    program: Path
    stack_files: Path
    declared: Mapping[str, Declared]

    def stacks(self) -> tuple[str, ...]:
        """The names of all stacks that have a file."""
        files = sorted(self.stack_files.glob("Pulumi.*.yaml"))
        return tuple(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration as its program would get it. `encrypted` names the keys that are left out."""

    stack: str
    values: Mapping[str, str]
    encrypted: tuple[str, ...]

    @property
    def disabled_defaults(self) -> tuple[str, ...]:
        """The packages (or `*`) whose default provider may not be used."""
        listed = json.loads(self.values.get(DISABLED_DEFAULTS, "[]"))
        return tuple(str(package) for package in listed) if isinstance(listed, list) else ()


def load_project(root: Path) -> Project:
    """Read `Pulumi.yaml` of a directory.

    Raises:
        KokunaiError: it is missing, is not YAML, or names no Python program.
    """
    document = parse(root / PROJECT_FILE)
    data = _mapping(document, document.data)
    name, runtime = data.get("name"), data.get("runtime")
    language = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if not isinstance(name, str):
        raise KokunaiError("'name' is missing", where=str(document.path), fix="add the project's name")
    if language != "python":
        raise KokunaiError(
            f"runtime {language!r}: only Python programs can be recorded",
            where=document.where(("runtime",)),
            fix="check another program with --plan",
        )
    program = root / str(data.get("main", "."))
    if not (program / "__main__.py").is_file():
        raise KokunaiError(
            f"no program: {program / '__main__.py'}", where=document.where(("main",)), fix="correct 'main'"
        )
    declared = dict(_declared(name, data.get("config") or {}))
    return Project(name, root.resolve(), program.resolve(), root / str(data.get("stackConfigDir", ".")), declared)


def load_stack(project: Project, stack: str) -> StackConfig:
    """Read one stack file and complete it with the project's defaults.

    Raises:
        KokunaiError: there is no such file, it is not YAML, or a value is missing or of another type than declared.
    """
    path = project.stack_files / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        raise KokunaiError(f"no stack {stack!r}", where=str(path), fix=nearest(stack, project.stacks()))
    document = parse(path)
    given = _mapping(document, _mapping(document, document.data or {}).get("config") or {})
    written = {_full(project.name, str(key)): value for key, value in given.items()}
    problems = list(_mismatches(project, document, written))
    if problems:
        raise InputError(problems)
    defaults = {key: each.default for key, each in project.declared.items() if each.has_default}
    whole = {key: value for key, value in {**defaults, **written}.items() if value is not None}
    encrypted = tuple(sorted(key for key, value in whole.items() if _is_encrypted(value)))
    return StackConfig(
        stack, {key: _text(value) for key, value in sorted(whole.items()) if key not in encrypted}, encrypted
    )


def _mapping(document: Document, data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise KokunaiError("not a mapping", where=str(document.path), fix="write `key: value` lines")
    return data


def _full(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _declared(project: str, config: Any) -> Iterator[tuple[str, Declared]]:
    """`key: {type, default}`, `key: {value}`, or `key: value`."""
    for key, entry in config.items() if isinstance(config, Mapping) else ():
        if not isinstance(entry, Mapping):
            yield _full(project, str(key)), Declared(None, entry, True)
        else:
            value = entry.get("value", entry.get("default"))
            has_default = "value" in entry or "default" in entry
            yield _full(project, str(key)), Declared(entry.get("type"), value, has_default)


def _mismatches(project: Project, document: Document, written: Mapping[str, Any]) -> Iterator[KokunaiError]:
    for key, each in project.declared.items():
        if key not in written:
            if not each.has_default:
                yield KokunaiError(
                    f"{key!r} is missing", where=str(document.path), fix=f"pulumi config set {key} <value>"
                )
        elif not _fits(each.type, written[key]):
            yield KokunaiError(
                f"{key!r} is not of type {each.type}", where=document.where(("config", key)), fix="correct the value"
            )


def _fits(kind: str | None, value: Any) -> bool:
    expected = MATCHES.get(kind or "")
    if expected is None or value is None or _is_encrypted(value):
        return True
    if isinstance(value, str):
        # The command line writes every value as text.
        return kind == "string" or _parses(kind, value)
    return isinstance(value, expected) and (kind != "integer" or not isinstance(value, bool))


def _parses(kind: str | None, text: str) -> bool:
    try:
        return isinstance(json.loads(text), MATCHES[kind or ""])
    except ValueError:
        return False


def _is_encrypted(value: Any) -> bool:
    """Whether any part is encrypted: the engine then hides the whole value."""
    if isinstance(value, Mapping):
        return SECURE in value or any(_is_encrypted(item) for item in value.values())
    return isinstance(value, list) and any(_is_encrypted(item) for item in value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
