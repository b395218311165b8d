"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import edge


@pytest.fixture(scope="session")
def running_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[edge.Edge]:
    """The shipped services behind one edge: HAProxy as deployed, stand-in model servers."""
    with edge.serve(tmp_path_factory.mktemp("edge")) as running:
        yield running
