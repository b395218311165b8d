"""The secrets of a stack's encrypted configuration, checked before they are hidden in Outputs. None is ever quoted.

A preview goes on without them, with values that are unknown; an update needs them. They never stand in a model or a log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi.runtime import is_config_secret
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.platform.secrets import EdgeSecrets, keys_map, rates_map
from components.undecided import undecided_secret
from core.errors import InputError, KokunaiError
from stacks.settings import NAMESPACE, file_and

CLIENT: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62})")
"""A client's name, as it appears in the log and in the rate limits of the edge."""
SHA256: Final = re.compile(r"[0-9a-f]{64}")
HOW_TO_SET: Final[Mapping[str, str]] = {
    "edgeCertificate": "pulumi config set kokunai:edgeCertificate -s {stack} < tls.crt",
    "edgePrivateKey": "pulumi config set --secret kokunai:edgePrivateKey -s {stack} < tls.key",
    "edgeKeys": "pulumi config set --secret --path 'kokunai:edgeKeys.<client>' <SHA-256 of the key> -s {stack}",
    "kubeconfig": "pulumi config set --secret kokunai:kubeconfig -s {stack} < kubeconfig",
}
EMPTY: Final = ("", "{}")
"""The defaults with which the engine fills keys that a stack leaves out."""
NEVER_IN_CLEAR: Final = frozenset({"edgePrivateKey", "edgeKeys", "kubeconfig"})


@dataclass(frozen=True)
class Secrets:
    """What the components take, and what is still to be set before an update."""

    edge: EdgeSecrets
    kubeconfig: pulumi.Output[str]
    """Of the organisation's own cluster; unknown on the other sites, which make their own."""
    missing: Sequence[KokunaiError]


def secrets(*, context: str | None) -> Secrets:
    """Read and check them; `context` is the name that the kubeconfig must hold, None where no kubeconfig is needed.

    Raises:
        InputError: something is there, but in clear or not what it should be.
    """
    config = pulumi.Config(NAMESPACE)
    wanted = [key for key in HOW_TO_SET if key != "kubeconfig" or context is not None]
    found = {key: text for key in wanted if (text := (config.get(key) or "").strip()) not in EMPTY}
    problems = [
        _fault(key, "stands in clear", _how(key)) for key in found if key in NEVER_IN_CLEAR and not _secret(key)
    ]
    keys, rates = _keys(found.get("edgeKeys"), problems), _rates(config.get("edgeRates"), problems)
    problems += [
        _fault("edgeRates", f"client {client!r} has no key", "remove its rate, or give it a key")
        for client in sorted(rates.keys() - keys.keys())
        if "edgeKeys" in found
    ]
    _check_pair(found, problems)
    if context is not None and "kubeconfig" in found:
        _check_kubeconfig(found["kubeconfig"], context, problems)
    if problems:
        raise InputError(problems)

    def hidden(key: str, text: str | None = None) -> pulumi.Output[str]:
        return pulumi.Output.secret(text or found[key] + "\n") if key in found else undecided_secret()

    return Secrets(
        EdgeSecrets(
            certificate=hidden("edgeCertificate"),
            private_key=hidden("edgePrivateKey"),
            keys=hidden("edgeKeys", keys_map(keys)),
            rates=pulumi.Output.secret(rates_map(rates)),
        ),
        kubeconfig=hidden("kubeconfig"),
        missing=[_fault(key, "not set", _how(key)) for key in wanted if key not in found],
    )


def _how(key: str) -> str:
    return HOW_TO_SET[key].format(stack=pulumi.get_stack())


def _secret(key: str) -> bool:
    return bool(is_config_secret(f"{NAMESPACE}:{key}"))


def _fault(key: str, what: str, fix: str) -> KokunaiError:
    return KokunaiError(what, where=file_and(f"{NAMESPACE}:{key}"), fix=fix)


def _mapping(key: str, text: str | None, problems: list[KokunaiError]) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        problems.append(_fault(key, "not a mapping of clients", "write one line per client under it"))
        return {}
    problems += [
        _fault(key, f"{client!r} is not a client's name", "use lower-case letters, digits and -")
        for client in found
        if not CLIENT.fullmatch(client)
    ]
    return found


def _keys(text: str | None, problems: list[KokunaiError]) -> dict[str, tuple[str, ...]]:
    """Client to the hashes of its keys: one, or a list while keys change."""
    keys: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    for client, given in _mapping("edgeKeys", text, problems).items():
        hashes = tuple(given) if isinstance(given, list) else (given,)
        if not hashes or not all(isinstance(each, str) and SHA256.fullmatch(each) for each in hashes):
            fix = 'store the SHA-256 of the key, not the key: printf %s "$KEY" | sha256sum'
            problems.append(_fault("edgeKeys", f"of client {client!r} something is not 64 hexadecimal digits", fix))
            continue
        for each in hashes:
            if owners.setdefault(each, client) != client:
                what = f"clients {owners[each]!r} and {client!r} have the same key"
                problems.append(_fault("edgeKeys", what, "give each a key of its own"))
        keys[client] = hashes
    return keys


def _rates(text: str | None, problems: list[KokunaiError]) -> dict[str, int]:
    rates: dict[str, int] = {}
    for client, rate in _mapping("edgeRates", text, problems).items():
        if isinstance(rate, bool) or not isinstance(rate, int) or rate < 1:
            what = f"of client {client!r} not a number of requests per ten seconds"
            problems.append(_fault("edgeRates", what, "write a whole number above 0"))
        else:
            rates[client] = rate
    return rates


def _check_pair(found: Mapping[str, str], problems: list[KokunaiError]) -> None:
    """Certificate and key are what they should be and belong together: else no edge would start."""
    if not {"edgeCertificate", "edgePrivateKey"} <= found.keys():
        return
    # Costs a tenth of a second, and a check of the program has no certificate.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificates(found["edgeCertificate"].encode())[0]
    except ValueError:
        problems.append(_fault("edgeCertificate", "not a certificate in PEM", _how("edgeCertificate")))
        return
    try:
        key = load_pem_private_key(found["edgePrivateKey"].encode(), password=None)
    except (ValueError, TypeError):
        problems.append(_fault("edgePrivateKey", "not an unencrypted key in PEM", _how("edgePrivateKey")))
        return
    if key.public_key() != certificate.public_key():
        problems.append(_fault("edgePrivateKey", "not the key of the certificate", "set both from the same request"))


def _check_kubeconfig(text: str, context: str, problems: list[KokunaiError]) -> None:
    try:
        parsed = YAML(typ="safe", pure=True).load(text)
        names = [each["name"] for each in parsed["contexts"]]
    except (YAMLError, KeyError, TypeError):
        problems.append(_fault("kubeconfig", "not a kubeconfig with contexts", _how("kubeconfig")))
        return
    if context not in names:
        what = f"no context {context!r}, which kokunai:onprem.context names; it has: {', '.join(map(str, names))}"
        problems.append(_fault("kubeconfig", what, "name one of them in kokunai:onprem.context"))
