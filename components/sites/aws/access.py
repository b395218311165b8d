"""Who may use the Kubernetes API: the declared administrators, by their roles; and how a client of theirs reaches it."""

import json

import pulumi
from pulumi_aws import eks

from components.sites.aws.provider import Scope

ADMINISTRATION = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def administrators(scope: Scope, control_plane: eks.Cluster) -> list[pulumi.Resource]:
    """Register the administrators. The creator of the cluster has no access but by being one of them."""
    granted: list[pulumi.Resource] = []
    for arn in scope.settings.administrators:
        name = scope.named(f"administrator-{arn.rpartition('/')[2]}")
        entry = eks.AccessEntry(
            name, cluster_name=control_plane.name, principal_arn=arn, type="STANDARD", opts=scope.child()
        )
        granted.append(
            eks.AccessPolicyAssociation(
                name,
                cluster_name=control_plane.name,
                principal_arn=entry.principal_arn,
                policy_arn=ADMINISTRATION,
                access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                opts=scope.child(),
            )
        )
    return granted


def kubeconfig(scope: Scope, control_plane: eks.Cluster) -> pulumi.Output[str]:
    """A kubeconfig for the private API, secret. Its token comes from `aws eks get-token`, so none is stored."""
    settings = scope.settings

    def render(endpoint: str, authority: str) -> str:
        name = settings.cluster_name
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
                "users": [
                    {
                        "name": name,
                        "user": {
                            "exec": {
                                "apiVersion": "client.authentication.k8s.io/v1beta1",
                                "command": "aws",
                                "args": ["eks", "get-token", "--cluster-name", name, "--region", settings.region],
                                "interactiveMode": "Never",
                                "provideClusterInfo": False,
                            }
                        },
                    }
                ],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            }
        )

    return pulumi.Output.secret(
        pulumi.Output.all(control_plane.endpoint, control_plane.certificate_authority.data).apply(
            lambda values: render(values[0], values[1])
        )
    )
