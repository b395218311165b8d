"""Whether an object has become what was declared: pure judgements of live objects, as the official provider makes them.

Each judge sees the object and, where its kind needs them, objects around it, and answers ready, waiting (for what) or
failed (why). How long one waits, and who is told, is `waiting`'s business. Custom resources are ready when they are applied:
their controllers do not run in a rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from rehearsal.cluster.api import Object

Around = Mapping[str, Any]
"""Objects around the judged one, by the word that its `look` gives them: an object, a list of objects, or None."""


class State(Enum):
    """What a judge may say."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """A judge's answer; `message` says what is waited for, or why it failed."""

    state: State
    message: str = ""


READY: Final = Verdict(State.READY)


def waiting(message: str) -> Verdict:
    return Verdict(State.WAITING, message)


def failed(message: str) -> Verdict:
    return Verdict(State.FAILED, message)


def deployment(live: Object, around: Around) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    if _unseen(live):
        return waiting("the controller has not seen this version yet")
    if spec.get("paused"):
        return READY
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return failed(progressing.get("message", "progress deadline exceeded"))
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if updated < wanted:
        return waiting(_with(live, "ReplicaFailure", f"{updated} of {wanted} Pods updated"))
    if status.get("replicas", 0) > updated:
        return waiting(f"{status['replicas'] - updated} old Pods still run")
    available = status.get("availableReplicas", 0)
    return READY if available >= updated else waiting(f"{available} of {updated} Pods available")


def stateful_set(live: Object, around: Around) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    if _unseen(live):
        return waiting("the controller has not seen this version yet")
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < wanted:
        return waiting(f"{ready} of {wanted} Pods ready")
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return READY
    partition = strategy.get("rollingUpdate", {}).get("partition", 0)
    updated = status.get("updatedReplicas", 0)
    if updated < wanted - partition:
        return waiting(f"{updated} of {wanted - partition} Pods updated")
    if not partition and status.get("currentRevision") != status.get("updateRevision"):
        return waiting("old Pods still run")
    return READY


def daemon_set(live: Object, around: Around) -> Verdict:
    status = live.get("status", {})
    if _unseen(live):
        return waiting("the controller has not seen this version yet")
    wanted = status.get("desiredNumberScheduled", 0)
    if live["spec"].get("updateStrategy", {}).get("type") != "OnDelete":
        updated = status.get("updatedNumberScheduled", 0)
        if updated < wanted:
            return waiting(f"{updated} of {wanted} Pods updated")
    available = status.get("numberAvailable", 0)
    return READY if available >= wanted else waiting(f"{available} of {wanted} Pods available")


def replication_controller(live: Object, around: Around) -> Verdict:
    wanted, ready = live["spec"].get("replicas", 1), live.get("status", {}).get("readyReplicas", 0)
    if _unseen(live):
        return waiting("the controller has not seen this version yet")
    return READY if ready >= wanted else waiting(_with(live, "ReplicaFailure", f"{ready} of {wanted} Pods ready"))


def job(live: Object, around: Around) -> Verdict:
    if live["spec"].get("suspend"):
        return READY
    if condition(live, "Complete").get("status") == "True":
        return READY
    broken = condition(live, "Failed")
    if broken.get("status") == "True":
        return failed(f"{broken.get('reason', 'Failed')}: {broken.get('message', '')}".rstrip(": "))
    status = live.get("status", {})
    return waiting(f"{status.get('succeeded', 0)} of {live['spec'].get('completions', 1)} Pods succeeded")


def pod(live: Object, around: Around) -> Verdict:
    status = live.get("status", {})
    if status.get("phase") == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return READY
    if status.get("phase") == "Failed":
        return failed(": ".join(filter(None, (status.get("reason"), status.get("message")))) or "the Pod failed")
    return waiting("; ".join(troubles([live])) or f"the Pod is {status.get('phase', 'Pending')}")


def claim(live: Object, around: Around) -> Verdict:
    phase = live.get("status", {}).get("phase")
    if phase == "Bound":
        return READY
    if phase == "Lost":
        return failed("the claim's volume is gone")
    storage = around.get("class")
    if storage and storage.get("volumeBindingMode") == "WaitForFirstConsumer":
        return READY
    name = live["spec"].get("storageClassName")
    if name and storage is None:
        return waiting(f"no StorageClass {name!r}, and no PersistentVolume of that class fits")
    return waiting("no volume is bound to the claim")


def volume(live: Object, around: Around) -> Verdict:
    status = live.get("status", {})
    if status.get("phase") in ("Available", "Bound"):
        return READY
    if status.get("phase") == "Failed":
        return failed(status.get("message", "the volume failed"))
    return waiting(f"the volume is {status.get('phase', 'Pending')}")


