"""A site declared against a monitor that records every registration, and answers as Azure would."""

import asyncio
import base64
import contextvars
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import ROOT, configure
from pulumi.runtime.stack import run_in_stack

from catalog.load import catalogue
from components.foundation import Foundation
from components.plan import SitePlan, plan
from components.sites.azure import AzureSettings, foundation
from core import wire
from core.lock import Lock
from core.service import Service
from core.tags import TagRegistry
from tests.components.recording import Deployment, Registered

SUBSCRIPTION, TENANT, ADMINISTRATORS = (f"{n}1111111-1111-4111-8111-111111111111" for n in "123")
LONGEST = "a-service-name-of-thirty-chars"
TAGS = {"team": "sales"}


@dataclass
class Site(Deployment):
    """Everything that was registered, what was asked of Azure, and what the foundation handed up, resolved."""

    preview: bool = False
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    handed: dict[str, Any] = field(default_factory=dict)

    @property
    def azure(self) -> list[Registered]:
        return [each for each in self.requests if each.type.startswith("azure-native:")]

    @property
    def names(self) -> dict[str, str]:
        """Which logical name an id belongs to, as `computed` makes ids."""
        return {f"/{each.type.rsplit(':', 1)[-1]}/{each.name}": each.name for each in self.azure}

    def needs(self, resource: Registered) -> frozenset[str]:
        """Names of what must exist before a resource."""
        return frozenset(urn.rsplit("::", 1)[-1] for urn in resource.options.dependencies)


class Azure(mocks.MockMonitor):
    """Answers as Azure would, and refuses a name that is taken, as the engine does."""

    def __init__(self, site: Site) -> None:
        self.resources = {}
        self.site = site

    def Invoke(self, request: Any) -> Any:  # noqa: N802 the wire's name
        self.site.asked.append((request.tok, json_format.MessageToDict(request.args)))
        issued = (
            "clusters:\n- name: any\n  cluster:\n    certificate-authority-data: Q0E=\n    server: https://elsewhere\n"
        )
        answer = {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(issued.encode()).decode()}]}
        return resource_pb2.ResourceInvokeResponse(**{"return": json_format.ParseDict(answer, struct_pb2.Struct())})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the wire's name
        urn = self.make_urn(request.parent, request.type, request.name)
        assert urn not in {each.urn for each in self.site.requests}, (
            f"registered twice, which the engine refuses: {urn}"
        )
        sent = json_format.MessageToDict(request.object)
        self.site.requests.append(Registered(urn, request.type, request.name, wire.properties(sent), request))
        if self.site.preview:
            # Before a resource exists only what was sent is known, and of that nothing which Azure gives another shape.
            known = {key: value for key, value in sent.items() if key != "identity"}
            return resource_pb2.RegisterResourceResponse(
                urn=urn, object=json_format.ParseDict(known, struct_pb2.Struct())
            )
        outputs = json_format.ParseDict({**sent, **computed(request.name, sent)}, struct_pb2.Struct())
        made = f"/{request.type.rsplit(':', 1)[-1]}/{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=made, object=outputs)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 the wire's name
        self.site.outputs[request.urn] = wire.properties(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()


def computed(name: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What Azure adds to what was sent."""
    added: dict[str, Any] = {
        "name": name,
        "principalId": f"principal-of-{name}",
        "clientId": f"client-of-{name}",
        "keyUri": f"https://vault/keys/{name}",
        "keyUriWithVersion": f"https://vault/keys/{name}/1",
        "privateFQDN": "127.0.0.1:6443",
    }
    if "identity" in sent:
        # A list of ids goes in, a map from ids to what they are comes out.
        added["identity"] = {**sent["identity"], "userAssignedIdentities": {}}
    if "oidcIssuerProfile" in sent:
        added["oidcIssuerProfile"] = {"enabled": True, "issuerURL": "https://issuer/"}
    return added


def service(name: str, **changes: Any) -> Service:
    """A service that fits on Azure, changed as told."""
    return Service.model_validate(
        {
            "name": name,
            "model": "sarashina2.2-3b-instruct",
            "precision": "bf16",
            "context_tokens": 4096,
            "concurrency": 4,
            "tier": "S",
            "data_class": "confidential",
            "tags": TAGS,
            **changes,
        }
    )


def azure_settings(**changes: Any) -> AzureSettings:
    """Settings that are right, changed as told."""
    return AzureSettings.model_validate(
        {
            "region": "japaneast",
            "subscription_id": SUBSCRIPTION,
            "tenant_id": TENANT,
            "name_prefix": "example",
            "network": IPv4Network("10.20.0.0/16"),
            "firewall": IPv4Address("10.0.0.4"),
            "registry_name": "examplekokunai",
            "administrators": [ADMINISTRATORS],
            "host": "llm.azure.example.co.jp",
            "kubernetes_version": "1.33",
            **changes,
        }
    )


def azure_plan(settings: AzureSettings, *services: Service) -> SitePlan:
    """The plan of these services with a tag registry of two keys."""
    registry = TagRegistry.model_validate(
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
    return plan("azure", settings.region, settings.zones, services, registry, Lock(), catalogue())


def declare(settings: AzureSettings, *services: Service, preview: bool = False) -> Site:
    """Register the site, in a context of its own, and wait for everything."""
    site = Site(preview=preview)

    def inside() -> None:
        monitor = Azure(site)
        ROOT.set(None)
        configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
                engine=mocks.MockEngine(None),
                project="kokunai",
                stack="azure",
                dry_run=preview,
                organization=None,
            )
        )
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=8))
        made = azure_plan(settings, *services)
        try:
            loop.run_until_complete(run_in_stack(lambda: pulumi.export("handed", handed(foundation(made, settings)))))
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        site.handed.update(site.exports["handed"])

    # The SDK works out, for each of a hundred old names of each resource, what a child would inherit. Nobody here has
    # children of that kind, and it takes four fifths of the time.
    with patch("pulumi.resource.collapse_alias_to_urn"):
        contextvars.copy_context().run(inside)
    return site


def handed(made: Foundation) -> dict[str, Any]:
    """What a workload sees of a foundation."""
    return {
        "registry": made.registry,
        "region": made.region,
        "edge": dict(made.edge.annotations),
        "host": made.edge.host,
        "serving": {name: dict(each.annotations) for name, each in made.serving.items()},
        "syncing": {name: dict(each.annotations) for name, each in made.syncing.items()},
        "weights": {name: dict(each.spec) for name, each in made.weights.items()},
        "selectors": {name: dict(each.node_selector) for name, each in made.placements.items()},
        "tolerations": {name: list(each.tolerations) for name, each in made.placements.items()},
        "waits": [each.urn for each in made.depends_on],
    }


@pytest.fixture(scope="package")
def site() -> Site:
    """Two services on Azure, one with the longest legal name and more replicas than a machine holds."""
    return declare(azure_settings(), service("small"), service(LONGEST, replicas={"min": 1, "max": 3}))
