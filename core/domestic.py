"""Which place names mean Japan. Judged by vocabulary, never by prefix.

Not a rule: it does not know which property holds a place name, nor what its absence means. Those are in `policies`; the
names themselves are in `catalog/regions.toml`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

from catalog.load import SITES, SiteName, catalogue

# The location words of the providers' packages.
SITE_OF_PACKAGE: dict[str, SiteName] = {"aws": "aws", "azure-native": "azure", "gcp": "gcp", "kubernetes": "onprem"}

# Google accepts a region or zone as the last part of a resource name, and nothing else there.
GCP_NAME: Final = re.compile(r"^(?:https?://)?(?:[a-z0-9.:_-]+/)*(?:regions|zones|locations)/([a-z0-9-]+)$")


class Verdict(StrEnum):
    """What a place name says."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


def normalised(site: SiteName, name: str) -> str:
    """A place name in the spelling of the vocabulary.

    Azure accepts "Japan East"; Google accepts upper case and `projects/p/zones/asia-northeast1-a`.
    """
    if site == "azure":
        return "".join(name.split()).lower()
    if site == "gcp":
        lowered = name.strip().lower()
        match = GCP_NAME.fullmatch(lowered)
        return match.group(1) if match else lowered
    return name.strip()


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


@cache
def _labels() -> frozenset[str]:
    # AKS writes a zone label as region and number.
    azure = (f"{region.name}-{zone}" for region in catalogue().regions_of("azure") for zone in region.zones)
    names = (name for site in SITES for name in (*_regions(site), *(_zones(site) if site != "azure" else ())))
    return frozenset((*names, *azure))


def _verdict(domestic: bool) -> Verdict:
    return Verdict.DOMESTIC if domestic else Verdict.FOREIGN


def region(site: SiteName, name: str) -> Verdict:
    """Whether `name` is one of the site's regions in Japan."""
    return _verdict(normalised(site, name) in _regions(site))


def zone(site: SiteName, name: str) -> Verdict:
    """Whether `name` is a zone, or a zone id, of a region in Japan."""
    return _verdict(normalised(site, name) in _zones(site))


def place(site: SiteName, name: str, type_token: str = "") -> Verdict:
    """Whether `name` is a region, a zone or, for that resource type, a placement in Japan.

    Azure's zones are numbers that mean nothing without their region, so on Azure only a region is a place.
    """
    zones = frozenset() if site == "azure" else _zones(site)
    return _verdict(normalised(site, name) in _regions(site) | zones | _placements(site, type_token))


def node_label(name: str) -> Verdict:
    """Whether the value of a node's topology label (region or zone) is a place in Japan, on whichever site the node is."""
    return _verdict(name in _labels())


def allowed_regions(site: SiteName) -> str:
    """The site's regions in Japan as a sentence part: `ap-northeast-1 (Tokyo), ap-northeast-3 (Osaka)`."""
    return ", ".join(f"{region.name} ({region.title_en})" for region in catalogue().regions_of(site))
