"""What the stand-in for `azure-native` knows beyond the SDK.

The subscription is that of the provider's configuration, else zeros. A missing `location` is filled as the real
provider does: from the last state, else the provider's configuration, else the resource group; when the group's name is
not known yet, the location is not either. A group that is not of this stack cannot be looked up and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.standin.azure_functions import FUNCTIONS, SITE, TENANT, subscription
from rehearsal.standin.checks import Problem
from rehearsal.standin.cloud import Cloud, Naming, Resource, fill
from rehearsal.standin.clusters import api_server
from rehearsal.standin.schema import Kind, Schema
from rehearsal.standin.synthesis import DOMAIN, TIME, digest, text, uuid
from rehearsal.standin.wire import UNKNOWN

CLUSTER = "azure-native:containerservice:ManagedCluster"
GROUP = "azure-native:resources:ResourceGroup"

# Where a type lives in Azure's resource manager. `{x}` is an input; the type's own name comes last, and is added where it
# is not written.
ARM_TYPES = {
    "alertsmanagement:PrometheusRuleGroup": "Microsoft.AlertsManagement/prometheusRuleGroups",
    "authorization:ManagementLockByScope": "Microsoft.Authorization/locks",
    "authorization:PolicyAssignment": "Microsoft.Authorization/policyAssignments",
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments",
    "compute:CapacityReservation": (
        "Microsoft.Compute/capacityReservationGroups/{capacityReservationGroupName}/capacityReservations"
    ),
    "compute:CapacityReservationGroup": "Microsoft.Compute/capacityReservationGroups",
    "compute:DiskEncryptionSet": "Microsoft.Compute/diskEncryptionSets",
    "consumption:Budget": "Microsoft.Consumption/budgets",
    "containerregistry:CacheRule": "Microsoft.ContainerRegistry/registries/{registryName}/cacheRules",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries",
    "containerregistry:Replication": "Microsoft.ContainerRegistry/registries/{registryName}/replications",
    "containerservice:AgentPool": "Microsoft.ContainerService/managedClusters/{resourceName}/agentPools",
    "containerservice:MaintenanceConfiguration": (
        "Microsoft.ContainerService/managedClusters/{resourceName}/maintenanceConfigurations"
    ),
    "containerservice:ManagedCluster": "Microsoft.ContainerService/managedClusters",
    "costmanagement:Budget": "Microsoft.CostManagement/budgets",
    "costmanagement:Export": "Microsoft.CostManagement/exports",
    "dashboard:Grafana": "Microsoft.Dashboard/grafana",
    "keyvault:Key": "Microsoft.KeyVault/vaults/{vaultName}/keys",
    "keyvault:Secret": "Microsoft.KeyVault/vaults/{vaultName}/secrets",
    "keyvault:Vault": "Microsoft.KeyVault/vaults",
    "managedidentity:FederatedIdentityCredential": (
        "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials"
    ),
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "monitor:AzureMonitorWorkspace": "Microsoft.Monitor/accounts",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules",
    "monitor:DataCollectionRuleAssociation": "Microsoft.Insights/dataCollectionRuleAssociations",
    "monitor:DiagnosticSetting": "Microsoft.Insights/diagnosticSettings",
    "monitor:PrivateLinkScope": "Microsoft.Insights/privateLinkScopes",
    "monitor:PrivateLinkScopedResource": "Microsoft.Insights/privateLinkScopes/{scopeName}/scopedResources",
    "network:AzureFirewall": "Microsoft.Network/azureFirewalls",
    "network:FirewallPolicy": "Microsoft.Network/firewallPolicies",
    "network:LoadBalancer": "Microsoft.Network/loadBalancers",
    "network:NetworkSecurityGroup": "Microsoft.Network/networkSecurityGroups",
    "network:PrivateDnsZoneGroup": "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups",
    "network:PrivateEndpoint": "Microsoft.Network/privateEndpoints",
    "network:PrivateLinkService": "Microsoft.Network/privateLinkServices",
    "network:RouteTable": "Microsoft.Network/routeTables",
    "network:Subnet": "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces",
    "privatedns:PrivateRecordSet": "Microsoft.Network/privateDnsZones/{privateZoneName}/{recordType}/{relativeRecordSetName}",
    "privatedns:PrivateZone": "Microsoft.Network/privateDnsZones",
    "privatedns:VirtualNetworkLink": "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks",
    "storage:BlobContainer": "Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers",
    "storage:BlobServiceProperties": "Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}",
    "storage:StorageAccount": "Microsoft.Storage/storageAccounts",
}

# Types whose name must be a UUID.
NAMED_BY_UUID = frozenset(("azure-native:authorization:RoleAssignment", "azure-native:authorization:RoleDefinition"))

# Other outputs of a fixed form, by type and by path. `{name}` is the physical name.
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "azure-native:containerregistry:Registry": {"loginServer": "{lower}.azurecr.io"},
    "azure-native:keyvault:Key": {
        "keyUri": "https://{vaultName}.vault.azure.net/keys/{name}",
        "keyUriWithVersion": "https://{vaultName}.vault.azure.net/keys/{name}/{version}",
    },
    "azure-native:keyvault:Vault": {"properties.vaultUri": "https://{name}.vault.azure.net/"},
    "azure-native:storage:StorageAccount": {
        "primaryEndpoints.blob": "https://{name}.blob.core.windows.net/",
        "primaryEndpoints.dfs": "https://{name}.dfs.core.windows.net/",
    },
    CLUSTER: {
        "nodeResourceGroup": "MC_{resourceGroupName}_{name}_{location}",
        "powerState.code": "Running",
        "oidcIssuerProfile.issuerURL": f"https://{{location}}.oic.{DOMAIN}/{{uuid}}/",
    },
}


class Azure(Cloud):
    """Microsoft Azure, by its resource manager."""

    package = "azure-native"
    generous = False
    replacing = frozenset(("accountName", "location", "registryName", "resourceGroupName", "scope", "vaultName"))
    functions = FUNCTIONS

    def __init__(self) -> None:
        # The engine checks every resource in every run, a group before what is in it: so a process that answers for
        # the provider has seen each group of the stack by the time that it matters.
        self._group_locations: dict[str, str] = {}

    def name_input(self, schema: Schema) -> str:
        candidates = [
            name
            for name, each in schema.inputs.items()
            if not each.required and each.shape.kind is Kind.STRING and name.lower().endswith("name")
        ]
        kind = schema.token.rpartition(":")[2].lower()
        # `subnetName` of Subnet, `ruleGroupName` of PrometheusRuleGroup: the longest that ends the type's own name.
        stems = {name: re.sub(r"(resource)?name$", "", name.lower()) for name in candidates}
        own = [name for name, stem in stems.items() if stem and kind.endswith(stem)]
        if own:
            return max(own, key=lambda name: len(stems[name]))
        if len(candidates) == 1:
            return candidates[0]
        return "name" if "name" in candidates else ""

    def defaults(self, resource: Resource, previous: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
        added: dict[str, Any] = {}
        key = self.name_input(resource.schema)
        if key and resource.inputs.get(key) is None:
            made = self._made_name(resource, previous, naming, key)
            if made is not None:
                added[key] = made
        if "location" in resource.schema.inputs and resource.inputs.get("location") is None:
            location = previous.get("location") or resource.settings.get("location") or self._group_location(resource)
            if location:
                added["location"] = location
        if resource.token == GROUP:
            group = added.get(key) or resource.text(key)
            self._group_locations[group] = added.get("location") or resource.text("location")
        return added

    def problems(self, resource: Resource) -> list[Problem]:
        if "location" not in resource.schema.inputs or resource.inputs.get("location") is not None:
            return []
        if resource.token != GROUP and "resourceGroupName" not in resource.schema.inputs:
            return []
        return [
            Problem(
                "location",
                "is missing, its provider names none, and the resource group is not one of this stack; write it down",
            )
        ]

    def identity(self, resource: Resource) -> str:
        return fill(self._template(resource), self._words(resource, ""))

    def derived(self, resource: Resource) -> dict[str, Any]:
        return {"type": self._type(resource)} if "type" not in resource.schema.inputs else {}

    def assigned(self, resource: Resource, identity: str) -> dict[str, Any]:
        words = self._words(resource, identity)
        values: dict[str, Any] = {
            "name": words("name"),
            "systemData": {"createdAt": TIME, "createdBy": "rehearsal", "createdByType": "Application"},
            "provisioningState": "Succeeded",
            "properties.provisioningState": "Succeeded",
        }
        values.update({path: fill(form, words) for path, form in OUTPUTS.get(resource.token, {}).items()})
        if resource.token == CLUSTER:
            values.update(self._cluster(resource, identity))
        return values

    def makers(self, resource: Resource, identity: str) -> Mapping[str, Callable[[str], Any]]:
        return {"tenantId": lambda _: str(resource.settings.get("tenantId") or TENANT)}

    def moving(self, resource: Resource) -> tuple[str, ...]:
        return ("fqdn", "privateFQDN", "azurePortalFQDN") if resource.token == CLUSTER else ()

    def _cluster(self, resource: Resource, identity: str) -> dict[str, Any]:
        """Azure gives host names and no port. Here they carry the port, so that `https://{privateFQDN}` is reached."""
        authority = api_server(SITE, identity).authority
        kubelet = {
            "clientId": uuid(identity, "kubelet", "client"),
            "objectId": uuid(identity, "kubelet", "object"),
            "resourceId": f"{identity}/{text(identity, 'kubelet')}",
        }
        return {
            "fqdn": authority,
            "privateFQDN": authority,
            "azurePortalFQDN": authority,
            "identityProfile": {"kubeletidentity": kubelet},
        }

    def _made_name(self, resource: Resource, previous: Mapping[str, Any], naming: Naming, key: str) -> str | None:
        before = previous.get(key)
        if isinstance(before, str) and before:
            return before
        if resource.token in NAMED_BY_UUID:
            return uuid(resource.urn)
        # What lives inside another resource bears its logical name; only what stands alone needs a unique one.
        digits = 0 if "{" in ARM_TYPES.get(_short(resource.token), "") else 8
        return naming.name(resource, previous, key, digits, "")

    def _group_location(self, resource: Resource) -> str | None:
        group = resource.inputs.get("resourceGroupName")
        return UNKNOWN if group == UNKNOWN else self._group_locations.get(str(group))

    def _template(self, resource: Resource) -> str:
        place = self._arm_type(resource)
        path = place if place.endswith("}") else f"{place}/{{name}}"
        for key in ("scope", "resourceUri", "resourceId"):
            given = resource.schema.inputs.get(key)
            if given is not None and given.required:
                return f"/{{{key}}}/providers/{path}"
        if resource.token == GROUP:
            return "/subscriptions/{subscription}/resourceGroups/{name}"
        if "resourceGroupName" in resource.schema.inputs:
            return f"/subscriptions/{{subscription}}/resourceGroups/{{resourceGroupName}}/providers/{path}"
        return f"/subscriptions/{{subscription}}/providers/{path}"

    def _arm_type(self, resource: Resource) -> str:
        short = _short(resource.token)
        if short in ARM_TYPES:
            return ARM_TYPES[short]
        module, kind = short.split(":")
        parents = [
            name
            for name, each in resource.schema.inputs.items()
            if each.required and name.endswith("Name") and name != "resourceGroupName"
        ]
        levels = [f"{name.removesuffix('Name')}s/{{{name}}}" for name in parents]
        return "/".join((f"Microsoft.{module.capitalize()}", *levels, f"{kind[0].lower()}{kind[1:]}s"))

    def _type(self, resource: Resource) -> str:
        """The type as Azure writes it: without the names between."""
        if resource.token == GROUP:
            return "Microsoft.Resources/resourceGroups"
        return "/".join(part for part in self._arm_type(resource).split("/") if not part.startswith("{"))

    def _words(self, resource: Resource, identity: str) -> Callable[[str], str]:
        seed = identity or resource.urn
        own = resource.text(self.name_input(resource.schema))

        words: Mapping[str, Callable[[], str]] = {
            "lower": lambda: own if own == UNKNOWN else own.lower(),
            "name": lambda: own or text(seed),
            "subscription": lambda: subscription(resource.settings),
            "uuid": lambda: uuid(seed),
            "version": lambda: f"00000000{digest(seed)[:24]}",
        }
        return lambda name: words[name]() if name in words else resource.text(name).strip("/") or text(seed, name)


def _short(token: str) -> str:
    return token.partition(":")[2]
