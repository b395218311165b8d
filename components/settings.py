"""What every site's typed settings share. A foreign region is refused here, with or without a policy pack.

Each site adds its own fields in `components/sites/<site>/settings.py`. Read from configuration by `stacks`, never here.
"""

from typing import Annotated, ClassVar, Final

from pydantic import StringConstraints, field_validator

from catalog.load import SiteName
from core import domestic
from core.service import Declared

HOST: Final = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
HostName = Annotated[str, StringConstraints(pattern=f"^{HOST}$", max_length=253)]
"""A full host name inside the organisation, in lower case."""


class SiteSettings(Declared):
    """Where a site is. Zones are the provider's zone names, or zone ids on AWS; empty means every zone that has the machine."""

    site: ClassVar[SiteName]
    region: str
    zones: tuple[str, ...] = ()

    @field_validator("region")
    @classmethod
    def _domestic_region(cls, region: str) -> str:
        if domestic.region(cls.site, region) is domestic.Verdict.FOREIGN:
            raise ValueError(f"{region!r} is not a region in Japan; allowed: {domestic.allowed_regions(cls.site)}")
        return domestic.normalised(cls.site, region)

    @field_validator("zones")
    @classmethod
    def _domestic_zones(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        foreign = [zone for zone in zones if domestic.zone(cls.site, zone) is domestic.Verdict.FOREIGN]
        if foreign:
            raise ValueError(f"not a zone of a region in Japan: {', '.join(foreign)}")
        return zones
