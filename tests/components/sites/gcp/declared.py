"""The Google Cloud site registered without a cloud, for any services and settings."""

from collections.abc import Mapping
from typing import Any

from catalog.load import catalogue
from components.foundation import Foundation
from components.plan import plan
from components.sites.gcp import GcpSettings, foundation
from core.lock import Lock
from core.service import Service
from core.tags import TagRegistry
from tests.components import recording
from tests.components.recording import Deployment, Registered

LONGEST_NAME = "a-service-name-of-thirty-chars"
NUMBER = "123456789012"
NODES = "nodes@example-llm-prod.iam.gserviceaccount.com"
ENDPOINT = "10.72.0.2"
TAGS = TagRegistry.model_validate(
    {
        "keys": {
            "team": {
                "title": {"ja": "利用部門", "en": "team"},
                "values": {
                    "営業部": {"title": {"ja": "営業部", "en": "sales"}},
                    "platform": {"title": {"ja": "基盤", "en": "platform"}},
                },
            },
            "service": {"title": {"ja": "サービス", "en": "service"}, "derived": "service"},
            "site": {"title": {"ja": "拠点", "en": "site"}, "derived": "site"},
        },
        "shared": {"team": "platform"},
    }
)


class Site(Deployment):
    """What the site registered, and the foundation that it returned."""

    foundation: Foundation


def settings(**changes: Any) -> GcpSettings:
    """Settings of a stack file, some of them changed."""
    return GcpSettings.model_validate(
        {
            "region": "asia-northeast1",
            "project": "example-llm-prod",
            "project_number": NUMBER,
            "name_prefix": "example",
            "network": "10.72.0.0/16",
            "runner_networks": ["10.8.0.0/20"],
            "host": "llm.gcp.example.jp",
            **changes,
        }
    )


def service(name: str = "drafting", **changes: Any) -> Service:
    """A service of a large model, some of it changed."""
    return Service.model_validate(
        {
            "name": name,
            "model": "llama-3.1-swallow-70b-instruct-v0.3",
            "precision": "int8",
            "context_tokens": 8192,
            "concurrency": 8,
            "tier": "L",
            "data_class": "confidential",
            "tags": {"team": "営業部"},
            **changes,
        }
    )


def small(name: str = "triage", replicas: int = 1) -> Service:
    """A service of a small model: one machine a replica, sold in every zone."""
    return service(
        name,
        model="sarashina2.2-3b-instruct",
        precision="bf16",
        tier="S",
        replicas={"min": 1, "max": replicas},
        data_class="internal",
    )


def deployed(*services: Service, endpoint: str = ENDPOINT, **changes: Any) -> Site:
    """Register a site for the services, with changed settings and the address that its cluster gets."""
    declared = settings(**changes)
    planned = plan("gcp", declared.region, declared.zones, services, TAGS, Lock(), catalogue())
    made: list[Foundation] = []

    def answer(token: str, name: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        if token == "gcp:container/cluster:Cluster":
            return {"name": f"{name}-1234567", "endpoint": endpoint, "masterAuth": {"clusterCaCertificate": "Q0E="}}
        if token == "gcp:serviceaccount/account:Account":
            return {"email": NODES, "member": f"serviceAccount:{NODES}"}
        return {} if "name" in inputs else {"name": f"{name}-1234567"}

    run = recording.run(lambda: made.append(foundation(planned, declared)), preview=False, answer=answer)
    if run.error:
        raise run.error
    site = Site(run.requests, run.outputs, run.warnings)
    site.foundation = made[0]
    return site


def depends(one: Registered, other: Registered) -> bool:
    """Whether the engine is told to make `other` first."""
    return other.urn in one.options.dependencies
