"""The organisation's own cluster: adopted, never created, and never the one that happens to be current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components.foundation import Foundation
from components.sites.onprem import OnpremSettings, foundation
from core.errors import KokunaiError
from core.values import Secret
from tests.components.building import service, site_plan
from tests.components.recording import Deployment

Deploy = Callable[..., Deployment]
NFS = {"nfs": {"server": "10.20.30.40", "path": "/export/weights"}}


def settings(**changes: Any) -> OnpremSettings:
    return OnpremSettings.model_validate(
        {
            "region": "onprem-japan",
            "context": "gpu",
            "registry": "harbor.example.co.jp/llm",
            "weights": NFS,
            "edge": {"host": "llm.example.co.jp", "annotations": {"pool": "private"}},
            **changes,
        }
    )


def declared(deploy: Deploy, **changes: Any) -> tuple[Deployment, Foundation]:
    made: list[Foundation] = []
    plan = site_plan(service(), service(name="other"))
    found = deploy(lambda: made.append(foundation(plan, settings(**changes), pulumi.Output.secret("KUBECONFIG"))))
    return found, made[0]


def test_nothing_but_a_provider_is_registered(deploy: Deploy) -> None:
    found, _ = declared(deploy)
    assert [each.type for each in found.resources] == ["kokunai:index:OnpremSite", "pulumi:providers:kubernetes"]


def test_the_provider_uses_the_named_context_and_keeps_the_kubeconfig_secret(deploy: Deploy) -> None:
    found, made = declared(deploy)
    provider = found.one("pulumi:providers:kubernetes").props
    assert provider["context"] == "gpu"
    assert provider["kubeconfig"] == Secret("KUBECONFIG")
    assert made.kubernetes is not None


def test_configuration_objects_change_in_place(deploy: Deploy) -> None:
    provider = declared(deploy)[0].one("pulumi:providers:kubernetes").props
    assert provider["enableConfigMapMutable"] == provider["enableSecretMutable"] == "true"


def test_a_context_must_be_named() -> None:
    for wrong in ("", None):
        with pytest.raises(ValidationError, match="context"):
            settings(context=wrong)


def test_machines_are_found_by_their_accelerator(deploy: Deploy) -> None:
    placement = declared(deploy)[1].placements["small"]
    assert placement.node_selector == {"kokunai.jp/accelerator": "l40s"}
    assert placement.tolerations == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_weights_come_from_the_export_or_from_a_volume_of_ones_own(deploy: Deploy) -> None:
    nfs = declared(deploy)[1].weights
    assert nfs["small"].spec == nfs["other"].spec == {"nfs": {"server": "10.20.30.40", "path": "/export/weights"}}
    csi = {"driver": "csi.example.com", "volumes": {"small": "vol-1", "other": "vol-2"}, "attributes": {"a": "b"}}
    volumes = declared(deploy, weights={"csi": csi})[1].weights
    assert [volumes[name].spec["csi"]["volumeHandle"] for name in ("small", "other")] == ["vol-1", "vol-2"]


def test_a_service_without_a_volume_is_refused_before_anything_is_registered(deploy: Deploy) -> None:
    csi = {"driver": "csi.example.com", "volumes": {"small": "vol-1"}}
    with pytest.raises(KokunaiError, match=r"kokunai:onprem\.weights\.csi\.volumes\.other: service 'other'"):
        declared(deploy, weights={"csi": csi})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": {}}, "exactly one of nfs and csi"),
        ({"weights": {**NFS, "csi": {"driver": "d", "volumes": {}}}}, "exactly one of nfs and csi"),
        ({"weights": {"nfs": {"server": "8.8.8.8", "path": "/x"}}}, "public address"),
        ({"weights": {"nfs": {"server": "nas", "path": "/x"}}}, "neither an IPv4 address nor a full host name"),
        ({"weights": {"nfs": {"server": "10.0.0.1", "path": "x"}}}, "not an absolute path"),
        ({"registry": "https://harbor.example.co.jp"}, "registry"),
        ({"registry": "harbor.example.co.jp/llm:latest"}, "registry"),
        ({"registry": "harbor"}, "registry"),
        ({"edge": {"host": "10.0.0.1"}}, "edge.host"),
        ({"region": "us-east-1"}, "not a region in Japan; allowed: onprem-japan"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_settings_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**changes)


def test_the_registry_and_the_host_are_known_before_anything_is_deployed(deploy: Deploy) -> None:
    made = declared(deploy)[1]
    assert made.registry == "harbor.example.co.jp/llm"
    assert made.edge.host == "llm.example.co.jp"
    assert made.edge.annotations == {"pool": "private"}
