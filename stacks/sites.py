"""Which component builds which site. Only the one that is asked for is imported: each brings its cloud's whole SDK."""

from __future__ import annotations

from functools import partial
from typing import cast

import pulumi

from catalog.load import SiteName
from components.foundation import Site
from components.settings import SiteSettings


def settings_model(site: SiteName) -> type[SiteSettings]:
    """The type of a site's settings."""
    match site:
        case "aws":
            from components.sites.aws import AwsSettings

            return AwsSettings
        case "azure":
            from components.sites.azure import AzureSettings

            return AzureSettings
        case "gcp":
            from components.sites.gcp import GcpSettings

            return GcpSettings
        case "onprem":
            from components.sites.onprem import OnpremSettings

            return OnpremSettings


def foundation_of(site: SiteName, kubeconfig: pulumi.Output[str]) -> Site:
    """The function that builds a site; the kubeconfig is for the organisation's own cluster only."""
    match site:
        case "aws":
            from components.sites import aws

            return cast(Site, aws.foundation)
        case "azure":
            from components.sites import azure

            return cast(Site, azure.foundation)
        case "gcp":
            from components.sites import gcp

            return cast(Site, gcp.foundation)
        case "onprem":
            from components.sites import onprem

            return cast(Site, partial(onprem.foundation, kubeconfig=kubeconfig))
