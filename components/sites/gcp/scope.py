"""What every resource of the site is made with: its parent, its provider, its logical name.

Not a place for decisions: those are in the settings and the plan that it carries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_gcp as gcp

from components.plan import SitePlan
from components.sites.gcp.settings import GcpSettings

NAME: Final = "gcp"


class GcpSite(pulumi.ComponentResource):
    """Parent of everything on Google Cloud."""

    def __init__(self, plan: SitePlan, settings: GcpSettings) -> None:
        services = [sized.service.name for sized in plan.sized]
        super().__init__(
            "kokunai:index:GcpSite",
            NAME,
            {"project": settings.project, "region": settings.region, "services": services},
        )


@dataclass(frozen=True)
class Scope:
    """One site while it is being declared."""

    plan: SitePlan
    settings: GcpSettings
    site: GcpSite
    provider: gcp.Provider

    def name(self, purpose: str) -> str:
        """The logical name of a child; it holds nothing that can move."""
        return f"{NAME}-{purpose}"

    def options(
        self,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool = False,
        ignore_changes: Sequence[str] = (),
        delete_before_replace: bool = False,
    ) -> pulumi.ResourceOptions:
        """Options of a child. `protect` for everything that holds data."""
        return pulumi.ResourceOptions(
            parent=self.site,
            provider=self.provider,
            depends_on=list(depends_on),
            protect=protect or None,
            ignore_changes=list(ignore_changes),
            delete_before_replace=delete_before_replace or None,
        )


def scope(plan: SitePlan, settings: GcpSettings) -> Scope:
    """The site's parent and its one provider: project, region and labels are explicit, credentials are the runner's own."""
    site = GcpSite(plan, settings)
    provider = gcp.Provider(
        NAME,
        project=settings.project,
        region=settings.region,
        default_labels=plan.shared_tags,
        opts=pulumi.ResourceOptions(parent=site),
    )
    return Scope(plan, settings, site, provider)
