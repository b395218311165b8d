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
CLUSTER_DOMAIN: Final = "svc.cluster.local"


def namespace(service: str) -> str:
    """The namespace of a service."""
    return f"llm-{service}"


def model_host(service: str) -> str:
    """The full name under which the edge finds a service's model server."""
    return f"{MODEL_SERVICE}.{namespace(service)}.{CLUSTER_DOMAIN}"
