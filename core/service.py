"""What an application team declares: one model as a service. It knows no cloud.

Sized in `core.sizing`, rendered in `components`. Everything here is plain data, known before anything is deployed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, field_validator, model_validator

from catalog.load import SITES, Precision, SiteName, Tier

# A DNS label that still leaves room, with its longest suffix, inside every cloud's shortest name limit.
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=30)]


class DataClass(StrEnum):
    """情報区分: how sensitive the prompts and answers are, declared by their owner."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Declared(BaseModel):
    """Base of everything that a user writes: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Replicas(Declared):
    """How many pods of the model server: at least `min` ready, never more than `max`."""

    min: PositiveInt = 1
    max: PositiveInt = 1

    @model_validator(mode="after")
    def _ordered(self) -> Replicas:
        if self.max < self.min:
            raise ValueError(f"max ({self.max}) is below min ({self.min})")
        return self


class Exposure(Declared):
    """Who may reach the endpoint. There is no public form."""

    clients: tuple[IPv4Network, ...] = (IPv4Network("10.0.0.0/8"),)
    """Private networks whose clients may connect to the edge."""
    max_body_kib: Annotated[int, Field(ge=64, le=4096)] = 1024
    """Largest request body in KiB; beyond it the edge answers 413."""

    @field_validator("clients")
    @classmethod
    def _private(cls, clients: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
        public = [str(network) for network in clients if not network.is_private]
        if public:
            raise ValueError(f"not a private network: {', '.join(public)}")
        return clients


class Service(Declared):
    """One model offered to applications, alike on every site."""

    name: ServiceName
    kind: Literal["chat", "embedding"] = "chat"
    model: str
    """A name in the catalogue's models."""
    precision: Precision
    context_tokens: PositiveInt
    """Longest prompt plus answer, in tokens."""
    concurrency: PositiveInt
    """Full-length requests that one replica must serve at once."""
    tier: Tier
    replicas: Replicas = Replicas()
    standby: Literal["hot", "warm", "cold"] = "hot"
    exposure: Exposure = Exposure()
    data_class: DataClass
    sites: tuple[SiteName, ...] = SITES
    tags: Mapping[str, str]
    """Values for the keys of the tag registry."""
