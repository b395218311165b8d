"""Fixtures of the components' tests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.components import recording
from tests.components.recording import Deployment


@pytest.fixture
def deploy() -> Callable[..., Deployment]:
    """Runs a program without an engine; an error of the program is the test's error."""

    def run(program: Callable[[], Any], **options: Any) -> Deployment:
        deployment = recording.run(program, **options)
        if deployment.error:
            raise deployment.error
        return deployment

    return run
