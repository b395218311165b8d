"""The AWS provider of the site, and the scope in which the other modules register their resources.

One account, one region, both literal: a program that runs with another account's credentials, or with a region taken
from the environment, stops at the provider.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.plan import SitePlan
from components.sites.aws.settings import AwsSettings


def provider(plan: SitePlan, settings: AwsSettings, parent: pulumi.Resource) -> aws.Provider:
    """The explicit provider; its default tags are the shared ones, which a service's own resources override."""
    return aws.Provider(
        plan.site,
        region=settings.region,
        allowed_account_ids=[settings.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(plan.shared_tags)),
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True)
class Scope:
    """Where resources are registered: the plan and settings that they render, their parent and their provider."""

    plan: SitePlan
    settings: AwsSettings
    parent: pulumi.Resource
    provider: aws.Provider

    def named(self, purpose: str) -> str:
        """The logical name of the resource with this purpose; never made from a value that can move."""
        return f"{self.plan.site}-{purpose}"

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child of the site, with whatever else `pulumi.ResourceOptions` takes."""
        return pulumi.ResourceOptions(parent=self.parent, provider=self.provider, **options)
