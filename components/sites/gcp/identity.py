"""Who may touch the weights: pods, named by namespace and service account, through workload identity. No key file exists.

Serving reads. Synchronising reads and adds, below its own model's path only, and can change or delete nothing: a revision
that was published stays as it is.
"""

from typing import Final

import pulumi
from pulumi_gcp import storage

from components.sites.gcp.scope import Scope
from components.sites.gcp.settings import GcpSettings
from core import naming
from core.service import Service

READ: Final = "roles/storage.objectViewer"
ADD: Final = "roles/storage.objectCreator"


def principal(settings: GcpSettings, service: Service, account: str) -> str:
    """The IAM principal of a service's Kubernetes service account. `global` is where the pool's name lives, not data."""
    return (
        f"principal://iam.googleapis.com/projects/{settings.project_number}/locations/global/workloadIdentityPools/"
        f"{settings.workload_pool}/subject/ns/{naming.namespace(service.name)}/sa/{account}"
    )


def access_to_weights(scope: Scope, bucket: storage.Bucket, cluster: pulumi.Resource) -> list[pulumi.Resource]:
    """The grants of all services. The pool of identities exists once the project has a cluster."""
    settings = scope.settings
    grants: list[pulumi.Resource] = []
    for sized in scope.plan.sized:
        service = sized.service
        serve = principal(settings, service, naming.SERVING_ACCOUNT)
        sync = principal(settings, service, naming.SYNC_ACCOUNT)
        own = storage.BucketIAMMemberConditionArgs(
            title=f"{service.name} adds its own model",
            expression=f'resource.name.startsWith("projects/_/buckets/{settings.bucket_name}/objects/{service.model}/")',
        )
        for purpose, member, role, condition in (
            ("serve-read", serve, READ, None),
            ("sync-read", sync, READ, None),
            ("sync-add", sync, ADD, own),
        ):
            grants.append(
                storage.BucketIAMMember(
                    scope.name(f"{service.name}-{purpose}"),
                    bucket=bucket.name,
                    role=role,
                    member=member,
                    condition=condition,
                    opts=scope.options(depends_on=[cluster]),
                )
            )
    return grants
