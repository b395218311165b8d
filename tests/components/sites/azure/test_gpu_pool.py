"""GPU pools: legal names, room for every replica, the same labels and taint on pool and pod."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.sites.azure import gpu_pool
from core.errors import KokunaiError
from tests.components.sites.azure.conftest import LONGEST, Site, azure_settings, declare, service

NAMES = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 30)


@given(NAMES)
def test_pool_names_are_legal(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]{0,11}", gpu_pool.pool_name(name))


def test_pool_names_tell_services_apart_that_begin_alike() -> None:
    services = [f"swallow-{size}b-{use}" for size in (7, 8, 13, 70) for use in ("chat", "draft", "review")]
    assert len(set(gpu_pool.pool_names([*services, "ab-c", "a-bc", "abc", "system"]).values())) == len(services) + 4
    assert gpu_pool.pool_name("system") != "system"


def test_two_services_with_one_pool_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_pool, "pool_name", lambda service: "same")
    with pytest.raises(
        KokunaiError, match=r"services one and two have the same pool name 'same'.*\n.*rename one of them"
    ):
        gpu_pool.pool_names(["one", "two"])


def test_pool_holds_every_replica_that_may_be(site: Site) -> None:
    pools = {each.name: each.props for each in site.of_type("azure-native:containerservice:AgentPool")}
    # One GPU a machine, one GPU a replica, at most three replicas.
    assert (pools["azure-gpu-small"]["count"], pools[f"azure-gpu-{LONGEST}"]["count"]) == (1, 3)
    assert {each["vmSize"] for each in pools.values()} == {"Standard_NV36ads_A10_v5"}
    assert {each["scaleSetPriority"] for each in pools.values()} == {"Regular"}
    assert {each["enableAutoScaling"] for each in pools.values()} == {False}


def test_replicas_share_a_machine_with_several_gpus() -> None:
    # Two GPUs a machine, one GPU a replica.
    shared = declare(azure_settings(), service("shared", tier="L", replicas={"min": 1, "max": 3}))
    pool = shared.one("azure-native:containerservice:AgentPool").props
    assert (pool["vmSize"], pool["count"]) == ("Standard_NC80adis_H100_v5", 2)


def test_pod_asks_for_what_the_pool_carries(site: Site) -> None:
    for name in ("small", LONGEST):
        pool = site.one("azure-native:containerservice:AgentPool", f"azure-gpu-{name}").props
        assert pool["nodeLabels"] == site.handed["selectors"][name]
        assert pool["nodeLabels"]["kokunai.jp/service"] == name
        (toleration,) = site.handed["tolerations"][name]
        assert pool["nodeTaints"] == ["{key}={value}:{effect}".format(**toleration)]
        assert toleration["operator"] == "Equal"


def test_pool_is_in_the_chosen_zones() -> None:
    chosen = declare(azure_settings(zones=["2", "3"]), service("small"))
    assert chosen.one("azure-native:containerservice:AgentPool").props["availabilityZones"] == ["2", "3"]
    (system,) = chosen.one("azure-native:containerservice:ManagedCluster").props["agentPoolProfiles"]
    assert system["availabilityZones"] == ["2", "3"]


def test_an_upgrade_needs_no_spare_gpu_and_a_replacement_no_second_name(site: Site) -> None:
    for pool in site.of_type("azure-native:containerservice:AgentPool"):
        assert pool.props["upgradeSettings"] == {"maxSurge": "0", "maxUnavailable": "1"}
        assert pool.options.deleteBeforeReplace is True
        assert pool.props["gpuProfile"] == {"driver": "Install"}


def test_a_workload_waits_for_its_nodes_and_its_weights(site: Site) -> None:
    waits = {urn.rsplit("::", 1)[-1] for urn in site.handed["waits"]}
    assert {
        "azure-gpu-small",
        "azure-weights-endpoint-names",
        "azure-serve-small-weights",
        "azure-serve-small-binding",
    } <= waits
