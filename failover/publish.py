"""Publishing: from what a stack says about its endpoints to signed descriptors, by way of the endpoint itself.

An endpoint is published only when it was reached through its edge and kept the contract; what it answered to the probes
goes into the descriptor as a digest. Not a switch: nothing moves here.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from catalog.load import SiteName
from core.descriptor import Descriptor
from core.errors import InputError, KokunaiError
from core.files import write_whole
from core.fingerprint import canonical
from core.service import DataClass, Declared
from failover.signing import Signer

TIMEOUT_SECONDS = 30.0


class EndpointOutput(Declared):
    """One endpoint as a stack's `endpoints` output tells it."""

    url: str
    fingerprint: str
    region: str
    data_class: DataClass
    max_model_len: int
    accelerator: str
    machine: str
    placement: tuple[str, ...]


@dataclass(frozen=True)
class Probe:
    """One question of the contract and what was observed, without anything that differs from one answer to the next."""

    name: str
    expected: Mapping[str, Any]
    observed: Mapping[str, Any]

    @property
    def kept(self) -> bool:
        return self.expected == self.observed


def read_outputs(outputs: Mapping[str, Any], *, where: str) -> Mapping[str, EndpointOutput]:
    """The endpoints of a stack's outputs, by service.

    Raises:
        KokunaiError: the stack has none, or they have another shape.
    """
    found = outputs.get("endpoints")
    if not isinstance(found, Mapping) or not found:
        raise KokunaiError("the stack has no endpoints", where=where, fix="run `pulumi up` of that stack first")
    try:
        return {name: EndpointOutput.model_validate(value) for name, value in found.items()}
    except ValidationError as error:
        fault = error.errors()[0]
        raise KokunaiError(
            f"endpoints.{'.'.join(map(str, fault['loc']))}: {fault['msg']}",
            where=where,
            fix="the stack was deployed by another version: run `pulumi up` again",
        ) from None


def context(ca: Path | None) -> ssl.SSLContext:
    """TLS as a client of the organisation does it: its own authority when one is given, else the system's."""
    return ssl.create_default_context(cafile=str(ca) if ca else None)


