"""What a site foundation hands to the workload: everything that it needs, and nothing else.

The contract between `components/sites/<site>/` and the shared path. A fifth site is one more folder that returns this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from catalog.load import SiteName
from components.plan import SitePlan
from core.sizing import Fit


@dataclass(frozen=True)
class Placement:
    """Where the pods of one service run. The same labels and taints stand on the pool and in the pod, from here."""

    fit: Fit
    node_selector: Mapping[str, str]
    tolerations: Sequence[Mapping[str, str]]
    gpu_resource: str = "nvidia.com/gpu"
    runtime_class: str | None = None


@dataclass(frozen=True)
class VolumeSource:
    """How a service's weights are mounted: the source part of a `PersistentVolume` (`{"csi": {…}}`, `{"nfs": {…}}`).

    The volume's root holds `<model>/<revision>/`. That it is read-only is added for every site alike.
    """

    spec: Mapping[str, Any]
    mount_options: Sequence[str] = ()
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    """On every pod that mounts it. Not empty where a side-car inside the pod does the mounting."""
    egress: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Network to TCP ports that such a side-car must reach, the cluster's name server besides. Empty: the node mounts."""


@dataclass(frozen=True)
class Identity:
    """What binds a Kubernetes service account to an identity of the cloud. Both empty where the cloud binds by name alone."""

    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EdgeExposure:
    """How the edge's Service becomes reachable from inside the organisation, and only from there."""

    annotations: Mapping[str, str]
    host: str
    """The name that clients use; its certificate is for it."""
    load_balancer_class: str | None = None
    probe_sources: Sequence[str] = ()
    """Networks from which the site's load balancer itself reaches the edge's pods, to see whether they live."""


@dataclass(frozen=True)
class Foundation:
    """One site, ready for workloads."""

    site: SiteName
    region: str
    kubernetes: kubernetes.Provider
    placements: Mapping[str, Placement]
    """By service name."""
    weights: Mapping[str, VolumeSource]
    """By service name."""
    registry: str
    """Host and path of the in-country registry, known before anything is deployed; image names are appended to it."""
    edge: EdgeExposure
    serving: Mapping[str, Identity]
    """By service name: the identity that reads weights."""
    syncing: Mapping[str, Identity] = field(default_factory=dict)
    """By service name: the identity that writes weights, where the cloud does not bind it by name alone."""
    zone_label: str = "topology.kubernetes.io/zone"
    depends_on: Sequence[pulumi.Resource] = ()
    """What must exist before a pod can run: node pools, add-ons."""


class Site(Protocol):
    """A site foundation: must create nothing outside Japan, must tag everything it can, must refuse before it registers."""

    def __call__(self, plan: SitePlan, settings: Any) -> Foundation:
        """Register the site's resources for the plan's services and return what a workload needs."""
        ...
