"""Names, and what a change of inputs means: pure."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import KokunaiError
from rehearsal.kubernetes_provider.differences import (
    Change,
    Difference,
    Mutability,
    differences,
    needs_replacement,
    property_path,
)
from rehearsal.kubernetes_provider.kinds import Kind, Served, kind_of
from rehearsal.kubernetes_provider.naming import AUTONAMED, is_autonamed, named
from rehearsal.standin.wire import UNKNOWN


def test_a_missing_name_is_made_of_the_resources_and_eight_digits() -> None:
    found = named({"metadata": {"labels": {"a": "b"}}}, {}, "cache", b"seed")
    prefix, _, digits = found["metadata"]["name"].rpartition("-")
    assert prefix == "cache"
    assert len(digits) == 8
    assert int(digits, 16) >= 0
    assert found["metadata"]["labels"] == {"a": "b"}
    assert is_autonamed(found)


def test_a_preview_and_the_update_after_it_choose_alike() -> None:
    names = {named({}, {}, "cache", seed)["metadata"]["name"] for seed in (b"one", b"one", b"two")}
    assert len(names) == 2


def test_without_a_seed_names_differ() -> None:
    assert named({}, {}, "cache", b"") != named({}, {}, "cache", b"")


@pytest.mark.parametrize("metadata", [{"name": "mine"}, {"generateName": "mine-"}, UNKNOWN, {"name": UNKNOWN}], ids=str)
def test_a_name_of_the_programs_own_stays(metadata: Any) -> None:
    assert named({"metadata": metadata}, {}, "cache", b"s") == {"metadata": metadata}


def test_a_made_up_name_is_kept_and_a_given_one_is_not_inherited() -> None:
    old = named({}, {}, "cache", b"old")
    assert named({}, old, "cache", b"new")["metadata"]["name"] == old["metadata"]["name"]
    given = {"metadata": {"name": "mine"}}
    assert named({}, given, "cache", b"new")["metadata"]["name"].startswith("cache-")


def test_annotations_that_are_not_known_yet_are_left_alone() -> None:
    found = named({"metadata": {"annotations": UNKNOWN}}, {}, "cache", b"s")
    assert found["metadata"]["annotations"] == UNKNOWN
    assert AUTONAMED not in found["metadata"]


OLD = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": "gone"}
NEW = {"a": 1, "b": {"c": [1, 3, 4], "d": "x", "f.g/h": True}}


def test_differences_are_told_at_the_deepest_place() -> None:
    assert [(str(each), each.change) for each in differences(OLD, NEW)] == [
        ("b.c[1]", Change.UPDATE),
        ("b.c[2]", Change.ADD),
        ('b["f.g/h"]', Change.ADD),
        ("e", Change.DELETE),
    ]
    assert list(differences(OLD, OLD)) == []


def test_a_value_that_is_not_known_yet_is_a_difference() -> None:
    assert [str(each) for each in differences({"a": "x"}, {"a": UNKNOWN})] == ["a"]


def test_a_list_that_grew_shorter() -> None:
    assert [(str(d), d.change) for d in differences([1, 2], [1])] == [("[1]", Change.DELETE)]


def test_a_path_with_quotes_in_it_is_escaped() -> None:
    assert property_path(("data", 'a"b')) == 'data["a\\"b"]'


MUTABLE = Mutability(config_maps=True, secrets=True)


@pytest.mark.parametrize(
    ("kind", "path", "replaced"),
    [
        ("apps/v1 Deployment", "metadata name", True),
        ("apps/v1 Deployment", "metadata namespace", True),
        ("apps/v1 Deployment", "metadata labels app", False),
        ("apps/v1 Deployment", "spec selector matchLabels app", True),
        ("apps/v1 Deployment", "spec template spec containers 0 image", False),
        ("apps/v1 Deployment", "spec replicas", False),
        ("apps/v1 StatefulSet", "spec volumeClaimTemplates 0 spec", True),
        ("apps/v1 DaemonSet", "spec selector", True),
        ("batch/v1 Job", "spec template spec containers 0 image", True),
        ("batch/v1 Job", "spec backoffLimit", False),
        ("batch/v1 CronJob", "spec jobTemplate spec template", False),
        ("v1 PersistentVolumeClaim", "spec storageClassName", True),
        ("v1 PersistentVolumeClaim", "spec resources requests storage", False),
        ("v1 PersistentVolume", "spec csi volumeHandle", True),
        ("v1 Pod", "spec containers 1 image", True),
        ("v1 Pod", "spec containers 1", True),
        ("v1 Pod", "spec activeDeadlineSeconds", False),
        ("v1 Service", "spec clusterIP", True),
        ("v1 Service", "spec ports 0 port", False),
        ("v1 Secret", "type", True),
        ("v1 Secret", "data a", False),
        ("v1 ConfigMap", "data a", False),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef name", True),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "subjects 0 name", False),
        ("storage.k8s.io/v1 StorageClass", "parameters type", True),
        ("example.com/v1 Widget", "spec selector", False),
        ("apps/v1 Deployment", "spec", True),
    ],
)
def test_what_an_object_cannot_live_through(kind: str, path: str, replaced: bool) -> None:
    steps = tuple(int(step) if step.isdigit() else step for step in path.split())
    version, name = kind.split()
    found = needs_replacement(Kind(version, name), Difference(steps, Change.UPDATE), {}, MUTABLE)
    assert found is replaced


@pytest.mark.parametrize(("name", "path"), [("Secret", "stringData"), ("Secret", "data"), ("ConfigMap", "binaryData")])
def test_config_maps_and_secrets_are_replaced_unless_the_provider_says_otherwise(name: str, path: str) -> None:
    difference, kind = Difference((path, "a"), Change.UPDATE), Kind("v1", name)
    assert needs_replacement(kind, difference, {}, Mutability())
    assert not needs_replacement(kind, difference, {}, MUTABLE)
    assert needs_replacement(kind, difference, {"immutable": True}, MUTABLE)


@pytest.mark.parametrize(
    ("token", "inputs", "wanted"),
    [
        ("kubernetes:core/v1:ConfigMap", {}, "v1 ConfigMap"),
        ("kubernetes:apps/v1:Deployment", {}, "apps/v1 Deployment"),
        ("kubernetes:keda.sh/v1alpha1:ScaledObject", {}, "keda.sh/v1alpha1 ScaledObject"),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", {}, "rbac.authorization.k8s.io/v1 Role"),
        ("kubernetes:x:y", {"apiVersion": "v1", "kind": "Secret"}, "v1 Secret"),
    ],
)
def test_a_type_means_a_kind(token: str, inputs: dict[str, str], wanted: str) -> None:
    assert str(kind_of(token, inputs)) == wanted


@pytest.mark.parametrize(
    ("token", "what"),
    [
        ("kubernetes:core/v1:ConfigMapPatch", "changes an object that somebody else declares"),
        ("kubernetes:core/v1:ConfigMapList", "keeps objects, not lists"),
        ("kubernetes:yaml/v2:ConfigFile", "YAML files are not read"),
        ("kubernetes:kustomize/v2:Directory", "kustomize directories are not read"),
    ],
)
def test_a_type_that_is_not_stood_in_for_says_so(token: str, what: str) -> None:
    with pytest.raises(KokunaiError, match=what):
        kind_of(token, {})


def test_paths_are_those_of_the_api_server() -> None:
    config = Served(Kind("v1", "ConfigMap"), "configmaps", namespaced=True)
    assert config.path("n", "c") == "/api/v1/namespaces/n/configmaps/c"
    role = Served(Kind("rbac.authorization.k8s.io/v1", "ClusterRole"), "clusterroles", namespaced=False)
    assert role.path("n", "kokunai:x") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/kokunai:x"
    assert role.path("n", "a/../b").endswith("/a%2F..%2Fb")
