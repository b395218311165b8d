"""Names inside a cluster, the same on every site.

Identities of the clouds are bound to a namespace and a service account by name, before either exists; so the names are
facts of the product, kept in one place.
"""

from __future__ import annotations

from typing import Final

EDGE_NAMESPACE: Final = "kokunai-edge"
EDGE_SERVICE: Final = "edge"
SERVING_ACCOUNT: Final = "serve"
"""Runs the model server: it may read weights and nothing else."""
SYNC_ACCOUNT: Final = "sync"
"""Writes weights into the site's store; no pod that serves has it."""
MODEL_SERVICE: Final = "model"
"""The model server's Deployment and Service, and the `app.kubernetes.io/component` of its objects."""
SERVICE_LABEL: Final = "kokunai.jp/service"
"""On every object of a service and on the nodes of its pool: the service's name."""
ACCELERATOR_LABEL: Final = "kokunai.jp/accelerator"
"""On GPU nodes: the accelerator's name in the catalogue."""
POOL_LABEL: Final = "kokunai.jp/pool"
"""On nodes without a GPU: what they are for; `system` is the one that there is."""
EDGE_CONFIG: Final = "edge-config"
"""The ConfigMap that holds `haproxy.cfg`."""
EDGE_TLS: Final = "edge-tls"
"""The Secret of type kubernetes.io/tls with the edge's certificate."""
EDGE_KEYS: Final = "edge-keys"
"""The Secret with `keys.map` (SHA-256 of a key to its client) and `rates.map` (client to requests per ten seconds)."""
PRIORITY_CLASS: Final = "kokunai-serving"
"""What serves goes before what computes in batches."""
CLUSTER_DOMAIN: Final = "svc.cluster.local"


def namespace(service: str) -> str:
    """The namespace of a service."""
    return f"llm-{service}"


def weights_volume(service: str) -> str:
    """The volume, one name for the whole cluster, that holds a service's weights."""
    return f"weights-{service}"


def model_host(service: str) -> str:
    """The full name under which the edge finds a service's model server."""
    return f"{MODEL_SERVICE}.{namespace(service)}.{CLUSTER_DOMAIN}"


def upstream_variable(service: str) -> str:
    """The environment variable that tells an edge where a service's model server is, in place of its name."""
    return "UPSTREAM_" + service.upper().replace("-", "_")
