"""The weights bucket: in one region, encrypted, versioned, reached from inside the site only, written by sync alone.

Objects are `<model>/<revision>/<file>`. Which role reads or writes which model is in `identity`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.foundation import VolumeSource
from components.plan import Sized
from components.sites.aws import policy
from components.sites.aws.keys import Keys
from components.sites.aws.provider import Scope


@dataclass(frozen=True)
class Weights:
    """The bucket, and the ARN of the key that its objects are encrypted with."""

    bucket: s3.Bucket
    key_arn: pulumi.Output[str]


def weights(scope: Scope, keys: Keys) -> Weights:
    """Register the bucket with everything but its policy, which names roles that are made later."""
    bucket = s3.Bucket(
        scope.named("weights"),
        bucket=scope.settings.bucket_name,
        force_destroy=False,
        opts=scope.child(protect=True),
    )
    s3.BucketOwnershipControls(
        scope.named("weights"),
        bucket=bucket.bucket,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=scope.child(),
    )
    s3.BucketPublicAccessBlock(
        scope.named("weights"),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=scope.child(),
    )
    s3.BucketServerSideEncryptionConfiguration(
        scope.named("weights"),
        bucket=bucket.bucket,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="aws:kms", kms_master_key_id=keys.weights
                ),
                bucket_key_enabled=True,
            )
        ],
        opts=scope.child(),
    )
    s3.BucketVersioning(
        scope.named("weights"),
        bucket=bucket.bucket,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=scope.child(),
    )
    s3.BucketLifecycleConfiguration(
        scope.named("weights"),
        bucket=bucket.bucket,
        rules=[
            s3.BucketLifecycleConfigurationRuleArgs(
                id="forget-broken-uploads",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=7
                ),
            )
        ],
        opts=scope.child(),
    )
    return Weights(bucket=bucket, key_arn=keys.weights)


def guard(
    scope: Scope, held: Weights, s3_endpoint_id: pulumi.Output[str], writers: Sequence[pulumi.Output[str]]
) -> None:
    """Put the bucket's policy: TLS only, objects from inside the site only, written by the ARNs of `writers` only.

    Settings of the bucket stay reachable from where `pulumi up` runs: what IAM allows there moves no object.
    """
    bucket = f"arn:aws:s3:::{scope.settings.bucket_name}"
    objects = f"{bucket}/*"
    s3.BucketPolicy(
        scope.named("weights"),
        bucket=held.bucket.bucket,
        policy=policy.document(
            policy.deny(
                "TlsOnly",
                ["s3:*"],
                [bucket, objects],
                principal="*",
                condition={"Bool": {"aws:SecureTransport": "false"}},
            ),
            policy.deny(
                "FromInsideOnly",
                ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:RestoreObject", "s3:ReplicateObject"],
                [objects],
                principal="*",
                condition={"StringNotEquals": {"aws:SourceVpce": s3_endpoint_id}},
            ),
            policy.deny(
                "WrittenBySyncOnly",
                ["s3:PutObject", "s3:ReplicateObject"],
                [objects],
                principal="*",
                condition={"ArnNotEquals": {"aws:PrincipalArn": list(writers)}} if writers else None,
            ),
        ),
        opts=scope.child(),
    )


def volume(scope: Scope, sized: Sized) -> VolumeSource:
    """The bucket as a volume, read with the identity of the pod that mounts it, not of the driver."""
    settings = scope.settings
    return VolumeSource(
        spec={
            "csi": {
                "driver": "s3.csi.aws.com",
                "volumeHandle": f"{settings.bucket_name}-{sized.service.name}",
                "volumeAttributes": {
                    "bucketName": settings.bucket_name,
                    "authenticationSource": "pod",
                    # Nodes do not let pods ask the instance metadata for the region.
                    "stsRegion": settings.region,
                },
            }
        },
        mount_options=("read-only", "allow-other", f"region {settings.region}"),
    )
