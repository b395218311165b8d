"""Storage classes that a real cluster of a site is born with, as objects.

Pure. Volumes for them are made by `cloud`. A class that the site's own program declares needs nothing from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rehearsal.cluster.api import Object

IS_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class StorageClass:
    """A storage class by its name on the real site, e.g. AKS's `default` with `disk.csi.azure.com`."""

    name: str
    provisioner: str
    default: bool = False
    binding: Literal["Immediate", "WaitForFirstConsumer"] = "WaitForFirstConsumer"


def storage_class(declared: StorageClass) -> Object:
    """The StorageClass object of `declared`."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": declared.name, "annotations": {IS_DEFAULT: str(declared.default).lower()}},
        "provisioner": declared.provisioner,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": declared.binding,
    }
