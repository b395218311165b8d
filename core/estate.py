"""The estate: what the organisation declares, read from one directory of YAML.

Loads and cross-checks; decides nothing about sites. It may live in a repository of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from catalog.load import Catalogue
from core.errors import InputError, KokunaiError
from core.lock import Lock
from core.service import Service
from core.tags import TagRegistry
from core.yamlfile import Document, load, nearest

MODELS: dict[str, type[BaseModel]] = {"service": Service, "tags": TagRegistry, "lock": Lock}
"""The files that a person edits, by the name of their JSON Schema."""


@dataclass(frozen=True)
class Estate:
    """Everything that was declared, checked against itself and the catalogue."""

    directory: Path
    services: tuple[Service, ...]
    tags: TagRegistry


def load_estate(directory: Path, facts: Catalogue) -> Estate:
    """Read `services/*.yaml` and `tags.yaml` of `directory`.

    Raises:
        InputError: with every fault of every file, each with its line.
    """
    if not directory.is_dir():
        raise KokunaiError(
            "no such directory", where=str(directory), fix="name the estate with --estate or KOKUNAI_ESTATE"
        )
    problems: list[KokunaiError] = []
    registry: TagRegistry | None = None
    try:
        registry, document = load(directory / "tags.yaml", TagRegistry)
        problems += _tag_problems("shared", registry.shared, document, registry)
    except KokunaiError as error:
        problems += _flat(error)
    services: dict[str, Service] = {}
    for path in sorted((directory / "services").glob("*.yaml")):
        try:
            service, document = load(path, Service)
        except KokunaiError as error:
            problems += _flat(error)
            continue
        problems += _cross_checks(service, document, registry, facts)
        if service.name in services:
            problems.append(
                KokunaiError(
                    f"service {service.name!r} is declared twice", where=document.where(("name",)), fix="rename one"
                )
            )
        services[service.name] = service
    if not services and not problems:
        problems.append(
            KokunaiError(
                "no service is declared", where=str(directory / "services"), fix="add a file such as chat.yaml"
            )
        )
    if problems or registry is None:
        raise InputError(problems)
    return Estate(directory, tuple(services.values()), registry)


def load_lock(path: Path) -> Lock:
    """Read a lock file; an organisation that has none yet has locked nothing."""
    return load(path, Lock)[0] if path.exists() else Lock()


def _flat(error: KokunaiError) -> tuple[KokunaiError, ...]:
    return error.problems if isinstance(error, InputError) else (error,)


def _cross_checks(
    service: Service, document: Document, registry: TagRegistry | None, facts: Catalogue
) -> list[KokunaiError]:
    problems: list[KokunaiError] = []
    model = facts.models.get(service.model)
    if model is None:
        problems.append(
            KokunaiError(
                f"model {service.model!r} is not in the catalogue",
                where=document.where(("model",)),
                fix=nearest(service.model, sorted(facts.models)),
            )
        )
    elif service.kind not in model.kinds:
        problems.append(
            KokunaiError(
                f"model {service.model!r} cannot serve {service.kind!r}",
                where=document.where(("kind",)),
                fix=f"use one of: {', '.join(model.kinds)}",
            )
        )
    if document.path.stem != service.name:
        problems.append(
            KokunaiError(
                f"the file is not named after its service {service.name!r}",
                where=document.where(("name",)),
                fix=f"rename the file to {service.name}.yaml, or the service to {document.path.stem}",
            )
        )
    if registry is not None:
        problems += _tag_problems("tags", service.tags, document, registry)
    return problems


def _tag_problems(name: str, tags: Mapping[str, str], document: Document, registry: TagRegistry) -> list[KokunaiError]:
    """The faults of the tags under the key `name` of a document."""
    problems: list[KokunaiError] = []
    for key, cause in registry.problems(tags):
        if cause == "required":
            where, fix = document.where((name,)) + f".{key}", f"add {key!r} under {name}"
        elif key in registry.keys:
            where, fix = document.where((name, key)), nearest(tags[key], sorted(registry.keys[key].values))
        else:
            where, fix = document.where((name, key)), nearest(key, sorted(registry.keys))
        problems.append(KokunaiError(cause, where=where, fix=fix))
    return problems