def probe(client: httpx.Client, url: str, service: str, endpoint: EndpointOutput, key: str) -> tuple[Probe, ...]:
    """Ask an endpoint the questions of the contract through its edge.

    Raises:
        KokunaiError: it cannot be reached.
    """
    bearer = {"authorization": f"Bearer {key}"}
    root = url.removesuffix("/v1")
    message = {"model": service, "messages": [{"role": "user", "content": "こんにちは"}], "max_tokens": 8}
    try:
        models = client.get(f"{url}/models", headers=bearer)
        unary = client.post(f"{url}/chat/completions", headers=bearer, json=message)
        events = _events(client, f"{url}/chat/completions", bearer, {**message, "stream": True})
        refused = {
            "without a key": client.post(f"{url}/chat/completions", json=message).status_code,
            "with a wrong key": client.get(f"{url}/models", headers={"authorization": "Bearer wrong"}).status_code,
            "/metrics": client.get(f"{root}/metrics", headers=bearer).status_code,
            "/pause": client.post(f"{root}/pause", headers=bearer, json={}).status_code,
            "/invocations": client.post(f"{root}/invocations", headers=bearer, json=message).status_code,
            "another model": client.post(
                f"{url}/chat/completions", headers=bearer, json={**message, "model": "x"}
            ).status_code,
        }
    except httpx.HTTPError as error:
        raise KokunaiError(
            f"cannot be reached: {str(error) or type(error).__name__}",
            where=url,
            fix="check that this machine is in the network that may reach the edge, and the edge's certificate",
        ) from None
    model = (_json(models).get("data") or [{}])[0]
    body = _json(unary)
    choice = (body.get("choices") or [{}])[0]
    return (
        Probe(
            "models",
            {"status": 200, "id": service, "max_model_len": endpoint.max_model_len},
            {"status": models.status_code, "id": model.get("id"), "max_model_len": model.get("max_model_len")},
        ),
        Probe(
            "unary",
            {"status": 200, "object": "chat.completion", "role": "assistant", "finish": True, "usage": True},
            {
                "status": unary.status_code,
                "object": body.get("object"),
                "role": (choice.get("message") or {}).get("role"),
                "finish": choice.get("finish_reason") in ("stop", "length"),
                "usage": {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(body.get("usage") or {}),
            },
        ),
        Probe(
            "stream",
            {"status": 200, "chunks": True, "done": True},
            events,
        ),
        Probe(
            "refusals",
            {"without a key": 401, "with a wrong key": 401, "/metrics": 404, "/pause": 404, "/invocations": 404,
             "another model": 404},
            refused,
        ),
    )  # fmt: skip


def _events(client: httpx.Client, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    chunks, last = 0, ""
    with client.stream("POST", url, headers=dict(headers), json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                last = line.removeprefix("data: ")
                chunks += last != "[DONE]"
        return {"status": answer.status_code, "chunks": chunks > 0, "done": last == "[DONE]"}


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def digest(probes: Sequence[Probe]) -> str:
    """The conformance digest: equal on endpoints that answered alike."""
    return "sha256:" + hashlib.sha256(canonical({each.name: dict(each.observed) for each in probes})).hexdigest()


def publish(
    site: SiteName,
    endpoints: Mapping[str, EndpointOutput],
    *,
    key: str,
    signer: Signer,
    directory: Path,
    environment: Literal["production", "rehearsal"],
    ca: Path | None = None,
    address: str | None = None,
) -> tuple[Descriptor, ...]:
    """Probe each endpoint of a site, sign what it is, write `<site>.<service>.json`: all of them, or none.

    Args:
        key: an API key that the edge knows.
        address: `host:port` under which the edge is reached where its name does not lead to it.

    Raises:
        InputError: with each endpoint that could not be reached or broke the contract.
    """
    problems: list[KokunaiError] = []
    found: list[Descriptor] = []
    tls = context(ca)
    with httpx.Client(verify=tls, timeout=TIMEOUT_SECONDS, trust_env=address is None) as client:
        for service, endpoint in sorted(endpoints.items()):
            url = _at(endpoint.url, address)
            try:
                probes = probe(client, url, service, endpoint, key)
            except KokunaiError as problem:
                problems.append(problem)
                continue
            problems += [
                KokunaiError(
                    f"{each.name}: expected {dict(each.expected)}, got {dict(each.observed)}",
                    where=url,
                    fix="the endpoint breaks the contract; it is not published",
                )
                for each in probes
                if not each.kept
            ]
            found.append(
                signer.sign(
                    Descriptor(
                        environment=environment,
                        service=service,
                        site=site,
                        url=url,
                        fingerprint=endpoint.fingerprint,
                        region=endpoint.region,
                        data_classes=(endpoint.data_class,),
                        certificate=_certificate(url, tls),
                        placement=endpoint.placement,
                        conformance=digest(probes),
                        issued_at=datetime.now(UTC).replace(microsecond=0),
                    )
                )
            )
    if problems:
        raise InputError(problems)
    for descriptor in found:
        write_whole(directory / f"{descriptor.site}.{descriptor.service}.json", descriptor.text(), mode=0o644)
    return tuple(found)


def read(path: Path) -> Descriptor:
    """Read a descriptor file.

    Raises:
        KokunaiError: it is not there or not a descriptor.
    """
    try:
        return Descriptor.model_validate_json(path.read_bytes())
    except OSError as error:
        raise KokunaiError(f"cannot be read: {error.strerror}", where=str(path), fix="kokunai publish SITE") from None
    except ValidationError as error:
        fault = error.errors()[0]
        raise KokunaiError(
            f"not a descriptor: {'.'.join(map(str, fault['loc']))} {fault['msg']}",
            where=str(path),
            fix="kokunai publish SITE",
        ) from None


def _at(url: str, address: str | None) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=address).geturl() if address else url


def _certificate(url: str, tls: ssl.SSLContext) -> str:
    """SHA-256 of the certificate with which the edge answers."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    with (
        socket.create_connection((host, port), TIMEOUT_SECONDS) as raw,
        tls.wrap_socket(raw, server_hostname=host) as connection,
    ):
        return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
