"""Fixtures of the components' tests; credentials are taken out of the environment before any SDK could read them."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.components import recording
from tests.components.recording import Deployment

for variable in list(os.environ):
    if variable.startswith(("AWS_", "ARM_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "KUBECONFIG", "PULUMI_")):
        del os.environ[variable]
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"


@pytest.fixture
def deploy() -> Callable[..., Deployment]:
    """Runs a program without an engine; an error of the program is the test's error."""

    def run(program: Callable[[], Any], **options: Any) -> Deployment:
        deployment = recording.run(program, **options)
        if deployment.error:
            raise deployment.error
        return deployment

    return run
