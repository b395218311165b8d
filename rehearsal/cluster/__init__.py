"""Real Kubernetes control planes on one machine, one per site, with nodes that exist in name only.

API server, etcd, controllers and scheduler are the real programs: schema, defaults, RBAC, quota, admission, scheduling
and rollout are theirs to judge. The kubelets are KWOK's (no container runs, no probe is sent, no packet is filtered), and
`cloud` stands in for the controllers that a cloud would bring: volumes and load balancers. What a program of the stack does
with such a cluster is `rehearsal.kubernetes_provider`'s business.
"""

from rehearsal.cluster.api import Api, ApiError
from rehearsal.cluster.control_plane import ControlPlane, start_together, stop_together, write_directory
from rehearsal.cluster.nodes import NodePool, Taint
from rehearsal.cluster.storage import StorageClass

__all__ = [
    "Api",
    "ApiError",
    "ControlPlane",
    "NodePool",
    "StorageClass",
    "Taint",
    "start_together",
    "stop_together",
    "write_directory",
]
