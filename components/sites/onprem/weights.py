"""The organisation's weights volumes as sources of PersistentVolumes."""

from collections.abc import Mapping

from components.foundation import VolumeSource
from components.plan import SitePlan
from components.sites.onprem.settings import Weights
from core.errors import InputError, KokunaiError


def volume_sources(weights: Weights, plan: SitePlan) -> Mapping[str, VolumeSource]:
    """By service name: the one NFS export, or the service's own volume.

    Raises:
        InputError: with each service that has no volume.
    """
    names = [each.service.name for each in plan.sized]
    if nfs := weights.nfs:
        source = VolumeSource({"nfs": {"server": nfs.server, "path": nfs.path}}, mount_options=["nfsvers=4.1"])
        return dict.fromkeys(names, source)
    csi = weights.csi
    assert csi is not None  # the settings have exactly one
    if problems := [
        KokunaiError(
            f"service {name!r} has no volume", where=f"kokunai:onprem.weights.csi.volumes.{name}", fix="add its handle"
        )
        for name in names
        if name not in csi.volumes
    ]:
        raise InputError(problems)
    return {
        name: VolumeSource(
            {
                "csi": {
                    "driver": csi.driver,
                    "volumeHandle": csi.volumes[name],
                    "volumeAttributes": dict(csi.attributes),
                }
            }
        )
        for name in names
    }
