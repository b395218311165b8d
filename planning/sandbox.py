"""Keeps a recorded program from reaching anything: no network, no credentials, no home.

A program under review is not yet trusted, and what it plans must not depend on the machine that checks it. The wall is a
network namespace where the kernel gives one; the guard inside Python holds everywhere and says what was attempted.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Mapping
from fcntl import ioctl
from typing import Any, Final

from core.errors import KokunaiError

# What a program may see of the environment: how to find Python, how to write text, where the estate is.
KEPT: Final = (
    "PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "KOKUNAI_ESTATE",
    "KOKUNAI_LANG",
)
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000
SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
INTERFACE_UP: Final = 0x1
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class NetworkRefused(KokunaiError):
    """A program tried to reach something while it was recorded."""


def environment(given: Mapping[str, str], home: str) -> dict[str, str]:
    """The environment of the recording process: nothing that could be a credential, a home that is empty."""
    kept = {name: given[name] for name in KEPT if name in given}
    return {
        **kept,
        "HOME": home,
        # The SDK turns a text made from an unknown into an error instead of a warning inside the text.
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "PYTHONUNBUFFERED": "1",
    }


def close_network() -> None:
    """Cut this process off, as far as the kernel allows, and guard what is left. Call it while there is one thread."""
    _own_namespace()
    _guard()


def _own_namespace() -> None:
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        return
    # Transforms travel from the SDK to the monitor over the loopback, which is down in a new namespace.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        name, flags, rest = struct.unpack("16sH14s", ioctl(probe, SIOCGIFFLAGS, request))
        ioctl(probe, SIOCSIFFLAGS, struct.pack("16sH14s", name, flags | INTERFACE_UP, rest))


def _guard() -> None:
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse(address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse((host,))
        return resolve(host, *arguments, **options)

    setattr(socket.socket, "connect", guarded_connect)  # noqa: B010  a plain assignment is a type error
    setattr(socket.socket, "connect_ex", guarded_connect_ex)  # noqa: B010
    socket.getaddrinfo = guarded_resolve


def _refuse(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode("utf-8", "replace")
    if host is None or host in LOOPBACK or (isinstance(host, str) and host.startswith("/")):
        return
    raise NetworkRefused(
        f"the program tried to reach {host} while it was being checked",
        fix="read what it needs from configuration or the estate; a plan must not depend on the network",
    )
