"""The catalogue's data files as frozen, typed values.

Not a judge: whether a region is domestic for a resource, or a service fits a machine, is decided in `core`. The files
are TOML because they hold dates and exact decimals, and because a table of a hundred machines must load in milliseconds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

DIRECTORY = Path(__file__).parent

SiteName = Literal["aws", "azure", "gcp", "onprem"]
SITES: tuple[SiteName, ...] = ("aws", "azure", "gcp", "onprem")
Tier = Literal["S", "M", "L", "XL"]
Precision = Literal["bf16", "fp8", "int8", "int4"]


class Fact(BaseModel):
    """Something that was read somewhere on some day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    as_of: date
    unverified: bool = False
    """True where the source is secondary or the value derived; it stays marked wherever it is shown."""


class Region(Fact):
    """A region in Japan. `zones` are the names that a program may write; `zone_ids` those that mean the same in every account."""

    site: SiteName
    name: str
    title_ja: str
    title_en: str
    zones: tuple[str, ...]
    zone_ids: tuple[str, ...] = ()
    default: bool = False


class Placement(Fact):
    """A name that looks foreign or vague and yet stays in Japan: a dual region, a value group."""

    site: SiteName
    name: str
    title_ja: str
    title_en: str
    only_for: tuple[str, ...]
    """Type tokens in which the name has this meaning."""


class Machine(Fact):
    """One GPU machine of a site. Memory is per GPU as `nvidia-smi` reports it, in MiB."""

    site: SiteName
    name: str
    accelerator: str
    gpus: PositiveInt
    gpu_memory_mib: PositiveInt
    vcpus: PositiveInt
    memory_gib: PositiveInt
    regions: Mapping[str, tuple[str, ...]]
    """Region to the zones (ids on AWS, names elsewhere) in which it is sold."""
    permanent: bool = True
    """False where it may only be had as spot or for some days: never declared capacity."""
    tiers: tuple[Tier, ...] = ()
    """Tiers for which this is the site's choice, the first listed machine of a site first."""
    provider_accelerator: str = ""
    """The provider's own name of the accelerator where its API wants one."""


class Model(Fact):
    """What sizing needs to know of a model, and who made it on which base."""

    name: str
    repository: str
    revision: str
    """A commit of the weights' repository, or `unknown`."""
    parameters: Decimal
    layers: PositiveInt
    attention_heads: PositiveInt
    kv_heads: PositiveInt
    head_dim: PositiveInt
    max_context_tokens: PositiveInt
    kinds: tuple[Literal["chat", "embedding"], ...]
    licence: str
    commercial_use: bool
    developer: str
    origin: Literal["domestic", "continued-in-japanese", "foreign"]
    """国産, 日本語継続学習, 海外."""
    chat_template: str = "tokenizer_config.json"
    obtain: str


class Image(Fact):
    """A container image. The digest belongs to an organisation's lock file; here stands how to obtain it."""

    name: str
    upstream: str
    tag: str
    obtain: str


class Catalogue(BaseModel):
    """All facts, by the names that estate files and stack settings use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regions: tuple[Region, ...]
    placements: tuple[Placement, ...]
    machines: tuple[Machine, ...]
    models: Annotated[Mapping[str, Model], Field()]
    images: Annotated[Mapping[str, Image], Field()]

    def regions_of(self, site: SiteName) -> tuple[Region, ...]:
        """The domestic regions of a site, its default first."""
        return tuple(sorted((r for r in self.regions if r.site == site), key=lambda r: not r.default))

    def machines_of(self, site: SiteName) -> tuple[Machine, ...]:
        """The site's machines in the order of preference in which the data file lists them."""
        return tuple(m for m in self.machines if m.site == site)


def read(name: str) -> dict[str, Any]:
    """One data file of this directory as plain values; numbers with a point are `Decimal`."""
    return tomllib.loads((DIRECTORY / name).read_text("utf-8"), parse_float=Decimal)


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with kokunai."""
    regions = read("regions.toml")
    return Catalogue(
        regions=tuple(Region(**row) for row in regions["region"]),
        placements=tuple(Placement(**row) for row in regions["placement"]),
        machines=tuple(Machine(**row) for row in read("accelerators.toml")["machine"]),
        models={row["name"]: Model(**row) for row in read("models.toml")["model"]},
        images={row["name"]: Image(**row) for row in read("images.toml")["image"]},
    )
