"""What a step is: a name, what it waits for, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .client import Clients


@dataclass(frozen=True)
class Effects:
    """What a step may use: the clients, and where to put the words that show it is alive."""

    clients: Clients
    note: Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """`do` returns a detail worth showing, or an empty string.

    `disk_mb`: what it writes, in MB by kind of place (see `machine.places`). `sources`: a directory below the module
    cache; where it exists the module's sources are there already and need no more room.
    """

    name: str
    waits_for: str
    do: Callable[[Effects], str]
    disk_mb: tuple[tuple[str, int], ...] = ()
    sources: str = ""
