"""What tests of several rooms share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests import edge

# A shell that starts the tests in the background makes them, and all that they start, deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def running_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[edge.Edge]:
    """The shipped services behind one edge: HAProxy as deployed, stand-in model servers."""
    with edge.serve(tmp_path_factory.mktemp("edge")) as running:
        yield running
