"""The vocabulary of places: what means Japan, and what only looks so."""

from __future__ import annotations

import pytest

from catalog.load import SiteName
from core import domestic
from core.domestic import Verdict


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ("aws", "ap-northeast-1"),
        ("aws", "ap-northeast-3"),
        ("azure", "japaneast"),
        ("azure", "Japan West"),
        ("azure", "JAPAN  EAST"),
        ("gcp", "asia-northeast1"),
        ("gcp", "ASIA-NORTHEAST2"),
        ("gcp", "https://www.googleapis.com/compute/v1/projects/p/regions/asia-northeast1"),
        ("onprem", "onprem-japan"),
    ],
)
def test_regions_in_japan(site: SiteName, name: str) -> None:
    assert domestic.region(site, name) is Verdict.DOMESTIC


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ("aws", "ap-northeast-2"),
        ("aws", "ap-northeast-10"),
        ("aws", "AP-NORTHEAST-1"),
        ("aws", "ap-northeast-1a"),
        ("aws", "japaneast"),
        ("aws", ""),
        ("azure", "koreacentral"),
        ("azure", "global"),
        ("azure", "japan"),
        ("gcp", "asia-northeast3"),
        ("gcp", "asia"),
        ("gcp", "asia1"),
        ("gcp", "projects/asia-northeast1"),
        ("gcp", "regions/us-central1/asia-northeast1"),
        ("gcp", "projects/p/regions/us-central1"),
    ],
)
def test_regions_that_only_look_like_it(site: SiteName, name: str) -> None:
    assert domestic.region(site, name) is Verdict.FOREIGN


@pytest.mark.parametrize(
    ("site", "name", "verdict"),
    [
        ("aws", "ap-northeast-1a", Verdict.DOMESTIC),
        ("aws", "apne3-az2", Verdict.DOMESTIC),
        ("aws", "ap-northeast-1-tpe-1a", Verdict.FOREIGN),
        ("aws", "apne1-tpe1-az1", Verdict.FOREIGN),
        ("aws", "ap-northeast-1e", Verdict.FOREIGN),
        ("gcp", "asia-northeast1-c", Verdict.DOMESTIC),
        ("gcp", "asia-northeast3-a", Verdict.FOREIGN),
        ("gcp", "projects/p/zones/asia-northeast2-a", Verdict.DOMESTIC),
    ],
)
def test_zones(site: SiteName, name: str, verdict: Verdict) -> None:
    assert domestic.zone(site, name) is verdict


def test_a_dual_region_is_domestic_for_the_type_that_has_it() -> None:
    assert domestic.place("gcp", "ASIA1", "gcp:storage/bucket:Bucket") is Verdict.DOMESTIC
    assert domestic.place("gcp", "ASIA1", "gcp:kms/keyRing:KeyRing") is Verdict.FOREIGN
    assert domestic.place("gcp", "ASIA1") is Verdict.FOREIGN


def test_a_number_is_no_place_of_azure() -> None:
    assert domestic.place("azure", "1") is Verdict.FOREIGN
    assert domestic.zone("azure", "1") is Verdict.DOMESTIC


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("ap-northeast-1", Verdict.DOMESTIC),
        ("japaneast-1", Verdict.DOMESTIC),
        ("asia-northeast1-a", Verdict.DOMESTIC),
        ("onprem-japan-a", Verdict.DOMESTIC),
        ("1", Verdict.FOREIGN),
        ("eastus-1", Verdict.FOREIGN),
        ("us-east-1a", Verdict.FOREIGN),
    ],
)
def test_labels_of_nodes_whichever_site_they_are_on(label: str, verdict: Verdict) -> None:
    assert domestic.node_label(label) is verdict


def test_what_is_allowed_is_said_with_the_names_people_know() -> None:
    assert domestic.allowed_regions("aws") == "ap-northeast-1 (Tokyo), ap-northeast-3 (Osaka)"
