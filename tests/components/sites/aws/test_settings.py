"""Settings are refused with the reason and the way out, before a resource exists."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InputError
from tests.components.sites.aws.declared import attempt, deployed, service, settings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"region": "us-east-1"}, "allowed: ap-northeast-1 (Tokyo), ap-northeast-3 (Osaka)"),
        ({"region": "ap-northeast-2"}, "not a region in Japan"),
        # Taipei is a local zone of the Tokyo region.
        ({"zones": ("apne1-az1", "apne1-tpe1-az1")}, "apne1-tpe1-az1"),
        ({"zones": ("apne1-az1", "ap-northeast-1a")}, "not a zone id of ap-northeast-1: ap-northeast-1a"),
        ({"zones": ("apne1-az1", "apne3-az1")}, "not a zone id of ap-northeast-1: apne3-az1"),
        ({"zones": ("apne1-az1",)}, "EKS needs two zones or more"),
        ({"zones": ()}, "EKS needs two zones or more"),
        ({"zones": ("apne1-az1", "apne1-az1")}, "given twice: apne1-az1"),
        ({"account_id": "1234"}, "account_id"),
        ({"name_prefix": "a-name-of-13-c"}, "at most 12"),
        ({"network": "8.8.0.0/16"}, "not a private network: 8.8.0.0/16"),
        ({"network": "10.0.0.0/8"}, "/8; subnets are laid out in a /16"),
        ({"service_network": "10.64.0.0/20"}, "service_network: 10.64.0.0/20 overlaps network 10.64.0.0/16"),
        ({"service_network": "10.0.0.0/8"}, "between /12 and /24"),
        ({"service_network": "172.20.0.0/28"}, "between /12 and /24"),
        ({"runner_networks": ()}, "runner_networks"),
        ({"runner_networks": ("0.0.0.0/0",)}, "not a private network: 0.0.0.0/0"),
        ({"administrators": ()}, "administrators"),
        ({"administrators": ("arn:aws:iam::111122223333:user/someone",)}, "administrators"),
        ({"administrators": ("arn:aws:iam::999999999999:role/deploy",)}, "not a role of account 111122223333"),
        ({"host": "https://llm.example.jp"}, "host"),
        ({"kubernetes_version": "latest"}, "kubernetes_version"),
        ({"log_retention_days": 100}, "log_retention_days"),
        ({"capacity_reservations": {"drafting": {"id": "cr-0123456789abcdef0", "zone": "apne1-az3"}}}, "apne1-az3"),
        ({"public_endpoint": True}, "public_endpoint"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_refused_with_its_reason(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**change)
    assert said in str(refusal.value)


def test_osaka_is_a_site_too() -> None:
    osaka = {"region": "ap-northeast-3", "zones": ("apne3-az1", "apne3-az2")}
    site = deployed(**osaka)
    assert site.one("pulumi:providers:aws").props["region"] == "ap-northeast-3"
    assert settings(**osaka).registry == "111122223333.dkr.ecr.ap-northeast-3.amazonaws.com/acme"


def test_a_reservation_for_no_service_here_is_refused_before_anything_is_registered() -> None:
    site = attempt(service(), capacity_reservations={"draftnig": {"id": "cr-0123456789abcdef0", "zone": "apne1-az1"}})
    assert isinstance(site.error, InputError)
    assert "capacity_reservations.draftnig: no such service runs on aws" in str(site.error)
    assert "services here: drafting" in str(site.error)
    assert site.resources == []


def test_a_reservation_where_the_machine_is_not_sold_is_refused() -> None:
    with pytest.raises(InputError) as refusal:
        deployed(service(), capacity_reservations={"drafting": {"id": "cr-0123456789abcdef0", "zone": "apne1-az2"}})
    assert "g6e.24xlarge is not sold in apne1-az2" in str(refusal.value)
    assert "apne1-az1, apne1-az4" in str(refusal.value)
