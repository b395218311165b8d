"""Plain values that components are tested with: right as they stand, changed as told."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from catalog.load import SiteName, catalogue
from components.endpoint import EndpointArgs, InferenceEndpoint
from components.foundation import EdgeExposure, Foundation, Identity, Placement, VolumeSource
from components.plan import SitePlan, plan
from components.platform import EdgeSecrets, Platform, PlatformArgs
from core.lock import ImageLock, Lock, ModelLock
from core.service import Service
from core.tags import TagRegistry

IMAGE, EDGE_IMAGE, MANIFEST, TEMPLATE = (f"sha256:{digit * 64}" for digit in "1234")
REVISION = "5" * 40
MODEL = "sarashina2.2-3b-instruct"
REGISTRY = "registry.example.co.jp/llm"
LOCK = Lock(
    images={"vllm-openai": ImageLock(digest=IMAGE), "haproxy": ImageLock(digest=EDGE_IMAGE)},
    models={MODEL: ModelLock(revision=REVISION, manifest=MANIFEST, chat_template=TEMPLATE)},
)
TAGS = TagRegistry.model_validate(
    {
        "keys": {
            "team": {
                "title": {"ja": "部門", "en": "team"},
                "values": {
                    "sales": {"title": {"ja": "営業", "en": "sales"}},
                    "platform": {"title": {"ja": "基盤", "en": "platform"}},
                },
            },
            "service": {"title": {"ja": "サービス", "en": "service"}, "derived": "service"},
        },
        "shared": {"team": "platform"},
    }
)
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def service(**changes: Any) -> Service:
    """A small service that fits on every site."""
    return Service.model_validate(
        {
            "name": "small",
            "model": MODEL,
            "precision": "bf16",
            "context_tokens": 4096,
            "concurrency": 4,
            "tier": "S",
            "replicas": {"min": 2, "max": 3},
            "data_class": "confidential",
            "tags": {"team": "sales"},
            **changes,
        }
    )


def site_plan(*services: Service, site: SiteName = "onprem", lock: Lock = LOCK) -> SitePlan:
    """The plan of these services."""
    region = catalogue().regions_of(site)[0].name
    return plan(site, region, (), services, TAGS, lock, catalogue())


def foundation(made: SitePlan, **changes: Any) -> Foundation:
    """A site that is there already; registers its provider."""
    names = [each.service.name for each in made.sized]
    values: dict[str, Any] = {
        "site": made.site,
        "region": made.region,
        "kubernetes": kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("{}")),
        "placements": {
            each.service.name: Placement(each.fit, {"kokunai.jp/service": each.service.name}, [TOLERATION])
            for each in made.sized
        },
        "weights": dict.fromkeys(names, VolumeSource({"nfs": {"server": "10.0.0.9", "path": "/weights"}})),
        "registry": REGISTRY,
        "edge": EdgeExposure(annotations={"load-balancer": "internal"}, host="llm.example.co.jp"),
        "serving": {name: Identity() for name in names},
    }
    return Foundation(**{**values, **changes})


def secrets(**changes: str) -> EdgeSecrets:
    """Secrets of an edge, each recognisable."""
    texts = {"certificate": "CERT", "private_key": "PRIVATE", "keys": "HASH app\n", "rates": "app 5\n", **changes}
    return EdgeSecrets(**{name: pulumi.Output.secret(text) for name, text in texts.items()})


def declare(made: SitePlan, **changes: Any) -> None:
    """Platform and endpoints on a foundation, as the program puts them together."""
    edge_secrets = changes.pop("secrets", {})
    site = foundation(made, **changes)
    on_site = pulumi.ResourceOptions(providers=[site.kubernetes])
    platform = Platform("platform", PlatformArgs(made, site, secrets(**edge_secrets)), on_site)
    for each in made.sized:
        args = EndpointArgs(each, site, made.lock, platform.priority_class)
        InferenceEndpoint(each.service.name, args, on_site)
