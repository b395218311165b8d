"""Drift, from the fields that the API server says are still ours: pure."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rehearsal.kubernetes_provider.projection import declared, owned_by, projected

OURS = "pulumi-kubernetes-1"


def live(fields: dict[str, Any], others: dict[str, Any] | None = None, **content: Any) -> dict[str, Any]:
    entries = [{"manager": OURS, "operation": "Apply", "fieldsV1": fields}]
    if others:
        entries.append({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": others})
    metadata = {"name": "x", "namespace": "n", "uid": "u", "managedFields": entries, **content.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **content}


INPUTS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "x", "labels": {"app": "a"}},
    "data": {"a": "1", "b": "2"},
}
FIELDS = {"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {"f:app": {}}}}


def test_what_nobody_touched_is_what_was_declared() -> None:
    found = live(FIELDS, data={"a": "1", "b": "2", "c": "somebody's"}, metadata={"labels": {"app": "a", "other": "x"}})
    assert projected(INPUTS, found, OURS) == INPUTS


def test_a_changed_value_is_drift() -> None:
    fields = {**FIELDS, "f:data": {"f:b": {}}}
    found = live(fields, {"f:data": {"f:a": {}}}, data={"a": "by hand", "b": "2"}, metadata={"labels": {"app": "a"}})
    assert projected(INPUTS, found, OURS)["data"] == {"a": "by hand", "b": "2"}


def test_a_removed_value_is_drift() -> None:
    found = live({**FIELDS, "f:data": {"f:b": {}}}, data={"b": "2"}, metadata={"labels": {}})
    assert projected(INPUTS, found, OURS)["data"] == {"b": "2"}


def test_a_value_that_is_still_ours_keeps_the_programs_spelling() -> None:
    inputs = {**INPUTS, "spec": {"limits": {"cpu": "1000m"}}}
    found = live({"f:spec": {"f:limits": {"f:cpu": {}}}, **FIELDS}, spec={"limits": {"cpu": "1"}}, data=INPUTS["data"])
    assert projected(inputs, found, OURS)["spec"] == {"limits": {"cpu": "1000m"}}


CONTAINER = 'k:{"name":"a"}'
PORT = 'k:{"containerPort":80,"protocol":"TCP"}'


def test_items_of_a_list_are_found_by_their_keys_and_foreign_ones_are_no_drift() -> None:
    inputs = {**INPUTS, "spec": {"containers": [{"name": "a", "image": "x:1", "ports": [{"containerPort": 80}]}]}}
    port: dict[str, Any] = {"f:ports": {PORT: {".": {}, "f:containerPort": {}}}}
    owned: dict[str, Any] = {"f:containers": {CONTAINER: {".": {}, "f:name": {}, **port}}}
    by_hand: dict[str, Any] = {"f:containers": {CONTAINER: {"f:image": {}}, 'k:{"name":"sidecar"}': {".": {}}}}
    containers = [
        {"name": "sidecar", "image": "mesh"},
        {"name": "a", "image": "x:2", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
    ]
    found = live({**FIELDS, "f:spec": owned}, {"f:spec": by_hand}, spec={"containers": containers}, data=INPUTS["data"])
    assert projected(inputs, found, OURS)["spec"]["containers"] == [
        {"name": "a", "image": "x:2", "ports": [{"containerPort": 80}]}
    ]


def test_a_list_that_is_owned_as_a_whole_is_taken_as_a_whole() -> None:
    inputs = {**INPUTS, "spec": {"args": ["--a", "--b"]}}
    spec = {"args": ["--a", "--c"]}
    ours = live({**FIELDS, "f:spec": {"f:args": {}}}, spec={"args": ["--a", "--b"]}, data=INPUTS["data"])
    assert projected(inputs, ours, OURS)["spec"] == inputs["spec"]
    theirs = live(FIELDS, {"f:spec": {"f:args": {}}}, spec=spec, data=INPUTS["data"])
    assert projected(inputs, theirs, OURS)["spec"] == spec


def test_members_of_a_set_are_ours_one_by_one() -> None:
    inputs = {**INPUTS, "metadata": {"name": "x", "finalizers": ["a", "b"]}}
    fields = {"f:metadata": {"f:finalizers": {'v:"a"': {}}}, "f:data": FIELDS["f:data"]}
    found = live(fields, data=INPUTS["data"], metadata={"finalizers": ["foreign", "a"]})
    assert projected(inputs, found, OURS)["metadata"]["finalizers"] == ["a"]


@pytest.mark.parametrize("empty", ["", {}, []])
def test_what_is_empty_is_left_out_by_the_server_and_no_drift(empty: Any) -> None:
    inputs = {**INPUTS, "spec": {"storageClassName": empty, "a": 1}}
    found = live({**FIELDS, "f:spec": {"f:a": {}}}, spec={"a": 1}, data=INPUTS["data"])
    assert projected(inputs, found, OURS)["spec"] == inputs["spec"]


def test_an_object_that_somebody_made_anew_is_all_drift() -> None:
    found = live({}, data={"a": "other"})
    found["metadata"]["managedFields"] = []
    assert projected(INPUTS, found, OURS)["data"] == {"a": "other"}


def test_texts_of_a_secret_are_compared_because_nobody_notes_who_owns_them() -> None:
    inputs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "stringData": {"a": "1", "b": "2", "c": "3"},
    }
    data = {"a": base64.b64encode(b"1").decode(), "b": base64.b64encode(b"by hand").decode()}
    found = {**live({"f:stringData": {"f:a": {}, "f:b": {}, "f:c": {}}}, data=data), "kind": "Secret"}
    assert projected(inputs, found, OURS)["stringData"] == {"a": "1", "b": "by hand"}


def test_only_what_was_applied_under_our_name_is_ours() -> None:
    found = live(FIELDS)
    found["metadata"]["managedFields"].insert(
        0, {"manager": OURS, "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}}
    )
    found["metadata"]["managedFields"].insert(0, {"manager": OURS, "operation": "Update", "fieldsV1": {"f:x": {}}})
    assert owned_by(OURS, found) == FIELDS
    assert owned_by("pulumi-kubernetes-2", found) is None


def test_an_import_takes_what_a_person_would_write() -> None:
    found = live(
        FIELDS, data={"a": "1"}, status={"phase": "x"}, metadata={"labels": {"a": "b"}, "resourceVersion": "3"}
    )
    assert declared(found) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "n", "labels": {"a": "b"}},
        "data": {"a": "1"},
    }
