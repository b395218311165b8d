"""Which place names mean Japan. Judged by vocabulary, never by prefix.

Not a rule: it does not know which property holds a place name, nor what its absence means. Those are in `policies`; the
names themselves are in `catalog/regions.toml`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from catalog.load import SiteName, catalogue

# The location words of the providers' packages.
SITE_OF_PACKAGE: dict[str, SiteName] = {"aws": "aws", "azure-native": "azure", "gcp": "gcp", "kubernetes": "onprem"}


class Verdict(StrEnum):
    """What a place name says."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


def normalised(site: SiteName, name: str) -> str:
    """A place name in the spelling of the vocabulary. Azure accepts "Japan East", Google upper-case bucket locations."""
    if site == "azure":
        return "".join(name.split()).lower()
    return name.strip().lower() if site == "gcp" else name.strip()


@cache
def _regions(site: SiteName) -> frozenset[str]:
    return frozenset(region.name for region in catalogue().regions_of(site))


@cache
def _zones(site: SiteName) -> frozenset[str]:
    return frozenset(zone for region in catalogue().regions_of(site) for zone in (*region.zones, *region.zone_ids))


@cache
def _placements(site: SiteName, type_token: str) -> frozenset[str]:
    return frozenset(
        normalised(site, placement.name)
        for placement in catalogue().placements
        if placement.site == site and type_token in placement.only_for
    )


def region(site: SiteName, name: str) -> Verdict:
    """Whether `name` is one of the site's regions in Japan."""
    return Verdict.DOMESTIC if normalised(site, name) in _regions(site) else Verdict.FOREIGN


def zone(site: SiteName, name: str) -> Verdict:
    """Whether `name` is a zone, or a zone id, of a region in Japan."""
    return Verdict.DOMESTIC if normalised(site, name) in _zones(site) else Verdict.FOREIGN


def place(site: SiteName, name: str, type_token: str = "") -> Verdict:
    """Whether `name` is a region, a zone or, for that resource type, a placement in Japan."""
    names = _regions(site) | _zones(site) | _placements(site, type_token)
    return Verdict.DOMESTIC if normalised(site, name) in names else Verdict.FOREIGN


def allowed_regions(site: SiteName) -> str:
    """The site's regions in Japan as a sentence part: `ap-northeast-1 (Tokyo), ap-northeast-3 (Osaka)`."""
    return ", ".join(f"{region.name} ({region.title_en})" for region in catalogue().regions_of(site))
