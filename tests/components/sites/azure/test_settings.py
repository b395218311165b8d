"""What a user may write, and how it is refused."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from tests.components.sites.azure.conftest import azure_settings


@pytest.mark.parametrize("region", ["koreacentral", "eastus", "japan", "japaneast2", "global"])
def test_foreign_region_is_refused_with_the_allowed_ones(region: str) -> None:
    with pytest.raises(ValidationError, match=r"not a region in Japan; allowed: japaneast .*japanwest"):
        azure_settings(region=region)


def test_region_may_be_written_as_azure_shows_it() -> None:
    assert azure_settings(region="Japan East").region == "japaneast"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "10.0.0.0/8"}, "/8; subnets are laid out in a /16 to /22"),
        ({"network": "10.20.0.0/24"}, "/24; subnets are laid out in a /16 to /22"),
        ({"network": "203.0.112.0/20"}, "is not in 10.0.0.0/8"),
        ({"network": "100.64.0.0/16"}, "is not in 10.0.0.0/8"),
        ({"firewall": "8.8.8.8"}, "firewall: 8.8.8.8 is not a private address"),
        ({"firewall": "10.20.0.4"}, "inside network"),
        ({"administrators": []}, "administrators"),
        ({"subscription_id": "mine"}, "subscription_id"),
        ({"registry_name": "has-hyphen"}, "registry_name"),
        ({"host": "https://llm.example.co.jp"}, "host"),
        ({"zones": ["4"]}, "not a zone of a region in Japan: 4"),
        ({"colour": "blue"}, "colour"),
        ({"capacity_reservations": {"small": "my-group"}}, "capacity_reservations"),
    ],
)
def test_wrong_settings_name_the_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        azure_settings(**changes)


@pytest.mark.parametrize("region", ["japaneast", "japanwest"])
@pytest.mark.parametrize("prefix", ["ab", "a234567890"])
def test_shortest_and_longest_prefix_give_legal_names(prefix: str, region: str) -> None:
    settings = azure_settings(name_prefix=prefix, region=region)
    assert re.fullmatch(r"[a-z0-9]{3,24}", settings.storage_account_name)
    for purpose in ("keys", "secrets"):
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", settings.vault_name(purpose))
        assert 3 <= len(settings.vault_name(purpose)) <= 24


def test_two_regions_do_not_share_a_global_name() -> None:
    east, west = azure_settings(region="japaneast"), azure_settings(region="japanwest")
    assert east.storage_account_name != west.storage_account_name
    assert east.vault_name("keys") != west.vault_name("keys")
