"""Logs stay in the site's region: a log bucket of our own, and everything that would go to the `global` one routed to it.

The project's `_Required` bucket is Google's: it takes copies of audit entries, and its place was settled when the project
was made (set the organisation's default storage location before). What it receives is in our bucket, too.
"""

from pulumi_gcp import logging

from components.sites.gcp.keys import Keys
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services


def logs(scope: Scope, services: Services, keys: Keys) -> logging.ProjectBucketConfig:
    """The log bucket, and the project's `_Default` sink without filter pointed at it."""
    settings = scope.settings
    bucket = logging.ProjectBucketConfig(
        scope.name("logs"),
        project=settings.project,
        location=settings.region,
        bucket_id=settings.log_bucket,
        retention_days=settings.log_retention_days,
        cmek_settings={"kms_key_name": keys.logs.id},
        deletion_policy="PREVENT",
        opts=scope.options(depends_on=[keys.logs.grant, *services.ready("logging")], protect=True),
    )
    logging.ProjectSink(
        scope.name("default-sink"),
        project=settings.project,
        name="_Default",
        destination=f"logging.googleapis.com/projects/{settings.project}/locations/{settings.region}/buckets/{settings.log_bucket}",
        unique_writer_identity=True,
        opts=scope.options(depends_on=[bucket]),
    )
    return bucket
