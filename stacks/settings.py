"""A stack's configuration as typed values: which site, where, which estate. Secrets are in `stacks.secret_config`.

Only keys are read here, no file but to know that it is there. Each fault names the key, the stack's file and the remedy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import config as raw
from pydantic import ValidationError

from catalog.load import SITES, SiteName
from components.settings import SiteSettings
from core.errors import InputError, KokunaiError
from core.yamlfile import Location, dotted, nearest, problem

NAMESPACE: Final = "kokunai"
PROJECT: Final = Path(__file__).resolve().parent.parent
"""Relative paths in a stack's configuration start here."""
ESTATE_VARIABLE: Final = "KOKUNAI_ESTATE"
REGION_KEYS: Final[Mapping[SiteName, tuple[str, str]]] = {
    "aws": ("aws", "region"),
    "azure": ("azure-native", "location"),
    "gcp": ("gcp", "region"),
    "onprem": (NAMESPACE, "region"),
}
"""Where a stack says its region: under the provider's own key, where there is one."""
KEYS: Final = frozenset(
    {
        "site", "region", "zones", "estate", "lock", *SITES,
        "edgeCertificate", "edgePrivateKey", "edgeKeys", "edgeRates", "kubeconfig",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Where:
    """The site of a stack and the place it names; whether that is in Japan is not judged here."""

    site: SiteName
    region: str
    zones: tuple[str, ...]

    @property
    def region_key(self) -> str:
        """The configuration key of the region, in full."""
        return ":".join(REGION_KEYS[self.site])


def file_and(key: str) -> str:
    """A configuration key with the file that a user edits: `stacks/Pulumi.aws.yaml: kokunai:site`."""
    return f"stacks/Pulumi.{pulumi.get_stack()}.yaml: {key}"


def set_command(key: str, value: str) -> str:
    """The command that sets a plain value."""
    return f"pulumi config set {key} {value} -s {pulumi.get_stack()}"


def where() -> Where:
    """Which site a stack is, and where.

    Raises:
        KokunaiError: a key of ours that is not one, no or an unknown site, no region, zones that are no list.
    """
    _refuse_unknown_keys()
    config = pulumi.Config(NAMESPACE)
    site = config.get("site")
    if site not in SITES:
        raise KokunaiError(
            f"{site!r} is not a site" if site else "no site is set",
            where=file_and("kokunai:site"),
            fix=nearest(site or "", SITES),
        )
    package, key = REGION_KEYS[site]
    region = pulumi.Config(package).get(key)
    if not region:
        raise KokunaiError(
            "no region is set",
            where=file_and(f"{package}:{key}"),
            fix=set_command(f"{package}:{key}", "<a region in Japan>"),
        )
    zones = _object(config, "zones", [])
    if not isinstance(zones, list) or not all(isinstance(zone, str) for zone in zones):
        raise KokunaiError("not a list of names", where=file_and("kokunai:zones"), fix="write a list of quoted names")
    return Where(site, region, tuple(zones))


def site_settings(place: Where, model: type[SiteSettings]) -> SiteSettings:
    """The settings of the site: its own object in the configuration, with region and zones.

    Raises:
        InputError: with every fault.
    """
    key = f"{NAMESPACE}:{place.site}"
    given = _object(pulumi.Config(NAMESPACE), place.site, {})
    if not isinstance(given, Mapping):
        raise KokunaiError("not a mapping", where=file_and(key), fix="write `key: value` lines under it")
    elsewhere = {"region": place.region_key, "zones": f"{NAMESPACE}:zones"}
    if misplaced := [
        KokunaiError("is not said here", where=file_and(f"{key}.{name}"), fix=f"set {other} instead")
        for name, other in elsewhere.items()
        if name in given
    ]:
        raise InputError(misplaced)

    def named(location: Location) -> str:
        name = str(location[0]) if location else ""
        return file_and(elsewhere.get(name, f"{key}.{dotted(location)}" if location else key))

    try:
        return model.model_validate({**given, "region": place.region, "zones": place.zones})
    except ValidationError as error:
        raise InputError([problem(named, model, fault) for fault in error.errors()]) from None


def estate_directory() -> Path:
    """Where the estate is: the environment's word before the stack's."""
    return PROJECT / (os.environ.get(ESTATE_VARIABLE) or pulumi.Config(NAMESPACE).get("estate") or "estate")


def lock_path(estate: Path) -> Path:
    """The lock file: in the estate, unless the stack names another."""
    named = pulumi.Config(NAMESPACE).get("lock")
    return PROJECT / named if named else estate / "lock.yaml"


def _object(config: pulumi.Config, key: str, default: Any) -> Any:
    try:
        found = config.get_object(key)
    except pulumi.ConfigTypeError:
        raise KokunaiError(
            "cannot be read", where=file_and(f"{NAMESPACE}:{key}"), fix="write it as YAML under the key"
        ) from None
    return default if found is None else found


def _refuse_unknown_keys() -> None:
    given = {*raw.CONFIG.get(), *raw.get_config_env()}
    ours = sorted(key.removeprefix(f"{NAMESPACE}:") for key in given if key.startswith(f"{NAMESPACE}:"))
    unknown = [key for key in ours if key not in KEYS]
    if unknown:
        raise InputError(
            [
                KokunaiError("unknown key", where=file_and(f"{NAMESPACE}:{key}"), fix=nearest(key, sorted(KEYS)))
                for key in unknown
            ]
        )
