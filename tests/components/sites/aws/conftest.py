"""The AWS site, registered once."""

import pytest

from core.service import Replicas
from tests.components.sites.aws.declared import LONGEST_NAME, SMALL, Site, deployed, service


@pytest.fixture(scope="package")
def site() -> Site:
    """With a large service, and a small one of the longest name that needs two replicas."""
    return deployed(service(), service(LONGEST_NAME, **SMALL, replicas=Replicas(min=2, max=2)))
