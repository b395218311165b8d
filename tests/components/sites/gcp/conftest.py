"""The Google Cloud site, registered without a cloud, and what was asked of the engine for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

from catalog.load import catalogue
from components.foundation import Foundation
from components.plan import plan
from components.sites.gcp import GcpSettings, foundation
from core.lock import Lock
from core.service import Service
from core.tags import TagRegistry

LONGEST_NAME = "a-service-name-of-thirty-chars"
NUMBER = "123456789012"
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


class Cloud(mocks.Mocks):
    """Answers as Google Cloud would, as far as the program reads the answers."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        computed: dict[str, Any] = {
            "name": f"{args.name}-made",
            "email": f"{args.name}@example.iam.gserviceaccount.com",
            "member": f"serviceAccount:{args.name}@example.iam.gserviceaccount.com",
        }
        known = {**computed, **args.inputs}
        if args.typ == "gcp:container/cluster:Cluster":
            known["endpoint"] = self.endpoint
            known["masterAuth"] = {**args.inputs["masterAuth"], "clusterCaCertificate": "Q0E="}
        return f"{args.name}-id", known

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the site asks the cloud for {args.token}; everything it needs is in its settings")


class RecordingMonitor(mocks.MockMonitor):
    """Keeps each whole request, options included, and refuses a second resource of one URN as the engine does."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.requests: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the call)
        response = super().RegisterResource(request)
        if response.urn in self.requests:
            raise AssertionError(f"registered twice: {response.urn}")
        self.requests[response.urn] = request
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the name of the call)
        self.outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


@dataclass(frozen=True)
class Registered:
    """One resource: its inputs as sent, and the request with its options."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    request: Any

    def depends_on(self, other: "Registered") -> bool:
        return other.urn in self.request.dependencies


@dataclass(frozen=True)
class Deployment:
    """What the site registered, and the foundation that it returned."""

    foundation: Foundation
    resources: tuple[Registered, ...]
    outputs: dict[str, Any]

    def of_type(self, token: str) -> list[Registered]:
        found = [each for each in self.resources if each.type == token]
        assert found, f"nothing of type {token}; there are {sorted({each.type for each in self.resources})}"
        return found

    def one(self, token: str, name: str | None = None) -> Registered:
        found = [each for each in self.of_type(token) if name in (None, each.name)]
        assert len(found) == 1, f"{token} named {name}: {[each.name for each in self.of_type(token)]}"
        return found[0]


Declare = Callable[..., Any]


@pytest.fixture(scope="package")
def make_settings() -> Declare:
    """Settings of a stack file, some of them changed."""

    def make(**changes: Any) -> GcpSettings:
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

    return make


@pytest.fixture(scope="package")
def make_service() -> Declare:
    """A service of a large model, some of it changed."""

    def make(name: str = "drafting", **changes: Any) -> Service:
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

    return make


@pytest.fixture(scope="package")
def make_small(make_service: Declare) -> Declare:
    """A service of a small model, that runs on a machine of its own in any zone."""

    def make(name: str = "triage", replicas: int = 1, **changes: Any) -> Service:
        small = {"model": "sarashina2.2-3b-instruct", "precision": "bf16", "tier": "S", "data_class": "internal"}
        service: Service = make_service(name, **small, replicas={"min": 1, "max": replicas}, **changes)
        return service

    return make


@pytest.fixture(scope="package")
def deploy() -> Callable[..., Deployment]:
    """Register the site for some services in a fresh engine without a cloud."""

    def run(settings: GcpSettings, *services: Service, endpoint: str = "10.72.0.2") -> Deployment:
        declared = plan("gcp", settings.region, settings.zones, services, TAGS, Lock(), catalogue())
        monitor = RecordingMonitor(Cloud(endpoint))
        made: list[Foundation] = []
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            mocks.set_mocks(Cloud(endpoint), project="kokunai", stack="gcp", preview=False, monitor=monitor)
            pulumi.runtime.test(lambda: made.append(foundation(declared, settings)))()
        finally:
            asyncio.get_event_loop().close()
        resources = tuple(
            Registered(urn, request.type, request.name, rpc.deserialize_properties(request.object), request)
            for urn, request in monitor.requests.items()
            if request.type != "pulumi:pulumi:Stack"
        )
        return Deployment(made[0], resources, monitor.outputs)

    return run


@pytest.fixture(scope="package")
def site(
    deploy: Callable[..., Deployment], make_settings: Declare, make_service: Declare, make_small: Declare
) -> Deployment:
    """A large service, and a small one of the longest legal name with two replicas."""
    return deploy(make_settings(), make_service(), make_small(LONGEST_NAME, replicas=2))
