"""The AWS site, registered once without a cloud, and what was asked of the engine for it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

from catalog.load import catalogue
from components.foundation import Foundation
from components.plan import SitePlan, plan
from components.sites.aws import AwsSettings, foundation
from core.lock import Lock
from core.service import DataClass, Replicas, Service
from core.tags import TagKey, TagRegistry, TagValue, Title

LONGEST_NAME = "a-service-name-of-thirty-chars"
ACCOUNT = "111122223333"


class Cloud(mocks.Mocks):
    """Answers as AWS would, as far as the program reads the answers."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        computed = {
            "arn": f"arn:aws:test:ap-northeast-1:{ACCOUNT}:{args.name}",
            "keyId": f"{args.name}-key",
            "latestVersion": 3,
            "endpoint": "https://127.0.0.1:6443",
            "certificateAuthority": {"data": "Q0E="},
            "name": args.inputs.get("name", f"{args.name}-made"),
        }
        return f"{args.name}-id", {**computed, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the site asks the cloud for {args.token}; everything it needs is in its settings")


class RecordingMonitor(mocks.MockMonitor):
    """Keeps each whole request, options included, and refuses a second resource of one URN as the engine does."""

    def __init__(self) -> None:
        super().__init__(Cloud())
        self.requests: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        if response.urn in self.requests and request.type != "pulumi:pulumi:Stack":
            raise AssertionError(f"registered twice: {response.urn}")
        self.requests[response.urn] = request
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.outputs[request.urn] = request.outputs
        return super().RegisterResourceOutputs(request)


@dataclass(frozen=True)
class Registered:
    """One resource: type, name, inputs as sent, and the request with its options."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    request: Any

    def document(self, key: str = "policy") -> list[dict[str, Any]]:
        """The statements of a policy document among the inputs."""
        statements: list[dict[str, Any]] = json.loads(self.inputs[key])["Statement"]
        return statements


@dataclass(frozen=True)
class Deployment:
    """What a program registered, and the foundation that it returned."""

    foundation: Foundation
    resources: tuple[Registered, ...]
    secrets: dict[str, Any] = field(default_factory=dict)

    def of_type(self, token: str) -> list[Registered]:
        found = [each for each in self.resources if each.type == token]
        assert found, f"nothing of type {token}; there are {sorted({each.type for each in self.resources})}"
        return found

    def one(self, token: str, name: str | None = None) -> Registered:
        found = [each for each in self.of_type(token) if name in (None, each.name)]
        assert len(found) == 1, f"{len(found)} of {token} named {name}: {[each.name for each in self.of_type(token)]}"
        return found[0]


def deploy(site: SitePlan, settings: AwsSettings) -> Deployment:
    """Register the site in a fresh engine without a cloud."""
    monitor = RecordingMonitor()
    made: list[Foundation] = []
    asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        mocks.set_mocks(Cloud(), project="kokunai", stack="aws", preview=False, monitor=monitor)

        @pulumi.runtime.test
        def run() -> None:
            made.append(foundation(site, settings))

        run()
    finally:
        asyncio.get_event_loop().close()
    resources = tuple(
        Registered(
            urn,
            request.type,
            request.name,
            rpc.deserialize_properties(request.object, keep_unknowns=True),
            request,
        )
        for urn, request in monitor.requests.items()
        if request.type != "pulumi:pulumi:Stack"
    )
    return Deployment(made[0], resources, {urn: outputs for urn, outputs in monitor.outputs.items()})


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


def site_plan(declared: AwsSettings, *services: Service) -> SitePlan:
    return plan("aws", declared.region, declared.zones, services, TAGS, Lock(), catalogue())


@pytest.fixture(scope="package")
def site() -> Deployment:
    """A site with a large service, and a small one of the longest name, that needs two replicas."""
    declared = settings()
    small = service(LONGEST_NAME, **SMALL, replicas=Replicas(min=2, max=2))
    return deploy(site_plan(declared, service(), small), declared)
