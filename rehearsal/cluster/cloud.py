"""The controllers that a cloud brings along: volumes for claims, addresses for load balancers.

A process of its own beside each control plane (`python -m rehearsal.cluster.cloud KUBECONFIG`), because a volume may be asked
for by a StatefulSet of which no program of ours knows. It follows the protocols of the real ones: a claim is served when the
volume controller has handed it to the class's provisioner, and a released volume goes when its class says so. Nothing
stands behind: the volume holds no bytes, and the address is one of those reserved for documentation.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from rehearsal.cluster.api import Api, ApiError, Object, Unreachable

PROVISIONER: Final = "volume.kubernetes.io/storage-provisioner"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
ZONE: Final = "topology.kubernetes.io/zone"
HANDLE: Final = "rehearsal-"
DOCUMENTATION: Final = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
AGAIN: Final = 0.5
"""Seconds before a lost watch is taken up again."""


def volume_for(claim: Object, storage: Object | None, node: Object | None) -> Object | None:
    """The PersistentVolume that the class's provisioner would make for `claim`; None where it is not asked to (yet).

    Args:
        storage: the claim's StorageClass.
        node: the node that the scheduler chose, where the class waits for that.
    """
    metadata, spec = claim["metadata"], claim["spec"]
    provisioner = metadata.get("annotations", {}).get(PROVISIONER)
    if not provisioner or storage is None or spec.get("volumeName") or metadata.get("deletionTimestamp"):
        return None
    if provisioner.startswith("kubernetes.io/"):
        return None
    volume: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{metadata['uid']}", "annotations": {PROVISIONED_BY: provisioner}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "csi": {"driver": provisioner, "volumeHandle": f"{HANDLE}{metadata['uid']}"},
            "mountOptions": storage.get("mountOptions", []),
            "persistentVolumeReclaimPolicy": storage.get("reclaimPolicy", "Delete"),
            "storageClassName": storage["metadata"]["name"],
            "volumeMode": spec.get("volumeMode", "Filesystem"),
        },
    }
    zone = node["metadata"].get("labels", {}).get(ZONE) if node else None
    if zone:
        term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    return volume


def is_to_go(volume: Object) -> bool:
    """Whether `volume` was made here, is let go by its claim, and belongs to a class that then deletes it."""
    spec = volume["spec"]
    return (
        spec.get("csi", {}).get("volumeHandle", "").startswith(HANDLE)
        and spec.get("persistentVolumeReclaimPolicy") == "Delete"
        and volume.get("status", {}).get("phase") == "Released"
        and not volume["metadata"].get("deletionTimestamp")
    )


def address_for(target: Object) -> str | None:
    """The address of a Service of type LoadBalancer, or of an Ingress; None where none is due.

    From the ranges of RFC 5737: nobody on earth has it, and the same object always gets the same one.
    """
    metadata = target["metadata"]
    if target["kind"] == "Service" and target["spec"].get("type") != "LoadBalancer":
        return None
    if metadata.get("deletionTimestamp") or target.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return None
    digest = hashlib.sha256(f"{target['kind']}/{metadata['namespace']}/{metadata['name']}".encode()).digest()
    network = DOCUMENTATION[digest[0] % len(DOCUMENTATION)]
    return str(network[1 + digest[1] % 254])


@dataclass(frozen=True)
class Watched:
    """A collection, and what to do with each of its objects as it comes or changes."""

    path: str
    kind: str
    handle: Callable[[Api, Object], None]


def _provide(api: Api, claim: Object) -> None:
    name = claim["spec"].get("storageClassName")
    annotations = claim["metadata"].get("annotations", {})
    if not name or PROVISIONER not in annotations:
        return
    node = api.find(f"/api/v1/nodes/{annotations[SELECTED_NODE]}") if SELECTED_NODE in annotations else None
    volume = volume_for(claim, api.find(f"/apis/storage.k8s.io/v1/storageclasses/{name}"), node)
    if volume:
        api.post("/api/v1/persistentvolumes", volume)


def _take_away(api: Api, volume: Object) -> None:
    if is_to_go(volume):
        api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")


def _give_address(api: Api, target: Object) -> None:
    address = address_for(target)
    if address is None:
        return
    namespace, name = target["metadata"]["namespace"], target["metadata"]["name"]
    base = {"Service": "/api/v1", "Ingress": "/apis/networking.k8s.io/v1"}[target["kind"]]
    plural = {"Service": "services", "Ingress": "ingresses"}[target["kind"]]
    body: Object = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    api.merge(f"{base}/namespaces/{namespace}/{plural}/{name}/status", body)


WATCHED: Final = (
    Watched("/api/v1/persistentvolumeclaims", "PersistentVolumeClaim", _provide),
    Watched("/api/v1/persistentvolumes", "PersistentVolume", _take_away),
    Watched("/api/v1/services", "Service", _give_address),
    Watched("/apis/networking.k8s.io/v1/ingresses", "Ingress", _give_address),
)


def follow(api: Api, watched: Watched) -> None:
    """Handle every object of the collection, now and as it changes, until the watch is lost."""
    listed = api.get(watched.path)
    for item in listed["items"]:
        _handle(api, watched, {**item, "kind": watched.kind})
    events = api.watch(watched.path, resourceVersion=listed["metadata"]["resourceVersion"])
    for event, item in events:
        if event != "DELETED":
            _handle(api, watched, item)


def _handle(api: Api, watched: Watched, item: Object) -> None:
    # Somebody was quicker, or the object is gone: the next event brings what is true then.
    with suppress(ApiError):
        watched.handle(api, item)


def _client(kubeconfig: Mapping[str, list[Mapping[str, Mapping[str, str]]]]) -> Api:
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    authority = Path(cluster["certificate-authority"]).read_text("utf-8")
    return Api(cluster["server"], certificate_authority=authority, token=user["token"])


def main(path: str) -> None:
    """Serve the cluster of the kubeconfig file `path` until the process is ended."""
    api = _client(json.loads(Path(path).read_text("utf-8")))

    def keep_following(watched: Watched) -> None:
        while True:
            with suppress(ApiError, Unreachable):
                follow(api, watched)
            time.sleep(AGAIN)

    for watched in WATCHED:
        threading.Thread(target=keep_following, args=(watched,), name=watched.kind, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
