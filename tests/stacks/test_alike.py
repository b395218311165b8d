"""The same workload on four sites: equal to the last property, but for the differences that are listed here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from catalog.load import SITES
from core.values import Known, leaves
from stacks.program import main
from tests.components.recording import Deployment, run
from tests.stacks.conftest import CREDENTIALS, SECRET_KEYS, cloud, complete, stack_config

DECLARED: Final[Mapping[str, str]] = {
    # Who pays for what, and where.
    r"\S+ \S+ metadata\.labels\.site": "the tag that names the site",
    r"Deployment \S+ spec\.template\.metadata\.labels\.site": "the tag that names the site",
    # Where images come from: a registry in the same country, and the same digest after it.
    r"Deployment \S+ spec\.template\.spec\.containers\[0\]\.image": "the site's registry",
    # Which machine it is, and what sizing made of that.
    r"Deployment \S+ spec\.template\.spec\.containers\[0\]\.args\[\d+\]": "placement arguments",
    r"Deployment \S+ spec\.template\.spec\.containers\[0\]\.resources\.(limits|requests)\.\S+": "the machine's size",
    r"Deployment \S+ spec\.template\.spec\.nodeSelector\.\S+": "the pool's labels",
    r"Deployment \S+ spec\.template\.spec\.tolerations\[0\]\.(operator|value)": "the pool's taint",
    r"ResourceQuota \S+ spec\.hard\.requests\.nvidia\.com/gpu": "GPUs a replica needs",
    # How weights are mounted, and what the mounting needs.
    r"PersistentVolume \S+ spec\.(csi|nfs)\.\S+": "the source of the volume",
    r"PersistentVolume \S+ spec\.mountOptions\[\d+\]": "the source of the volume",
    r"Deployment \S+ spec\.template\.metadata\.annotations\.gke-gcsfuse/\S+": "the side-car that mounts",
    r"NetworkPolicy \S+-to-weights .+": "the side-car that mounts",
    # Who the pod is for the cloud.
    r"ServiceAccount \S+-(serve|sync) metadata\.annotations\.azure\.workload\.identity/client-id": "the identity",
    # How the edge gets its private address, and what watches it there.
    r"Service platform-edge-service metadata\.annotations\.\S+": "the load balancer",
    r"Service platform-edge-service spec\.loadBalancerClass": "the load balancer",
    r"NetworkPolicy platform-edge-from-clients spec\.ingress\[0\]\.from\[\d+\]\.ipBlock\.cidr": "the load balancer",
}
"""Every property that may differ between sites, by kind, name and path, and why."""

Tree = dict[str, str]


@pytest.fixture(scope="module")
def sites(pair: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Deployment]:
    changes = complete(pair, tmp_path_factory.mktemp("lock"))

    def made(site: str) -> Deployment:
        config = {**stack_config(site), **changes}
        found = run(main, stack=site, config=config, secret=SECRET_KEYS, answer=cloud, asked=CREDENTIALS)
        if found.error:
            raise found.error
        return found

    return {site: made(site) for site in SITES}


def objects(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in deployment.requests:
        if each.type.startswith("kubernetes:"):
            yield f"{each.type.rpartition(':')[2]} {each.name}", each.props


def tree(deployment: Deployment) -> Tree:
    """Every leaf of every Kubernetes object: kind, name and path to its value."""
    return {
        f"{name} {path}": repr(value.value) if isinstance(value, Known) else repr(value)
        for name, props in objects(deployment)
        for path, value in leaves(props)
    }


def differences(trees: Mapping[str, Tree]) -> set[str]:
    every = {path for each in trees.values() for path in each}
    return {path for path in every if len({each.get(path) for each in trees.values()}) > 1}


def test_sites_differ_only_where_it_is_declared(sites: Mapping[str, Deployment]) -> None:
    undeclared = [
        path
        for path in sorted(differences({site: tree(each) for site, each in sites.items()}))
        if not any(re.fullmatch(pattern, path) for pattern in DECLARED)
    ]
    assert undeclared == []


def test_every_declared_difference_is_one(sites: Mapping[str, Deployment]) -> None:
    found = differences({site: tree(each) for site, each in sites.items()})
    idle = [pattern for pattern in DECLARED if not any(re.fullmatch(pattern, path) for path in found)]
    assert idle == []


def test_the_objects_are_the_same_but_for_the_side_cars_way_out(sites: Mapping[str, Deployment]) -> None:
    names = {site: {name for name, _ in objects(each)} for site, each in sites.items()}
    common = set.intersection(*names.values())
    assert len(common) > 30
    extra = {site: sorted(found - common) for site, found in names.items() if found - common}
    assert extra == {"gcp": ["NetworkPolicy sarashina-3b-to-weights", "NetworkPolicy swallow-70b-to-weights"]}


def test_they_stand_in_the_same_order_to_each_other(sites: Mapping[str, Deployment]) -> None:
    """What waits for what: the same edges between the objects that all sites have."""

    def edges(deployment: Deployment) -> set[tuple[str, str]]:
        shared = ("kubernetes:", "kokunai:index:Platform", "kokunai:index:InferenceEndpoint")
        names = {each.urn: each.name for each in deployment.requests if each.type.startswith(shared)}
        return {
            (names[each.urn], names[target])
            for each in deployment.requests
            for target in each.options.dependencies
            if each.urn in names and target in names and "to-weights" not in names[target] + names[each.urn]
        }

    found = {site: edges(each) for site, each in sites.items()}
    assert len(found["onprem"]) > 40
    assert all(each == found["onprem"] for each in found.values())


def container(deployment: Deployment, name: str) -> Mapping[str, Any]:
    props = deployment.one("kubernetes:apps/v1:Deployment", f"{name}-deployment").props
    (only,) = props["spec"]["template"]["spec"]["containers"]
    result: Mapping[str, Any] = only
    return result


@pytest.mark.parametrize("name", ["sarashina-3b", "swallow-70b", "platform-edge"])
def test_images_differ_in_their_registry_only(sites: Mapping[str, Deployment], name: str) -> None:
    images = {site: container(each, name)["image"].rsplit("/", 1) for site, each in sites.items()}
    assert len({registry for registry, _ in images.values()}) == len(SITES)
    assert len({image for _, image in images.values()}) == 1


@pytest.mark.parametrize("name", ["sarashina-3b", "swallow-70b"])
def test_arguments_differ_in_their_placement_only(sites: Mapping[str, Deployment], name: str) -> None:
    placement = ("--tensor-parallel-size=", "--gpu-memory-utilization=", "--max-num-seqs=")
    arguments = {
        tuple(each for each in container(found, name)["args"] if not each.startswith(placement))
        for found in sites.values()
    }
    assert len(arguments) == 1
    assert f"--served-model-name={name}" in arguments.pop()


@pytest.mark.parametrize("name", ["sarashina-3b", "swallow-70b"])
def test_fingerprints_are_equal(sites: Mapping[str, Deployment], name: str) -> None:
    fingerprints = {each.exports["endpoints"][name]["fingerprint"] for each in sites.values()}
    assert len(fingerprints) == 1
    assert fingerprints.pop().startswith("rehearsal:sha256:")


def test_a_second_run_declares_the_same(sites: Mapping[str, Deployment], pair: tuple[str, str], tmp_path: Path) -> None:
    config = {**stack_config("onprem"), **complete(pair, tmp_path)}
    again = run(main, stack="onprem", config=config, secret=SECRET_KEYS)
    assert tree(again) == tree(sites["onprem"])
