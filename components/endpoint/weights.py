"""The weights as a read-only volume, bound by name to the one claim that may use it.

Where the bytes are is the site's: its foundation gives the volume's source. Who writes them is not here either: the
synchronising identity has another account.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING
from typing import Any, Final

import pulumi
from pulumi_kubernetes import core, meta

from catalog.load import catalogue
from components import labels
from components.foundation import Foundation
from components.plan import Sized
from core import naming, sizing

CLAIM: Final = "weights"
NO_CLASS: Final = ""
"""The storage class that means: bind only to the named volume, never provision one."""


def weights(
    name: str,
    sized: Sized,
    foundation: Foundation,
    cluster: pulumi.ResourceOptions,
    within: pulumi.ResourceOptions,
) -> core.v1.PersistentVolumeClaim:
    """The volume (of the cluster) and the claim (in the service's namespace)."""
    service = sized.service
    source = foundation.weights[service.name]
    capacity = {"storage": f"{_gib(sized)}Gi"}
    home = naming.namespace(service.name)
    # Read-only whatever the site's source says.
    mounted: Mapping[str, Any] = {kind: {**details, "readOnly": True} for kind, details in source.spec.items()}
    volume = core.v1.PersistentVolume(
        f"{name}-weights-volume",
        metadata=meta.v1.ObjectMetaArgs(
            name=naming.weights_volume(service.name), labels=labels.labels(CLAIM, sized.tags, service)
        ),
        spec=core.v1.PersistentVolumeSpecArgs(
            access_modes=["ReadOnlyMany"],
            capacity=capacity,
            claim_ref=core.v1.ObjectReferenceArgs(namespace=home, name=CLAIM),
            mount_options=list(source.mount_options),
            persistent_volume_reclaim_policy="Retain",
            storage_class_name=NO_CLASS,
            **mounted,
        ),
        opts=cluster,
    )
    return core.v1.PersistentVolumeClaim(
        f"{name}-weights-claim",
        metadata=meta.v1.ObjectMetaArgs(name=CLAIM, namespace=home, labels=labels.labels(CLAIM, sized.tags, service)),
        spec=core.v1.PersistentVolumeClaimSpecArgs(
            access_modes=["ReadOnlyMany"],
            resources=core.v1.VolumeResourceRequirementsArgs(requests=capacity),
            storage_class_name=NO_CLASS,
            volume_name=naming.weights_volume(service.name),
        ),
        opts=pulumi.ResourceOptions.merge(within, pulumi.ResourceOptions(depends_on=[volume])),
    )


def _gib(sized: Sized) -> int:
    model = catalogue().models[sized.service.model]
    return int(sizing.weights_gib(model, sized.service.precision).to_integral_value(ROUND_CEILING))
