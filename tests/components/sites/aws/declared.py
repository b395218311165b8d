"""The AWS site registered without a cloud, for any services and settings; and how its declarations are read."""

import json
from collections.abc import Mapping
from typing import Any

from catalog.load import catalogue
from components.foundation import Foundation
from components.plan import plan
from components.sites.aws import AwsSettings, foundation
from core.lock import Lock
from core.service import DataClass, Replicas, Service
from core.tags import TagKey, TagRegistry, TagValue, Title
from tests.components import recording
from tests.components.recording import Deployment, Registered

LONGEST_NAME = "a-service-name-of-thirty-chars"
ACCOUNT = "111122223333"


def _computed(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the site reads of a cloud's answers."""
    return {
        "arn": f"arn:{name}",
        "keyId": f"{name}-key",
        "latestVersion": 3,
        "endpoint": "https://127.0.0.1:6443",
        "certificateAuthority": {"data": "Q0E="},
        "name": inputs.get("name", f"{name}-made"),
    }


class Site(Deployment):
    """What the site registered, and the foundation that it returned."""

    foundation: Foundation


def service(name: str = "drafting", **changes: Any) -> Service:
    return Service(
        **{
            "name": name,
            "model": "llama-3.1-swallow-70b-instruct-v0.3",
            "precision": "int8",
            "context_tokens": 8192,
            "concurrency": 8,
            "tier": "L",
            "replicas": Replicas(min=1, max=1),
            "data_class": DataClass.CONFIDENTIAL,
            "tags": {"team": "sales"},
            **changes,
        }
    )


SMALL = {"model": "sarashina2.2-3b-instruct", "precision": "bf16", "tier": "S"}

TAGS = TagRegistry(
    keys={
        "team": TagKey(
            title=Title(ja="利用部門", en="team"),
            values={
                "sales": TagValue(title=Title(ja="営業", en="sales")),
                "platform": TagValue(title=Title(ja="基盤", en="platform")),
            },
        ),
        "service": TagKey(title=Title(ja="サービス", en="service"), derived="service"),
        "site": TagKey(title=Title(ja="拠点", en="site"), derived="site"),
    },
    shared={"team": "platform"},
)


def settings(**changes: Any) -> AwsSettings:
    return AwsSettings(
        **{
            "region": "ap-northeast-1",
            "zones": ("apne1-az1", "apne1-az2", "apne1-az4"),
            "account_id": ACCOUNT,
            "name_prefix": "acme",
            "network": "10.64.0.0/16",
            "runner_networks": ("10.8.0.0/20",),
            "administrators": (f"arn:aws:iam::{ACCOUNT}:role/platform/deploy",),
            "host": "llm.aws.example.jp",
            "kubernetes_version": "1.35",
            **changes,
        }
    )


def attempt(*services: Service, **changes: Any) -> Site:
    """Try to register a site for the given services, with changed settings; the error, if any, is in the answer."""
    declared = settings(**changes)
    planned = plan("aws", declared.region, declared.zones, services, TAGS, Lock(), catalogue())
    site = Site()

    def program() -> None:
        site.foundation = foundation(planned, declared)

    run = recording.run(program, preview=False, answer=_computed)
    site.requests, site.outputs, site.error = run.requests, run.outputs, run.error
    return site


def deployed(*services: Service, **changes: Any) -> Site:
    """Register a site for the given services, with changed settings."""
    site = attempt(*services, **changes)
    if site.error:
        raise site.error
    return site


def document(each: Registered, key: str = "policy") -> list[dict[str, Any]]:
    """The statements of a policy document among a resource's properties."""
    statements: list[dict[str, Any]] = json.loads(each.props[key])["Statement"]
    return statements


def made_from(each: Registered, key: str) -> set[str]:
    """The names of the resources that a property was made from."""
    return {urn.rpartition("::")[2] for urn in each.options.propertyDependencies[key].urns}
