"""The weights store: one bucket in the site's region, by model and revision, and how a pod mounts it.

Who may read and who may write it is in `identity`; what is in it, and that it is whole, is the synchronisation's matter.
"""

from typing import Final

from pulumi_gcp import storage

from components.foundation import VolumeSource
from components.sites.gcp.keys import Keys
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services

DRIVER: Final = "gcsfuse.csi.storage.gke.io"


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
    """The whole bucket, read-only, through Cloud Storage FUSE with the pod's own identity."""
    return VolumeSource(
        spec={
            "csi": {
                "driver": DRIVER,
                "volumeHandle": bucket_name,
                "readOnly": True,
                "volumeAttributes": {"skipCSIBucketAccessCheck": "true"},
            }
        },
        mount_options=("implicit-dirs", "read_ahead_kb=1024", "metadata-cache:ttl-secs:-1"),
    )
