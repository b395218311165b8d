"""From a client's last words to one line and a remedy.

Data: the first row whose pattern is found in what the client said gives the remedy. A remedy names the setting that
the client itself reads; the set-up has none of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .client import ClientFailed
from .faults import Fault

_AGAIN = "then run the same command again: it goes on from where it stopped"


@dataclass(frozen=True)
class Remedy:
    """`passing`: worth another try at once, without asking anybody."""

    pattern: str
    advice: str
    passing: bool = False


@dataclass(frozen=True)
class Speech:
    """How a client marks the line that matters, and what its refusals mean."""

    verdict: str
    remedies: tuple[Remedy, ...]


_DISK = Remedy(r"no space left on device|disk quota exceeded", f"free some space, {_AGAIN}")

PIP = Speech(
    verdict=r"^\s*(?:ERROR|error): |^Could not fetch URL ",
    remedies=(
        _DISK,
        Remedy(r"ensurepip", f"install a complete Python 3.11 (Debian 12: apt-get install python3.11-venv), {_AGAIN}"),
        Remedy(
            r"do not match the hashes",
            "the index serves other files than requirements.txt was locked with: use one that passes files on unchanged"
            " (PIP_INDEX_URL or `pip config set global.index-url`)",
        ),
        Remedy(
            r"certificate.?verify.?failed|SSLError|confirming the ssl certificate",
            f"name your CA bundle in PIP_CERT (or `pip config set global.cert FILE`), {_AGAIN}",
        ),
        Remedy(
            r"\b(?:401|403) client error|\b407 proxy authentication|forbidden|unauthorized",
            "the package index refuses: check PIP_INDEX_URL or pip.conf and the credentials there or in ~/.netrc,"
            f" {_AGAIN}",
        ),
        Remedy(
            r"name or service not known|name resolution|failed to establish a new connection|connection refused"
            r"|network is unreachable|timed out|connection aborted|proxyerror|cannot connect to proxy",
            "the package index cannot be reached: check the network, HTTPS_PROXY, or name your mirror in PIP_INDEX_URL,"
            f" {_AGAIN}",
        ),
        Remedy(
            r"too many 50\d error responses|\b50\d server error",
            f"the package index has a fault of its own: wait, or name another in PIP_INDEX_URL, {_AGAIN}",
        ),
        Remedy(
            r"404 client error|no matching distribution found",
            "the package index does not have it for this Python and machine: name a complete mirror in PIP_INDEX_URL,"
            f" {_AGAIN}",
        ),
        Remedy(r"permission denied|read-only file system", f"make .venv writable for you or remove it, {_AGAIN}"),
    ),
)

GO = Speech(
    verdict=r".",
    remedies=(
        _DISK,
        Remedy(
            r"signal: killed|cannot allocate memory",
            f"the machine ran out of memory: close something or set GOFLAGS=-p=1 for one compiler at a time, {_AGAIN}",
        ),
        Remedy(r"x509:", f"name your CA bundle in SSL_CERT_FILE (Debian: apt-get install ca-certificates), {_AGAIN}"),
        Remedy(
            r"checksum mismatch|security error",
            "the module proxy serves another file than go.sum was locked with: name one in GOPROXY that passes files on"
            " unchanged; if only this machine is affected, `go clean -modcache`",
        ),
        Remedy(r"credentials to insecure url", f"name the module proxy in GOPROXY with https://, {_AGAIN}"),
        Remedy(
            r"requires go >=|toolchain not available",
            "install the Go that tools/*/go.mod asks for, or set GOTOOLCHAIN=auto to let Go fetch it through GOPROXY",
        ),
        Remedy(
            r"\b(?:502|503|504)\b|i/o timeout|tls handshake timeout|connection reset|unexpected eof|stream error"
            r"|http2: server sent goaway",
            f"the module proxy did not answer in time: check the network, HTTPS_PROXY and GOPROXY, {_AGAIN}",
            passing=True,
        ),
        Remedy(
            r"\b(?:401|403|407)\b|forbidden|unauthorized|proxy authentication required",
            f"the module proxy refuses: check GOPROXY and the credentials in ~/.netrc (or GOAUTH), {_AGAIN}",
        ),
        Remedy(
            r"\b(?:404|410)\b|module lookup disabled|disabled by goproxy=off",
            f"name a module proxy in GOPROXY that carries this module, {_AGAIN}",
        ),
        Remedy(
            r"no such host|connection refused|network is unreachable|dial tcp|temporary failure in name resolution",
            f"the module proxy cannot be reached: check the network, HTTPS_PROXY and GOPROXY, {_AGAIN}",
        ),
        Remedy(
            r"permission denied|read-only file system",
            f"make the directories that `go env GOCACHE GOMODCACHE` names writable, {_AGAIN}",
        ),
    ),
)

APT = Speech(
    verdict=r"^E: ",
    remedies=(
        _DISK,
        Remedy(r"could not get lock|is held by process", "another apt runs: let it finish, then run the command again"),
        Remedy(
            r"unable to locate package|has no installation candidate",
            "the Debian mirror in /etc/apt/sources.list does not offer it: name one that does, and run apt-get update",
        ),
        Remedy(
            r"could not resolve|could not connect|failed to fetch|connection failed",
            "the Debian mirror cannot be reached: check the network, or Acquire::http::Proxy in /etc/apt/apt.conf.d",
        ),
    ),
)


def fault(step: str, client: str, speech: Speech, failure: ClientFailed) -> Fault:
    """One line of what the client said, and what to do about it."""
    remedy = _remedy(speech, failure.words)
    verdict = _verdict(speech, failure.words, remedy)
    said = f"{client} says: {verdict}" if verdict else f"{client} ended with code {failure.code} and without a word"
    return Fault(f"{step}: {said}", remedy.advice if remedy else "read the log; then run it again", log=failure.log)


def is_passing(speech: Speech, failure: ClientFailed) -> bool:
    remedy = _remedy(speech, failure.words)
    return remedy is not None and remedy.passing


def _remedy(speech: Speech, words: Sequence[str]) -> Remedy | None:
    text = "\n".join(words)
    return next((remedy for remedy in speech.remedies if re.search(remedy.pattern, text, re.IGNORECASE)), None)


def _verdict(speech: Speech, words: Sequence[str], remedy: Remedy | None) -> str:
    """The last line that the client marks as its verdict; of several, one that shows the reason."""
    spoken = [line.strip() for line in words if line.strip()]
    marked = [line for line in spoken if re.search(speech.verdict, line)] or spoken
    telling = [line for line in marked if remedy and re.search(remedy.pattern, line, re.IGNORECASE)]
    return (telling or marked or [""])[-1]
