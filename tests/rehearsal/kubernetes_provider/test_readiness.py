"""When an object counts as ready: a truth table per kind."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.kubernetes_provider.readiness import AWAITED, State, troubles
from rehearsal.kubernetes_provider.waiting import PATIENCE, seconds_for

READY, WAITING, FAILED = State.READY, State.WAITING, State.FAILED


def condition(kind: str, status: str = "True", **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, **more}


def judged(
    kind: str,
    spec: dict[str, Any],
    status: dict[str, Any],
    around: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> tuple[State, str]:
    group, _, name = kind.rpartition("/")
    live = {"metadata": {"generation": 2, "name": "x", "namespace": "n", **(metadata or {})}, "spec": spec}
    verdict = AWAITED[group, name].judge({**live, "status": status}, around or {})
    return verdict.state, verdict.message


SEEN = {"observedGeneration": 2}


@pytest.mark.parametrize(
    ("spec", "status", "state", "message"),
    [
        ({"replicas": 2}, {"observedGeneration": 1}, WAITING, "has not seen this version"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 1}, WAITING, "1 of 2 Pods updated"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 3}, WAITING, "1 old Pods still run"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 2}, WAITING, "0 of 2 Pods available"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, READY, ""),
        ({"replicas": 0}, SEEN, READY, ""),
        ({"replicas": 2, "paused": True}, SEEN, READY, ""),
        ({}, {**SEEN, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}, READY, ""),
        (
            {},
            {
                **SEEN,
                "conditions": [condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="late")],
            },
            FAILED,
            "late",
        ),
        (
            {},
            {**SEEN, "conditions": [condition("ReplicaFailure", message="quota")]},
            WAITING,
            "0 of 1 Pods updated: quota",
        ),
    ],
)
def test_deployment(spec: dict[str, Any], status: dict[str, Any], state: State, message: str) -> None:
    found, told = judged("apps/Deployment", spec, status)
    assert found is state
    assert message in told


REVISIONS = {"currentRevision": "a", "updateRevision": "a"}


@pytest.mark.parametrize(
    ("spec", "status", "state", "message"),
    [
        ({"replicas": 2}, {**SEEN, "readyReplicas": 1}, WAITING, "1 of 2 Pods ready"),
        ({"replicas": 2}, {**SEEN, "readyReplicas": 2, "updatedReplicas": 1}, WAITING, "1 of 2 Pods updated"),
        (
            {"replicas": 2},
            {**SEEN, "readyReplicas": 2, "updatedReplicas": 2, "currentRevision": "a", "updateRevision": "b"},
            WAITING,
            "old Pods",
        ),
        ({"replicas": 2}, {**SEEN, "readyReplicas": 2, "updatedReplicas": 2, **REVISIONS}, READY, ""),
        ({"replicas": 1, "updateStrategy": {"type": "OnDelete"}}, {**SEEN, "readyReplicas": 1}, READY, ""),
        (
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {**SEEN, "readyReplicas": 3, "updatedReplicas": 1},
            READY,
            "",
        ),
    ],
)
def test_stateful_set(spec: dict[str, Any], status: dict[str, Any], state: State, message: str) -> None:
    found, told = judged("apps/StatefulSet", spec, status)
    assert found is state
    assert message in told


@pytest.mark.parametrize(
    ("kind", "spec", "status", "state"),
    [
        ("apps/DaemonSet", {}, {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}, WAITING),
        (
            "apps/DaemonSet",
            {},
            {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
            READY,
        ),
        ("apps/DaemonSet", {}, {**SEEN, "desiredNumberScheduled": 0}, READY),
        ("batch/Job", {"completions": 1}, {}, WAITING),
        ("batch/Job", {}, {"conditions": [condition("Complete")]}, READY),
        ("batch/Job", {}, {"conditions": [condition("Failed", reason="BackoffLimitExceeded")]}, FAILED),
        ("batch/Job", {"suspend": True}, {}, READY),
        ("/Pod", {}, {"phase": "Pending"}, WAITING),
        ("/Pod", {}, {"phase": "Running", "conditions": [condition("Ready")]}, READY),
        ("/Pod", {}, {"phase": "Succeeded"}, READY),
        ("/Pod", {}, {"phase": "Failed", "reason": "Evicted"}, FAILED),
        ("/PersistentVolume", {}, {"phase": "Pending"}, WAITING),
        ("/PersistentVolume", {}, {"phase": "Available"}, READY),
        ("/PersistentVolume", {}, {"phase": "Failed"}, FAILED),
        ("/ReplicationController", {"replicas": 1}, {**SEEN, "readyReplicas": 0}, WAITING),
        ("/ReplicationController", {"replicas": 1}, {**SEEN, "readyReplicas": 1}, READY),
        ("/ResourceQuota", {"hard": {"pods": "1"}}, {}, WAITING),
        ("/ResourceQuota", {"hard": {"pods": "1"}}, {"hard": {"pods": "1"}}, READY),
        ("apiextensions.k8s.io/CustomResourceDefinition", {}, {}, WAITING),
        ("apiextensions.k8s.io/CustomResourceDefinition", {}, {"conditions": [condition("Established")]}, READY),
        (
            "apiextensions.k8s.io/CustomResourceDefinition",
            {},
            {"conditions": [condition("NamesAccepted", "False")]},
            FAILED,
        ),
        ("apiregistration.k8s.io/APIService", {}, {"conditions": [condition("Available", "False")]}, WAITING),
        ("apiregistration.k8s.io/APIService", {}, {"conditions": [condition("Available")]}, READY),
        ("networking.k8s.io/Ingress", {}, {"loadBalancer": {}}, WAITING),
        ("networking.k8s.io/Ingress", {}, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, READY),
    ],
)
def test_other_kinds(kind: str, spec: dict[str, Any], status: dict[str, Any], state: State) -> None:
    assert judged(kind, spec, status)[0] is state


@pytest.mark.parametrize(
    ("phase", "storage", "state", "message"),
    [
        ("Bound", None, READY, ""),
        ("Lost", None, FAILED, "gone"),
        ("Pending", {"volumeBindingMode": "WaitForFirstConsumer"}, READY, ""),
        ("Pending", {"volumeBindingMode": "Immediate"}, WAITING, "no volume is bound"),
        ("Pending", None, WAITING, "no StorageClass 'fast'"),
    ],
)
def test_claim(phase: str, storage: dict[str, Any] | None, state: State, message: str) -> None:
    found, told = judged("/PersistentVolumeClaim", {"storageClassName": "fast"}, {"phase": phase}, {"class": storage})
    assert found is state
    assert message in told


def endpoints(*ready: bool) -> dict[str, Any]:
    return {"endpoints": [{"endpoints": [{"conditions": {"ready": each}} for each in ready]}]}


@pytest.mark.parametrize(
    ("spec", "around", "state"),
    [
        ({"type": "ExternalName"}, {}, READY),
        ({"selector": {"a": "b"}}, endpoints(True, False), WAITING),
        ({"selector": {"a": "b"}}, endpoints(True, True), READY),
        ({"selector": {"a": "b"}}, {"endpoints": []}, READY),
        ({"selector": {"a": "b"}, "clusterIP": "None"}, endpoints(False), READY),
        ({}, endpoints(False), READY),
        ({"type": "LoadBalancer"}, {}, WAITING),
    ],
)
def test_service(spec: dict[str, Any], around: dict[str, Any], state: State) -> None:
    assert judged("/Service", spec, {}, around)[0] is state


def test_a_namespace_is_ready_when_pods_can_live_in_it() -> None:
    assert judged("/Namespace", {}, {}, {"account": None})[0] is WAITING
    assert judged("/Namespace", {}, {}, {"account": {}})[0] is READY


def test_what_keeps_pods_from_running_is_told_once() -> None:
    lost = {"status": {"conditions": [condition("PodScheduled", "False", reason="Unschedulable", message="no GPU")]}}
    held = {
        "status": {
            "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "x"}}}]
        }
    }
    assert troubles([lost, lost, held, {"status": {}}]) == ["Unschedulable: no GPU", "container c: ImagePullBackOff x"]


@pytest.mark.parametrize(
    ("annotation", "custom", "seconds"),
    [(None, 0, 60), ("7", 0, 7), ("7", 3, 3), ("soon", 0, 60), ("9999", 0, PATIENCE), (None, 9999, PATIENCE)],
)
def test_how_long_is_waited(annotation: str | None, custom: float, seconds: float) -> None:
    annotations = {} if annotation is None else {"pulumi.com/timeoutSeconds": annotation}
    assert seconds_for({"metadata": {"annotations": annotations}}, custom, 60) == seconds
