"""Makes up what only the cloud could have told: plausible in form, recognisable as made up, always the same. Pure.

Everything is a function of a *seed* (the resource's id) and the property's path, so a state rehearsed twice is the same
state twice. How to tell a made-up value from a real one:

========================  ==============================================================
most text                 starts with `rehearsal-`
host name, URL, e-mail    under the domain `rehearsal.invalid`, which never resolves (RFC 2606)
IP address                in 192.0.2.0/24, which is for documentation only (RFC 5737)
UUID, hexadecimal id      starts with eight zeros
time                      1970-01-01
IPv6, name prefix         empty: there is none
========================  ==============================================================

Accounts, subscriptions and projects are those of the provider's configuration; where it names none: `aws`, `azure` and
`gcp` say which constants stand for them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.standin.schema import Kind, Property, Schema, Shape

DOMAIN = "rehearsal.invalid"
TIME = "1970-01-01T00:00:00Z"
DEEP = 5


def digest(*parts: str) -> str:
    """Sixty-four hexadecimal digits that depend on all the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def uuid(*parts: str) -> str:
    """A UUID that starts with eight zeros."""
    text = digest(*parts)
    return f"00000000-{text[:4]}-4{text[4:7]}-8{text[7:10]}-{text[10:22]}"


def address(*parts: str) -> str:
    """An IPv4 address of the documentation network."""
    return f"192.0.2.{int(digest(*parts)[:8], 16) % 254 + 1}"


def text(*parts: str) -> str:
    """Text that says it is made up."""
    return f"rehearsal-{digest(*parts)[:12]}"


def host(*parts: str) -> str:
    """A host name that never resolves."""
    return f"{digest(*parts)[:12]}.{DOMAIN}"


# What a text is, by the last words of its property's name. The first that matches is taken.
_TEXTS: tuple[tuple[re.Pattern[str], Callable[..., str]], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (r"[iI]pv6|[pP]refix$", lambda *_: ""),
        (r"(At|Time|Timestamp|Date|Datetime)$|^(timestamp|time|timeCreated|created|updated)$", lambda *_: TIME),
        (r"[eE]mail(Address)?$", lambda *parts: f"{text(*parts)}@{DOMAIN}"),
        (r"[cC]idr(Block)?$|IpRange$", lambda *parts: f"{address(*parts)}/32"),
        (r"([pP]rivate|[pP]ublic|nat|^)[iI][pP](v4)?([aA]ddress)?$|IpAddress$", address),
        (r"([uU]rl|[uU]ri|URL|URI|[eE]ndpoint)$", lambda *parts: f"https://{host(*parts)}/"),
        (r"([fF]qdn|FQDN|[dD]nsName|[hH]ost(name|Name)?|[dD]omain(Name)?|[lL]oginServer)$", host),
        (r"([uU]uid|[gG]uid|tenantId|principalId|clientId|objectId|[uU]id)$", uuid),
    )
)
_PLAIN: Mapping[Kind, Any] = {Kind.BOOLEAN: False, Kind.INTEGER: 0, Kind.NUMBER: 0}


class Synthesis:
    """Makes up values for one resource."""

    def __init__(self, schema: Schema, seed: str, *, generous: bool, named: Mapping[str, Callable[[str], Any]]) -> None:
        """`generous`: whether what its SDK calls optional is there all the same. `named`: the cloud's own makers of a text
        by the property's name; each is given the path.
        """
        self._schema = schema
        self._seed = seed
        self._generous = generous
        self._named = named

    def output(self, output: Property) -> Any:
        """A value for an output that the cloud fills in; None when it leaves it out."""
        if output.name in self._schema.inputs:
            return self._modest(output)
        if not output.required and not self._generous:
            return None
        return self._value(output.name, output.name, output.shape, inside=())

    def member(self, member: Property, path: str, inside: str) -> Any:
        """A value for a member that the cloud always adds to an object of type `inside`."""
        return self._value(member.name, path, member.shape, inside=(inside,))

    def _modest(self, output: Property) -> Any:
        """A value for what the program might have given and did not: nothing inside that it did not ask for."""
        empty: Mapping[Kind, Any] = {Kind.LIST: [], Kind.OBJECT: {}, Kind.MAP: {}}
        if output.shape.kind in empty:
            return empty[output.shape.kind]
        return self._value(output.name, output.name, output.shape, inside=())

    def _value(self, name: str, path: str, shape: Shape, *, inside: tuple[str, ...]) -> Any:
        if shape.allowed:
            return shape.allowed[0]
        match shape.kind:
            case Kind.STRING:
                return self._text(name, path)
            case Kind.LIST:
                if not self._generous or shape.item is None or len(inside) > DEEP:
                    return []
                return [self._value(name, f"{path}[0]", shape.item, inside=inside)]
            case Kind.OBJECT:
                # A type may contain itself.
                return {} if shape.type in inside else self._object(path, shape.type, inside)
            case Kind.UNION:
                return self._value(name, path, shape.options[0], inside=inside)
            case Kind.MAP | Kind.ANY | Kind.ASSET:
                return {}
        return _PLAIN[shape.kind]

    def _object(self, path: str, name: str, inside: tuple[str, ...]) -> dict[str, Any]:
        return {
            each.name: self._value(each.name, f"{path}.{each.name}", each.shape, inside=(*inside, name))
            for each in self._schema.types[name].values()
            if each.required or self._generous
        }

    def _text(self, name: str, path: str) -> Any:
        if name in self._named:
            return self._named[name](path)
        make = next((make for pattern, make in _TEXTS if pattern.search(name)), text)
        return make(self._seed, path)
