"""From estate and configuration to resources: read, refuse, plan, then register foundation, platform and endpoints."""

from __future__ import annotations

import pulumi

from catalog.load import catalogue
from components.endpoint import EndpointArgs, InferenceEndpoint
from components.plan import plan
from components.platform import Platform, PlatformArgs
from components.sites.onprem import OnpremSettings
from core.errors import KokunaiError
from core.estate import load_estate, load_lock
from stacks import refusals, settings
from stacks.secret_config import secrets
from stacks.sites import foundation_of, settings_model


def main() -> None:
    """Run the program; what people must put right is told without a traceback."""
    try:
        declare()
    except KokunaiError as error:
        raise pulumi.RunError(str(error)) from None


def declare() -> None:
    """Register everything of the stack's site.

    Raises:
        KokunaiError: before anything is registered (but for a provider abroad in a preview: see `stacks.refusals`).
    """
    facts = catalogue()
    place = settings.where()
    refusals.refuse_foreign(place)
    site_settings = settings.site_settings(place, settings_model(place.site))
    directory = settings.estate_directory()
    estate, lock_file = load_estate(directory, facts), settings.lock_path(directory)
    decided = plan(
        place.site,
        site_settings.region,
        site_settings.zones,
        estate.services,
        estate.tags,
        load_lock(lock_file),
        facts,
    )
    hidden = secrets(context=site_settings.context if isinstance(site_settings, OnpremSettings) else None)
    refusals.incomplete(decided, lock_file, hidden.missing, facts)

    foundation = foundation_of(place.site, hidden.kubeconfig)(decided, site_settings)
    on_site = pulumi.ResourceOptions(providers=[foundation.kubernetes])
    platform = Platform("platform", PlatformArgs(decided, foundation, hidden.edge), on_site)
    endpoints = {
        sized.service.name: InferenceEndpoint(
            sized.service.name, EndpointArgs(sized, foundation, decided.lock, platform.priority_class), on_site
        )
        for sized in decided.sized
    }
    pulumi.export("site", place.site)
    pulumi.export("region", site_settings.region)
    pulumi.export("environment", decided.lock.environment)
    pulumi.export("endpoints", {name: endpoint.publication for name, endpoint in endpoints.items()})
