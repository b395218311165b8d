"""What differs between two sets of inputs, as paths; and which differences an object cannot live through.

Pure. The table is what the official provider replaces objects for (`diff.go` of pulumi-kubernetes v4); what it does not
list and the API server refuses to change is an error at `up`, there as here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from rehearsal.kubernetes_provider.kinds import Kind

Path = tuple[str | int, ...]


class Change(Enum):
    """How a property differs."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Difference:
    """One property that differs, at the deepest place where it does."""

    path: Path
    change: Change

    def __str__(self) -> str:
        return property_path(self.path)


def differences(old: Any, new: Any, path: Path = ()) -> Iterator[Difference]:
    """Where `new` differs from `old`, in the order of `old`, then what only `new` has."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key not in new:
                yield Difference((*path, key), Change.DELETE)
            else:
                yield from differences(old[key], new[key], (*path, key))
        for key in new.keys() - old.keys():
            yield Difference((*path, key), Change.ADD)
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(zip(old, new, strict=False)):
            yield from differences(before, after, (*path, index))
        for index in range(len(new), len(old)):
            yield Difference((*path, index), Change.DELETE)
        for index in range(len(old), len(new)):
            yield Difference((*path, index), Change.ADD)
    elif old != new:
        yield Difference(path, Change.UPDATE)


def property_path(path: Path) -> str:
    """A path as the engine writes it: `spec.containers[0].image`, `metadata.labels["a.b/c"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").replace("-", "a").isalnum():
            text += f".{step}" if text else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


@dataclass(frozen=True)
class Mutability:
    """Whether the provider was told that ConfigMaps and Secrets may be changed in place."""

    config_maps: bool = False
    secrets: bool = False


_POD: Final = (
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC",
    "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy",
    "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName",
    "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
    "terminationGracePeriodSeconds", "volumes",
)  # fmt: skip
_CONTAINER: Final = (
    "args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
    "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "volumeMounts", "workingDir",
)  # fmt: skip
_VOLUME: Final = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
    "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip
_SET: Final = ("podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates")

REPLACED_FOR: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME),
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "Pod"): (
        *(f"spec.{name}" for name in _POD),
        *(f"spec.{kind}.*.{name}" for kind in ("containers", "initContainers") for name in _CONTAINER),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): tuple(f"spec.{name}" for name in _SET),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}
"""Properties by group and kind; `*` stands for any item of a list. Name and namespace come to every kind."""
IDENTITY: Final = ("metadata.name", "metadata.namespace")
SECRET_DATA: Final = ("type", "stringData", "data")
CONFIG_DATA: Final = ("binaryData", "data")


def needs_replacement(kind: Kind, difference: Difference, inputs: Mapping[str, Any], mutability: Mutability) -> bool:
    """Whether an object of `kind` with the new `inputs` must be replaced because of `difference`."""
    listed = (*IDENTITY, *REPLACED_FOR.get((kind.group, kind.name), ()))
    fixed = inputs.get("immutable") is True
    if (kind.group, kind.name) == ("", "Secret") and (fixed or not mutability.secrets):
        listed = (*listed, *SECRET_DATA)
    if (kind.group, kind.name) == ("", "ConfigMap") and (fixed or not mutability.config_maps):
        listed = (*listed, *CONFIG_DATA)
    return any(_touches(tuple(pattern.split(".")), difference.path) for pattern in listed)


def _touches(pattern: tuple[str, ...], path: Path) -> bool:
    """Whether a change at `path` is inside the property `pattern`, or takes it along."""
    return all(want in ("*", step) for want, step in zip(pattern, path, strict=False))
