from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from rehearsal.cluster import Api, ControlPlane
from tests.rehearsal.cluster import running


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """A running control plane with one GPU node and one system node. Not for tests that stop parts of it."""
    return running.shared(request.config, tmp_path_factory)


@pytest.fixture
def api(control_plane: ControlPlane) -> Iterator[Api]:
    """The administrator's client of `control_plane`."""
    with closing(control_plane.api()) as client:
        yield client
