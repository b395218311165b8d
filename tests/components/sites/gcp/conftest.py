"""The Google Cloud site, registered once."""

import pytest

from tests.components.sites.gcp.declared import LONGEST_NAME, Site, deployed, service, small


@pytest.fixture(scope="package")
def site() -> Site:
    """With a large service, and a small one of the longest legal name that needs two replicas."""
    return deployed(service(), small(LONGEST_NAME, replicas=2))
