"""The functions (invokes) of `azure-native` that follow from their arguments and the configuration alone. Pure.

The credentials of a managed cluster are answered with the address of the rehearsal's API server and no credential.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from rehearsal.standin.cloud import Function, Settings
from rehearsal.standin.clusters import api_server, kubeconfig

#: Stand for the subscription and the tenant when the provider's configuration names none.
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-000000000001"
CALLER = "00000000-0000-0000-0000-000000000002"
SITE = "azure"


def subscription(settings: Settings) -> str:
    """The subscription that the provider acts in."""
    return str(settings.get("subscriptionId") or SUBSCRIPTION)


def _get_client_config(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "clientId": str(settings.get("clientId") or CALLER),
        "objectId": CALLER,
        "subscriptionId": subscription(settings),
        "tenantId": str(settings.get("tenantId") or TENANT),
    }


def _list_credentials(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    name = str(args["resourceName"])
    text = kubeconfig(api_server(SITE, name), name)
    return {"kubeconfigs": [{"name": "rehearsal", "value": base64.b64encode(text.encode()).decode()}]}


FUNCTIONS: Mapping[str, Function] = {
    "azure-native:authorization:getClientConfig": _get_client_config,
    "azure-native:containerservice:listManagedClusterAdminCredentials": _list_credentials,
    "azure-native:containerservice:listManagedClusterUserCredentials": _list_credentials,
}
