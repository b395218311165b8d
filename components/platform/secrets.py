"""What the edge must keep to itself: its certificate's key, and whose keys it accepts.

Keys are known here by their SHA-256 alone. They come from the stack's encrypted configuration; reading and checking them
is in `stacks`. While it runs, an edge also takes changes through its socket, without a restart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class EdgeSecrets:
    """Secret texts, as the edge's files hold them."""

    certificate: pulumi.Output[str]
    """PEM, the chain included."""
    private_key: pulumi.Output[str]
    """PEM."""
    keys: pulumi.Output[str]
    """`keys.map`."""
    rates: pulumi.Output[str]
    """`rates.map`."""


def keys_map(keys: Mapping[str, Sequence[str]]) -> str:
    """Client to the SHA-256 (hex) of its keys, as HAProxy's map of hash to client. Two keys are a change of keys under way."""
    return "".join(f"{key} {client}\n" for client in sorted(keys) for key in sorted(keys[client]))


def rates_map(rates: Mapping[str, int]) -> str:
    """Client to requests per ten seconds, as HAProxy's map."""
    return "".join(f"{client} {rates[client]}\n" for client in sorted(rates))
