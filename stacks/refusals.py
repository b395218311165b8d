"""What stops a run before anything is registered: a place abroad, bytes that nobody pinned, secrets that nobody set.

A preview goes on without pins and secrets, and says so once. It never goes on abroad.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pulumi

from catalog.load import Catalogue, catalogue
from components.plan import SitePlan
from core import domestic
from core.errors import InputError, KokunaiError
from core.lock import refuse_unknown
from stacks.settings import Where, file_and, set_command

RULE: Final = "domestic-provider"
"""The rule of the policy pack that says the same."""


def refuse_foreign(place: Where) -> None:
    """Stop at a region that is not in Japan, with or without a policy pack.

    A preview registers the provider with that region first, and nothing else, so that the pack's own finding is seen too.

    Raises:
        KokunaiError: naming resource, property, value, what is allowed, and the rule.
    """
    if domestic.region(place.site, place.region) is domestic.Verdict.DOMESTIC:
        return
    provider = _register_provider(place) if pulumi.runtime.is_dry_run() else ""
    package, _, key = place.region_key.partition(":")
    resource = provider or ("the cluster's region" if place.site == "onprem" else f"pulumi:providers:{package}")
    raise KokunaiError(
        f"{resource}, property {key!r}: {place.region!r} is not a region in Japan (rule {RULE}); "
        f"allowed: {domestic.allowed_regions(place.site)}",
        where=file_and(place.region_key),
        fix=set_command(place.region_key, _usual_region(place)),
    )


def _usual_region(place: Where) -> str:
    return catalogue().regions_of(place.site)[0].name


def _register_provider(place: Where) -> str:
    match place.site:
        case "aws":
            from pulumi_aws import Provider as AwsProvider

            AwsProvider(place.site, region=place.region)
        case "azure":
            from pulumi_azure_native import Provider as AzureProvider

            AzureProvider(place.site, location=place.region)
        case "gcp":
            from pulumi_gcp import Provider as GcpProvider

            GcpProvider(place.site, region=place.region)
        case "onprem":
            return ""
    package = place.region_key.partition(":")[0]
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::pulumi:providers:{package}::{place.site}"


def incomplete(plan: SitePlan, lock_file: Path, missing: Sequence[KokunaiError], facts: Catalogue) -> None:
    """Stop an update whose bytes or secrets are not all known; warn, once, in a preview.

    Raises:
        InputError: with everything that is missing.
    """
    problems = list(missing)
    try:
        refuse_unknown(
            plan.lock.unknown((each.service for each in plan.sized), facts.images, facts), where=str(lock_file)
        )
    except KokunaiError as error:
        problems.append(error)
    if not problems:
        return
    if not pulumi.runtime.is_dry_run():
        raise InputError(problems)
    pulumi.log.warn(
        "a preview goes on without these, with unknown values in their place; an update will not:\n"
        + "\n".join(str(problem) for problem in problems)
    )
