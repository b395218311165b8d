"""How a plugin of the engine lives: it says its port on one line, serves, and is gone as soon as nobody needs it.

Shared by the language host and every stand-in provider. It knows nothing of what is served.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc

from rehearsal.lifeline import end_with_parent

# A plan may be large; the engine itself sets no limit of this kind.
CHANNEL_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
LAST_ANSWER_SECONDS = 0.2


class PluginServer:
    """A gRPC server on a free loopback port, with the life of an engine's plugin.

    It ends at once and without a word on SIGINT and SIGTERM, on `end()`, and when its parent is gone.
    """

    def __init__(self, *, workers: int = 16, farewell: Callable[[], None] = lambda: None) -> None:
        self.grpc = grpc.server(ThreadPoolExecutor(max_workers=workers), options=CHANNEL_OPTIONS)
        self._farewell = farewell
        self._ended = threading.Event()

    def end(self) -> None:
        """Leave once the answers under way are given. May be called from any thread, and from inside an RPC."""
        self._ended.set()

    def serve(self) -> NoReturn:
        """Print the port, answer until the end, and exit the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.end())
        end_with_parent(self._farewell)
        port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        self._ended.wait()
        self.grpc.stop(LAST_ANSWER_SECONDS).wait()
        self._farewell()
        sys.stdout.flush()
        sys.stderr.flush()
        # A program in mid-run holds worker threads that nobody can stop; a normal exit would wait for them.
        os._exit(0)


def refuse(context: grpc.ServicerContext, code: grpc.StatusCode, reason: str) -> NoReturn:
    """End the RPC under way with an error; the engine shows `reason` to the user."""
    context.abort(code, reason)
    raise AssertionError("abort raises")
