"""How the program reaches the cluster's API: over its private endpoint, with the runner's own short-lived token.

The same text serves a person's `kubectl`. It holds no credential, and is kept secret in the state all the same.
"""

import json

import pulumi
from pulumi_gcp import container

from components.sites.gcp.scope import NAME


def kubeconfig(cluster: container.Cluster) -> pulumi.Output[str]:
    """A kubeconfig as JSON, secret. GKE gives its endpoint as a host; a port after it is kept."""
    text = pulumi.Output.all(cluster.endpoint, cluster.master_auth.cluster_ca_certificate).apply(
        lambda known: _render(endpoint=known[0], authority=known[1])
    )
    return pulumi.Output.secret(text)


def _render(endpoint: str, authority: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": NAME, "cluster": {"server": f"https://{endpoint}", "certificate-authority-data": authority}}
            ],
            "users": [
                {
                    "name": NAME,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "gke-gcloud-auth-plugin",
                            "installHint": "install it with: gcloud components install gke-gcloud-auth-plugin",
                            "interactiveMode": "Never",
                            "provideClusterInfo": True,
                        }
                    },
                }
            ],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
            "current-context": NAME,
        }
    )
