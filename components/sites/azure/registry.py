"""The in-country registry: images of the product by digest, and the cache through which the cluster's own images come.

It takes no password, serves nothing outside the network, and hands nothing on.
"""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry as acr

from components.sites.azure.keys import Keys
from components.sites.azure.network import REGISTRY_ZONE, Network, private_endpoint
from components.sites.azure.provider import Scope


@dataclass(frozen=True)
class Registry:
    """The registry; a node can pull from it when `ready` exists."""

    id: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


def registry(scope: Scope, network: Network, keys: Keys) -> Registry:
    """The registry, closed with its own key, reachable inside the network."""
    made = acr.Registry(
        scope.named("registry"),
        registry_name=scope.settings.registry_name,
        location=scope.location,
        resource_group_name=scope.group.name,
        tags=scope.tags,
        sku=acr.SkuArgs(name=acr.SkuName.PREMIUM),
        admin_user_enabled=False,
        anonymous_pull_enabled=False,
        public_network_access=acr.PublicNetworkAccess.DISABLED,
        network_rule_bypass_options=acr.NetworkRuleBypassOptions.NONE,
        zone_redundancy=acr.ZoneRedundancy.ENABLED if scope.settings.every_zone else acr.ZoneRedundancy.DISABLED,
        policies=acr.PoliciesArgs(
            export_policy=acr.ExportPolicyArgs(status=acr.ExportPolicyStatus.DISABLED),
            azure_ad_authentication_as_arm_policy=acr.AzureADAuthenticationAsArmPolicyArgs(
                status=acr.AzureADAuthenticationAsArmPolicyStatus.DISABLED
            ),
            # An image that is referred to by digest has no tag, and this would delete it.
            retention_policy=acr.RetentionPolicyArgs(status=acr.PolicyStatus.DISABLED),
        ),
        identity=acr.IdentityPropertiesArgs(
            type=acr.ResourceIdentityType.USER_ASSIGNED,
            user_assigned_identities=keys.registry.user.id.apply(lambda user: {user: acr.UserIdentityPropertiesArgs()}),
        ),
        encryption=acr.EncryptionPropertyArgs(
            status=acr.EncryptionStatus.ENABLED,
            key_vault_properties=acr.KeyVaultPropertiesArgs(
                identity=keys.registry.user.client_id, key_identifier=keys.registry.key.key_uri
            ),
        ),
        opts=scope.child(protect=True, depends_on=[keys.registry.granted]),
    )
    cache = acr.CacheRule(
        scope.named("registry-cluster-images"),
        # AKS looks for its images under exactly these names.
        cache_rule_name="aks-managed-mcr",
        source_repository="mcr.microsoft.com/*",
        target_repository="aks-managed-repository/*",
        registry_name=made.name,
        resource_group_name=scope.group.name,
        opts=scope.child(),
    )
    endpoint = private_endpoint(scope, network, "registry", made.id, "registry", [REGISTRY_ZONE])
    return Registry(made.id, (cache, endpoint))
