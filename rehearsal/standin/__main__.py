"""`python -m rehearsal.standin PACKAGE …`: what the launcher of a stand-in in the private plugin cache executes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.plugin_server import PluginServer
from rehearsal.standin.aws import Aws
from rehearsal.standin.azure import Azure
from rehearsal.standin.cloud import Cloud
from rehearsal.standin.gcp import Gcp
from rehearsal.standin.sdk_schema import Sdk
from rehearsal.standin.server import StandIn

CLOUDS: Mapping[str, Callable[[], Cloud]] = {"aws": Aws, "azure-native": Azure, "gcp": Gcp}


def main(package: str) -> None:
    """Stand in for the provider of `package` until the engine is done."""
    home = os.environ.get("PULUMI_HOME")
    sdk = Sdk(package, cache=Path(home) / "schemas" if home else None)
    server = PluginServer()
    stand_in = StandIn(CLOUDS[package](), sdk, cancelled=server.end)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(stand_in, server.grpc)
    server.serve()


if __name__ == "__main__":
    main(sys.argv[1])
