"""Where the site's logs rest: log groups of its own, encrypted and kept for the declared time, made before who writes them.

A group that AWS makes by itself when the first line arrives has no key and keeps for ever.
"""

from typing import Final

import pulumi
from pulumi_aws import cloudwatch

from components.sites.aws.provider import Scope

CLUSTER_ROOT: Final = "/aws/eks/{cluster}"
"""EKS writes to `cluster` below it; the name is not ours to choose."""
NETWORK_ROOT: Final = "/kokunai/{cluster}"
LOG_GROUP_ROOTS: Final = (CLUSTER_ROOT, NETWORK_ROOT)


def cluster_log_group(scope: Scope, key_arn: pulumi.Input[str]) -> cloudwatch.LogGroup:
    """The group of the control plane's logs, audit log included."""
    return _group(scope, "cluster-logs", f"{CLUSTER_ROOT}/cluster", key_arn)


def flow_log_group(scope: Scope, key_arn: pulumi.Input[str]) -> cloudwatch.LogGroup:
    """The group of the network's flow logs."""
    return _group(scope, "flow-logs", f"{NETWORK_ROOT}/flows", key_arn)


def _group(scope: Scope, purpose: str, name: str, key_arn: pulumi.Input[str]) -> cloudwatch.LogGroup:
    return cloudwatch.LogGroup(
        scope.named(purpose),
        name=name.format(cluster=scope.settings.cluster_name),
        kms_key_id=key_arn,
        retention_in_days=scope.settings.log_retention_days,
        deletion_protection_enabled=True,
        opts=scope.child(protect=True),
    )
