"""Runs a policy pack for the engine, once the pack may know the stack's configuration.

A pack reads `pulumi.Config()` and `pulumi.get_stack()` from its environment as it starts, but the engine sends that
configuration (`ConfigureStack`) only over a connection to the running pack. So the engine is given the port of a
*gate*: the gate starts the pack on the first request that needs it, with what `ConfigureStack` said in the
environment, and hands every request through as bytes. The rules themselves live in `policies`; nothing here reads them.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import grpc
from pulumi.runtime.proto import analyzer_pb2

from rehearsal.plugin_server import CHANNEL_OPTIONS, refuse

ANALYZER = "/pulumirpc.Analyzer/"
# The pack itself does not implement it, and the engine takes UNIMPLEMENTED for an answer.
HANDSHAKE = ANALYZER + "Handshake"
CONFIGURE_STACK = ANALYZER + "ConfigureStack"


@dataclass(frozen=True)
class Printed:
    """Bytes that a child wrote. `stream` is `stdout` or `stderr`."""

    stream: str
    text: bytes


class Child:
    """A Python program that runs as a child process and whose output is read as it comes."""

    def __init__(self, arguments: Sequence[str], *, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "rehearsal.lifeline", *arguments],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its own group: an interrupt meant for the language host would print the child's traceback.
            start_new_session=True,
        )

    def first_line(self) -> bytes:
        """The first line of standard output; empty when the program ended before it wrote one."""
        return _pipe(self._process.stdout).readline()

    def pump(self, printed: Callable[[Printed], None]) -> int:
        """Hand on everything the program still writes; return its exit status when it is over."""
        errors = threading.Thread(target=self._copy, args=("stderr", printed), daemon=True)
        errors.start()
        self._copy("stdout", printed)
        errors.join()
        return self._process.wait()

    def _copy(self, stream: str, printed: Callable[[Printed], None]) -> None:
        source = _pipe(getattr(self._process, stream))
        while text := source.readline():
            printed(Printed(stream, text))

    def stop(self) -> None:
        """End it now. Safe to repeat."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)


def run_program(child: Child) -> Iterator[Printed | int]:
    """What a child writes, then its exit status."""
    events: queue.Queue[Printed | int] = queue.Queue()
    threading.Thread(target=lambda: events.put(child.pump(events.put)), daemon=True).start()
    while True:
        event = events.get()
        yield event
        if isinstance(event, int):
            return


class PolicyPack(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """One policy pack behind its gate. `start` gives the port to tell the engine; `events` what the pack writes."""

    def __init__(self, directory: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._command = ["pulumi.policy", *arguments, str(directory)]
        self._environment = dict(environment)
        self._events: queue.Queue[Printed | int] = queue.Queue()
        self._starting = threading.Lock()
        self._child: Child | None = None
        self._channel: grpc.Channel | None = None
        self._stopped = False
        self._gate = grpc.server(ThreadPoolExecutor(max_workers=16), handlers=(self,), options=CHANNEL_OPTIONS)

    def start(self) -> int:
        """Open the gate; the pack itself starts later."""
        port = int(self._gate.add_insecure_port("127.0.0.1:0"))
        self._gate.start()
        return port

    def events(self) -> Iterator[Printed | int]:
        """What the pack writes, then its exit status. Ends after `stop` too."""
        while True:
            event = self._events.get()
            yield event
            if isinstance(event, int):
                return

    def stop(self) -> None:
        """Close the gate and end the pack. Safe to repeat."""
        with self._starting:
            self._stopped = True
            self._gate.stop(None)
            if self._child is None:
                self._events.put(0)
            else:
                self._child.stop()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = str(handler_call_details.method)
        if method == HANDSHAKE:
            return None

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            channel = self._running(_stack_environment(request) if method == CONFIGURE_STACK else {})
            if channel is None:
                refuse(context, grpc.StatusCode.INTERNAL, f"the policy pack in {self._directory} ended as it started")
            try:
                return bytes(channel.unary_unary(method)(request))
            except grpc.RpcError as error:
                refuse(context, error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(answer)

    def _running(self, configuration: Mapping[str, str]) -> grpc.Channel | None:
        with self._starting:
            if self._child is None and not self._stopped:
                self._child = Child(
                    self._command,
                    directory=self._directory,
                    environment={**self._environment, **configuration},
                )
                port = self._child.first_line().strip()
                threading.Thread(target=self._report, args=(self._child,), daemon=True).start()
                if port.isdigit():
                    address = f"127.0.0.1:{int(port)}"
                    self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
            return self._channel

    def _report(self, child: Child) -> None:
        self._events.put(child.pump(self._events.put))


def _stack_environment(request: bytes) -> dict[str, str]:
    """What the SDK reads from the environment of a pack, from what the engine says in `ConfigureStack`."""
    stack = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request)
    return {
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(stack.config_secret_keys)),
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_DRY_RUN": "true" if stack.dry_run else "false",
    }


def environment_of(pairs: Sequence[str]) -> dict[str, str]:
    """`KEY=value` lines as the engine sends them, later ones winning; this process's own environment when there are none."""
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair) or dict(os.environ)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the child was started with pipes")
    return stream
