"""`python -m rehearsal.kubernetes_provider … ENGINE`: what the launcher in the private plugin cache executes."""

from __future__ import annotations

import sys

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

from rehearsal.kubernetes_provider.servicer import KubernetesStandIn
from rehearsal.plugin_server import PluginServer

WORKERS = 64
"""As many as the engine works on at once, and some: each holds its worker while it waits for its object."""


def main(engine: str) -> None:
    """Stand in for the `kubernetes` provider until the engine at the address `engine` is done."""
    server = PluginServer(workers=WORKERS)
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))
    stand_in = KubernetesStandIn(stub, cancelled=server.end)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(stand_in, server.grpc)
    server.serve()


if __name__ == "__main__":
    main(sys.argv[-1])
