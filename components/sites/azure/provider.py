"""The Azure provider of the site, its resource group, and the scope in which the other modules register their resources.

Azure has no default tags, and a resource without a location takes its group's: so every resource states location, group
and tags itself, from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_azure_native as azure
from pulumi_azure_native import resources

from components.plan import SitePlan
from components.sites.azure.settings import AzureSettings

GLOBAL: Final = "global"
"""The only location that private DNS zones and monitor scopes have. They hold names and ids, no customer data."""


def provider(plan: SitePlan, settings: AzureSettings) -> azure.Provider:
    """The explicit provider: one subscription of one tenant, credentials of whoever runs the update."""
    return azure.Provider(
        plan.site,
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        location=settings.region,
        environment="public",
        disable_pulumi_partner_id=True,
    )


@dataclass(frozen=True)
class Scope:
    """Where resources are registered: the plan and settings that they render, their parent, provider and group."""

    plan: SitePlan
    settings: AzureSettings
    parent: pulumi.Resource
    provider: azure.Provider
    group: resources.ResourceGroup

    @property
    def location(self) -> str:
        return self.settings.region

    @property
    def tags(self) -> Mapping[str, str]:
        """Of what belongs to no one service."""
        return self.plan.shared_tags

    def named(self, purpose: str) -> str:
        """The logical name of the resource with this purpose; never made from a value that can move."""
        return f"{self.plan.site}-{purpose}"

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child of the site, with whatever else `pulumi.ResourceOptions` takes."""
        return pulumi.ResourceOptions(parent=self.parent, provider=self.provider, **options)


def scope(plan: SitePlan, settings: AzureSettings, parent: pulumi.Resource) -> Scope:
    """The provider and the resource group, ready for the site's resources."""
    chosen = provider(plan, settings)
    group = resources.ResourceGroup(
        f"{plan.site}-group",
        location=settings.region,
        tags=dict(plan.shared_tags),
        opts=pulumi.ResourceOptions(parent=parent, provider=chosen, protect=True),
    )
    return Scope(plan, settings, parent, chosen, group)
