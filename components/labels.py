"""The labels of what runs in a cluster: the recommended ones of Kubernetes, and the stamped tags.

Tags are stamped here once more because a pod's labels are what meters and cost reports inside a cluster can see. Which
tags there are is decided in the plan.
"""

from collections.abc import Mapping

from core import naming
from core.service import Service

PART_OF = "kokunai"


def selector(component: str, service: Service | None = None) -> dict[str, str]:
    """The labels by which pods are selected: a Deployment's may never change, so no tag is among them."""
    return {
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/component": component,
        **({naming.SERVICE_LABEL: service.name} if service else {}),
    }


def labels(component: str, tags: Mapping[str, str], service: Service | None = None) -> dict[str, str]:
    """All labels of an object; of a pod template, too."""
    return {**tags, **selector(component, service), "app.kubernetes.io/managed-by": "pulumi"}
