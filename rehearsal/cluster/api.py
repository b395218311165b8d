"""The API server's HTTP, and nothing above it: paths in, objects out, refusals with the server's own words.

It knows no kinds, waits for nothing and prints nothing. What an object is for is said by its users: the control plane,
the stand-in provider, the stand-in cloud controllers.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx

from core.errors import EnvironmentFault, KokunaiError

Object = dict[str, Any]
"""A Kubernetes object, or any other JSON object that the API server answers with."""

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
BUSY: Final = 429
PATIENCE: Final = 5
"""How many times a request that the server was too busy to look at is sent again."""


class ApiError(KokunaiError):
    """The API server's refusal. `what` is its message word for word; `status` the whole Status object."""

    def __init__(self, code: int, status: Mapping[str, Any], *, where: str = "") -> None:
        self.code = code
        self.status = status
        self.reason = str(status.get("reason", ""))
        super().__init__(str(status.get("message") or f"HTTP {code}"), where=where)


class Unreachable(EnvironmentFault):
    """Nothing answers at the API server's address: what stands in the cluster is unknown, not gone."""


@dataclass(frozen=True)
class Answer:
    """What the API server sent: an object, and the warnings that came with it (deprecations, Pod Security)."""

    object: Object
    warnings: tuple[str, ...] = ()


class Api:
    """One API server under one identity. Safe for many threads."""

    def __init__(self, server: str, *, certificate_authority: str, token: str, timeout: float = 20.0) -> None:
        """
        Args:
            server: `https://127.0.0.1:PORT`.
            certificate_authority: the certificate that signed the server's (PEM text).
            timeout: seconds for one answer.
        """
        self.server = server
        context = ssl.create_default_context(cadata=certificate_authority)
        self._http = httpx.Client(
            base_url=server,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            verify=context,
            timeout=timeout,
            limits=httpx.Limits(max_connections=128, max_keepalive_connections=64, keepalive_expiry=20),
            # A proxy of the company has no business between two processes of one machine.
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> Object:
        return self.request("GET", path, query=query).object

    def find(self, path: str) -> Object | None:
        """The object at `path`, None where there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.code == httpx.codes.NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: Object, **query: str) -> Answer:
        return self.request("POST", path, query=query, body=body)

    def apply(self, path: str, body: Object, *, manager: str, **query: str) -> Answer:
        """Server-side apply: the fields in `body` become `manager`'s, those that it no longer names go."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", **query}
        return self.request("PATCH", path, query=query, body=body, content_type=APPLY)

    def merge(self, path: str, body: Object, **query: str) -> Answer:
        return self.request("PATCH", path, query=query, body=body, content_type=MERGE)

    def delete(self, path: str, *, propagation: str = "Background", **query: str) -> Object:
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        return self.request("DELETE", path, query=query, body=options).object

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """
        Raises:
            ApiError: the server refuses.
            Unreachable: nobody answers.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        for attempt in range(PATIENCE):
            try:
                response = self._http.request(method, path, params=query or None, content=content, headers=headers)
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            if response.status_code != BUSY or attempt == PATIENCE - 1:
                break
            time.sleep(min(float(response.headers.get("Retry-After", 1)), 2.0))
        answered = _json(response)
        if response.is_success:
            return Answer(answered, tuple(map(_warning, response.headers.get_list("Warning"))))
        raise ApiError(response.status_code, answered)

    def text(self, path: str) -> str:
        """A plain answer such as `/readyz`'s.

        Raises:
            ApiError, Unreachable: as `request`.
        """
        try:
            response = self._http.get(path)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if not response.is_success:
            raise ApiError(response.status_code, {"message": response.text})
        return response.text

    def watch(self, path: str, **query: str) -> Iterator[tuple[str, Object]]:
        """Events of a collection until the server ends the stream: `ADDED`, `MODIFIED`, `DELETED` and the object."""
        try:
            with self._http.stream(
                "GET", path, params={**query, "watch": "true"}, timeout=httpx.Timeout(10, read=None)
            ) as response:
                if not response.is_success:
                    response.read()
                    raise ApiError(response.status_code, _json(response))
                for line in response.iter_lines():
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError(event["object"].get("code", 500), event["object"])
                    yield event["type"], event["object"]
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        address = urlsplit(self.server).netloc
        late = isinstance(error, httpx.TimeoutException)
        how = "has not answered in time; its etcd may be down" if late else f"does not answer: {error}"
        return Unreachable(
            f"the rehearsed API server {how}",
            where=address,
            fix="look with `kokunai rehearse status`; `kokunai rehearse up` starts what has stopped",
        )


def _json(response: httpx.Response) -> Object:
    try:
        return cast(Object, response.json())
    except ValueError:
        return {"message": response.text.strip() or f"HTTP {response.status_code}"}


def _warning(header: str) -> str:
    """`299 - "text"` → `text`."""
    parts = header.split('"')
    return '"'.join(parts[1:-1]).replace('\\"', '"') if len(parts) > 2 else header
