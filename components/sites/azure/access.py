"""How a client reaches the cluster: a kubeconfig that names the private API server and asks Entra ID for a token.

It holds no credential; it is a secret all the same, like every kubeconfig.
"""

import base64
import json
from typing import Any, Final

import pulumi
from pulumi_azure_native import containerservice as aks
from ruamel.yaml import YAML

from components.sites.azure.provider import Scope

SERVER_APPLICATION: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The Entra application of every AKS API server: the same in all tenants."""


def kubeconfig(scope: Scope, made: aks.ManagedCluster) -> pulumi.Output[str]:
    """The kubeconfig, as JSON.

    Whoever uses it needs `kubelogin` on the path and an Azure CLI login; whoever runs an update needs the role "Azure
    Kubernetes Service Cluster User Role", too.
    """
    # The certificate authority has no other source: the cluster's own properties do not hold it.
    issued = aks.list_managed_cluster_user_credentials_output(
        resource_group_name=scope.group.name,
        resource_name=made.name,
        opts=pulumi.InvokeOutputOptions(parent=scope.parent, provider=scope.provider, depends_on=[made]),
    )
    authority = issued.apply(lambda answer: certificate_authority(answer.kubeconfigs[0].value))
    text = pulumi.Output.all(made.private_fqdn, authority).apply(
        lambda parts: render(parts[0], parts[1], scope.settings.tenant_id)
    )
    return pulumi.Output.secret(text)


def certificate_authority(issued: str) -> str:
    """The certificate authority, base64, out of a kubeconfig as Azure issues it: YAML in base64."""
    document: Any = YAML(typ="safe", pure=True).load(base64.b64decode(issued).decode("utf-8"))
    return str(document["clusters"][0]["cluster"]["certificate-authority-data"])


def render(host: str, authority: str, tenant: str) -> str:
    """A kubeconfig for the API server at `host` (or host:port), whose tokens come from `kubelogin`."""
    login = [
        "get-token",
        "--environment=AzurePublicCloud",
        f"--tenant-id={tenant}",
        f"--server-id={SERVER_APPLICATION}",
    ]
    user = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "kubelogin",
        # The login of whoever runs the update, person or runner: nothing to store.
        "args": [*login, "--login=azurecli"],
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "azure", "cluster": {"server": f"https://{host}", "certificate-authority-data": authority}}
            ],
            "users": [{"name": "azure", "user": {"exec": user}}],
            "contexts": [{"name": "azure", "context": {"cluster": "azure", "user": "azure"}}],
            "current-context": "azure",
        }
    )
