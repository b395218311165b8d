"""What the stack program decided before anything is registered: which services run here, on which machine, with which tags.

Plain values. A site foundation and the workload render a plan; they decide nothing that this already holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.load import Catalogue, SiteName
from core import sizing
from core.errors import InputError, KokunaiError
from core.lock import Lock
from core.service import Service
from core.tags import TagRegistry


@dataclass(frozen=True)
class Sized:
    """A service with the machine that runs it here, the zones of that machine, and its stamped tags."""

    service: Service
    fit: sizing.Fit
    zones: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class SitePlan:
    """One site's share of the estate."""

    site: SiteName
    region: str
    sized: tuple[Sized, ...]
    shared_tags: Mapping[str, str]
    lock: Lock


def plan(
    site: SiteName,
    region: str,
    zones: tuple[str, ...],
    services: tuple[Service, ...],
    registry: TagRegistry,
    lock: Lock,
    facts: Catalogue,
) -> SitePlan:
    """Size and tag every service that runs on `site`, in order of name.

    Raises:
        InputError: with each service that fits nowhere here.
    """
    sized: list[Sized] = []
    problems: list[KokunaiError] = []
    for service in sorted(services, key=lambda each: each.name):
        if site not in service.sites:
            continue
        try:
            fit = sizing.place(service, site, region, zones, facts)
        except KokunaiError as problem:
            problems.append(problem)
            continue
        tags = registry.stamp(
            service.tags,
            {"service": service.name, "model": service.model, "data-class": service.data_class.value, "site": site},
        )
        sized.append(Sized(service, fit, sizing.sold_in(fit.machine, region, zones), tags))
    if problems:
        raise InputError(problems)
    return SitePlan(site, region, tuple(sized), registry.stamp(registry.shared, {"site": site}), lock)
