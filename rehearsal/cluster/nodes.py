"""The machines of a rehearsed site as Node objects: a name, labels, capacity; behind it a kubelet that only says "yes".

Pure. Which machines a site has is its catalogue's to say (`catalog`); who creates the objects is `control_plane`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from rehearsal.cluster.api import Object

POOL_LABEL: Final = "rehearsal.kokunai/pool"
"""On every node that a rehearsal made; the others are never touched."""
DECLARED: Final = "rehearsal.kokunai/declared"
"""Annotation: a digest of the node as declared, by which a changed declaration is seen."""
KWOK: Final = {"kwok.x-k8s.io/node": "fake"}
GIB: Final = "Gi"


@dataclass(frozen=True)
class Taint:
    """What keeps pods away that do not tolerate it."""

    key: str
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


@dataclass(frozen=True)
class NodePool:
    """`count` equal machines in one zone.

    `cpu` is in cores, memory and disk in GiB, `gpus` per machine; all of it can be had by pods (nothing is reserved for
    the system, which real nodes do by a few percent).
    """

    name: str
    count: int
    machine: str
    region: str
    zone: str
    cpu: int
    memory_gib: int
    gpus: int = 0
    gpu_resource: str = "nvidia.com/gpu"
    disk_gib: int = 200
    pods: int = 110
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()


def nodes(pools: Iterable[NodePool]) -> dict[str, Object]:
    """The Node objects of `pools` by name."""
    return {node["metadata"]["name"]: node for pool in pools for node in (_node(pool, n) for n in range(pool.count))}


def _node(pool: NodePool, number: int) -> Object:
    name = f"{pool.name}-{number}"
    resources = {
        "cpu": str(pool.cpu),
        "memory": f"{pool.memory_gib}{GIB}",
        "ephemeral-storage": f"{pool.disk_gib}{GIB}",
        "pods": str(pool.pods),
        **({pool.gpu_resource: str(pool.gpus)} if pool.gpus else {}),
    }
    node: Object = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": dict(KWOK),
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": pool.machine,
                "topology.kubernetes.io/region": pool.region,
                "topology.kubernetes.io/zone": pool.zone,
                POOL_LABEL: pool.name,
                **pool.labels,
            },
        },
        "spec": {"taints": [{"key": t.key, "value": t.value, "effect": t.effect} for t in pool.taints]},
        "status": {"capacity": resources, "allocatable": resources},
    }
    digest = hashlib.sha256(json.dumps(node, sort_keys=True).encode()).hexdigest()[:16]
    node["metadata"]["annotations"][DECLARED] = digest
    return node