def service(live: Object, around: Around) -> Verdict:
    spec = live["spec"]
    if spec.get("type") == "ExternalName":
        return READY
    if spec.get("selector") and spec.get("clusterIP") != "None":
        addresses = [e for part in around.get("endpoints") or [] for e in part.get("endpoints") or []]
        late = [e for e in addresses if e.get("conditions", {}).get("ready") is False]
        if late:
            return waiting(f"{len(late)} of {len(addresses)} selected Pods are not ready")
    if spec.get("type") == "LoadBalancer":
        return load_balanced(live, around)
    return READY


def load_balanced(live: Object, around: Around) -> Verdict:
    """A Service of type LoadBalancer, or an Ingress: it has an address."""
    if live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return READY
    return waiting("no address has been given to the load balancer")


def quota(live: Object, around: Around) -> Verdict:
    wanted, seen = live["spec"].get("hard", {}), live.get("status", {}).get("hard", {})
    return READY if wanted == seen else waiting("the quota has not taken effect")


def namespace(live: Object, around: Around) -> Verdict:
    """Usable at once; the official provider goes on earlier and may lose a race for a bare Pod's service account."""
    return READY if around.get("account") is not None else waiting("the namespace has no service account yet")


def definition(live: Object, around: Around) -> Verdict:
    """A CustomResourceDefinition."""
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return failed(names.get("message", "the names are taken"))
    if condition(live, "Established").get("status") == "True":
        return READY
    return waiting("the kind is not served yet")


def api_service(live: Object, around: Around) -> Verdict:
    available = condition(live, "Available")
    return READY if available.get("status") == "True" else waiting(available.get("message", "the API does not answer"))


def condition(live: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of that type in `status`, empty where there is none."""
    for each in live.get("status", {}).get("conditions") or []:
        if each.get("type") == kind:
            found: Mapping[str, Any] = each
            return found
    return {}


def troubles(pods: Iterable[Object]) -> list[str]:
    """What keeps these Pods from running, in the scheduler's and kubelets' words, each once."""
    found: dict[str, None] = {}
    for each in pods:
        scheduled = condition(each, "PodScheduled")
        if scheduled.get("status") == "False":
            found[f"{scheduled.get('reason', 'Unscheduled')}: {scheduled.get('message', '')}"] = None
        status = each.get("status", {})
        for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
            held = container.get("state", {}).get("waiting")
            if held:
                name = container.get("name", "")
                found[f"container {name}: {held.get('reason', '')} {held.get('message', '')}".rstrip()] = None
    return list(found)


def _unseen(live: Object) -> bool:
    return int(live.get("status", {}).get("observedGeneration", 0)) < int(live["metadata"].get("generation", 0))


def _with(live: Object, kind: str, message: str) -> str:
    told = condition(live, kind).get("message")
    return f"{message}: {told}" if told else message


@dataclass(frozen=True)
class Awaited:
    """How a kind is waited for.

    `seconds` is how long the official provider waits; `look` names the paths of what the judge needs to see besides the
    object: one object for a plain path, a list for one with a query.
    """

    judge: Callable[[Object, Around], Verdict]
    seconds: int = 600
    look: Callable[[Object], Mapping[str, str]] = lambda live: {}


def _endpoints(live: Object) -> Mapping[str, str]:
    metadata = live["metadata"]
    selector = quote(f"kubernetes.io/service-name={metadata['name']}")
    path = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
    return {"endpoints": f"{path}?labelSelector={selector}"}


def _class(live: Object) -> Mapping[str, str]:
    name = live["spec"].get("storageClassName")
    return {"class": f"/apis/storage.k8s.io/v1/storageclasses/{name}"} if name else {}


def _account(live: Object) -> Mapping[str, str]:
    return {"account": f"/api/v1/namespaces/{live['metadata']['name']}/serviceaccounts/default"}


AWAITED: Final[Mapping[tuple[str, str], Awaited]] = {
    ("", "Namespace"): Awaited(namespace, 10, _account),
    ("", "PersistentVolume"): Awaited(volume, 300),
    ("", "PersistentVolumeClaim"): Awaited(claim, 300, _class),
    ("", "Pod"): Awaited(pod, 300),
    ("", "ReplicationController"): Awaited(replication_controller, 300),
    ("", "ResourceQuota"): Awaited(quota, 60),
    ("", "Service"): Awaited(service, 600, _endpoints),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Awaited(definition, 60),
    ("apiregistration.k8s.io", "APIService"): Awaited(api_service, 60),
    ("apps", "DaemonSet"): Awaited(daemon_set),
    ("apps", "Deployment"): Awaited(deployment),
    ("apps", "StatefulSet"): Awaited(stateful_set),
    ("batch", "Job"): Awaited(job),
    ("networking.k8s.io", "Ingress"): Awaited(load_balanced),
}
"""Kinds that are waited for, by group and kind."""
