"""The weights store: one bucket in the site's region, by model and revision, and how a pod mounts it.

Who may read and who may write it is in `identity`; what is in it, and that it is whole, is the synchronisation's matter.
"""

from typing import Final

from pulumi_gcp import storage

from components.foundation import VolumeSource
from components.sites.gcp.keys import Keys
from components.sites.gcp.network import RESTRICTED
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services

DRIVER: Final = "gcsfuse.csi.storage.gke.io"
METADATA_SERVER: Final = "169.254.169.254/32"


def bucket(scope: Scope, services: Services, keys: Keys) -> storage.Bucket:
    """The bucket: no public access possible, access by IAM alone, own key, versions kept."""
    settings = scope.settings
    return storage.Bucket(
        scope.name("weights"),
        project=settings.project,
        name=settings.bucket_name,
        location=settings.region.upper(),
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        encryption={"default_kms_key_name": keys.weights.id},
        versioning={"enabled": True},
        force_destroy=False,
        deletion_policy="PREVENT",
        labels=scope.plan.shared_tags,
        opts=scope.options(depends_on=[keys.weights.grant, *services.ready("storage")], protect=True),
    )


def volume(bucket_name: str) -> VolumeSource:
    """The whole bucket, through Cloud Storage FUSE with the pod's own identity.

    GKE mounts in a side-car inside the pod, so the pod needs a way out: to Google's restricted addresses and to the
    metadata server, from which the side-car has its token.
    """
    return VolumeSource(
        spec={"csi": {"driver": DRIVER, "volumeHandle": bucket_name}},
        # Published weights never change: what was once read about a file stays true.
        mount_options=("implicit-dirs", "metadata-cache:ttl-secs:-1", "read_ahead_kb=1024"),
        pod_annotations={
            "gke-gcsfuse/volumes": "true",
            # 0 is "no limit": its defaults, 250m of a processor and 256 MiB, are for small files.
            "gke-gcsfuse/cpu-limit": "0",
            "gke-gcsfuse/memory-limit": "0",
            "gke-gcsfuse/ephemeral-storage-limit": "0",
        },
        egress={str(RESTRICTED): (443,), METADATA_SERVER: (80,)},
    )
