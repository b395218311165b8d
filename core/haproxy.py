"""The text of HAProxy's configuration: one edge for the cluster and for a local process.

The same text runs in the pod and in the rehearsal; only environment variables differ (`EDGE_BIND`, and one
`UPSTREAM_<SERVICE>` per service where the cluster's names do not resolve). Written for HAProxy 2.6 and later. Each
setting that is not HAProxy's default says why it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core import naming, serving
from core.service import Service

PORT: Final = 8443
"""The port on which the edge listens in its pod."""
ERRORS: Final[dict[int, tuple[str, str]]] = {
    400: ("invalid_request_error", "the request is not valid HTTP"),
    401: ("authentication_error", "no valid key was given"),
    404: ("invalid_request_error", "no such path on this endpoint"),
    408: ("invalid_request_error", "the request did not arrive in time"),
    411: ("invalid_request_error", "a content-length is required"),
    413: ("invalid_request_error", "the request body is too large"),
    429: ("rate_limit_error", "too many requests for this key"),
    500: ("server_error", "internal error"),
    502: ("server_error", "the model server gave no valid answer"),
    503: ("server_error", "the model is not ready"),
    504: ("server_error", "the model server did not answer in time"),
}
REQUESTS_PER_TEN_SECONDS: Final = 600
"""Rate limit of a key that has none of its own in rates.map."""


def base_path(service: Service) -> str:
    """The path prefix under which an edge serves a service; the base URL that applications use ends in `/v1` after it."""
    return f"/{service.name}"


def _error_body(status: int) -> str:
    kind, message = ERRORS[status]
    return f'{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":{status}}}}}'


def _answer(status: int, condition: str, headers: str = "") -> str:
    return (
        f"    http-request return status {status} content-type application/json "
        f"string '{_error_body(status)}'{headers} {condition}"
    )


def edge(services: Sequence[Service]) -> str:
    """The configuration of a site's edge for its services, sorted by name so that it does not depend on their order."""
    ordered = sorted(services, key=lambda service: service.name)
    return (
        "\n".join((*_head(), *_frontend(ordered), *(line for service in ordered for line in _backend(service)))) + "\n"
    )


def _head() -> tuple[str, ...]:
    # HAProxy itself answers these; the others are answered by rules of the frontend.
    own = (400, 408, 500, 502, 503, 504)
    return (
        "global",
        "    maxconn 4000",
        "    default-path config",
        "    # tls.crt and tls.key lie beside each other, as a kubernetes.io/tls Secret mounts them",
        "    ssl-load-extra-del-ext",
        "    ssl-default-bind-options ssl-min-ver TLSv1.2",
        "    log stdout format raw local0",
        "    # keys are revoked and rates changed here without a restart",
        '    stats socket "${EDGE_SOCKET-unix@/tmp/edge.sock}" mode 600 level admin expose-fd listeners',
        "",
        "resolvers cluster",
        "    parse-resolv-conf",
        "    hold valid 10s",
        "",
        "defaults",
        "    mode http",
        "    log global",
        "    # client, service, model server, status, times, and the request's id; never a header's value or a body",
        '    log-format "%ci [%tr] %{+Q}[var(txn.client)] %b/%s %ST %Tr/%Ta %B %tsc %[var(txn.id)]"',
        "    # without it every token of a stream waits for Nagle's timer",
        "    option http-no-delay",
        "    # without it a reload drops idle keep-alive clients",
        "    option idle-close-on-response",
        "    # the gateway retries, and it alone, so that a request is not tried twice in two places",
        "    retries 0",
        "    timeout connect 500ms",
        "    timeout http-request 10s",
        "    timeout http-keep-alive 60s",
        "    # a stream may be silent for long while the model thinks",
        "    timeout client 600s",
        "    timeout server 600s",
        "    timeout check 2s",
        "    # a name that does not resolve yet must not stop the edge from starting",
        "    default-server init-addr last,libc,none",
        *(
            f"    http-error status {status} content-type application/json string '{_error_body(status)}'"
            + (" hdr retry-after 5" if status == 503 else "")
            for status in own
        ),
        "",
    )


def _frontend(services: Sequence[Service]) -> tuple[str, ...]:
    lines = [
        "frontend edge",
        f'    bind "${{EDGE_BIND-:{PORT}}}" ssl crt tls/tls.crt alpn h2,http/1.1',
        "    # healthy while any service is; each service has a health path of its own",
        *(f"    acl any_ready nbsrv({_backend_name(service)}) ge 1" for service in services),
        "    monitor-uri /healthz",
        "    monitor fail unless any_ready",
        "    unique-id-format %[uuid()]",
        "    http-request set-var(txn.id) req.hdr(x-request-id) if { req.hdr(x-request-id) -m reg ^[A-Za-z0-9_.-]{1,128}$ }",
        "    http-request set-var(txn.id) unique-id unless { var(txn.id) -m found }",
        "    http-request set-header x-request-id %[var(txn.id)]",
        "    http-after-response set-header x-request-id %[var(txn.id)] if { var(txn.id) -m found }",
    ]
    for service in services:
        ready = f"{{ path {base_path(service)}/healthz }} {{ nbsrv({_backend_name(service)}) ge 1 }}"
        lines += [
            f"    http-request return status 200 content-type text/plain string ok if {ready}",
            _answer(503, f"if {{ path {base_path(service)}/healthz }}", " hdr retry-after 5"),
        ]
        for method in ("GET", "POST"):
            paths = [path for verb, path in serving.PATHS[service.kind] if verb == method]
            allowed = " ".join(base_path(service) + path for path in paths)
            lines.append(
                f"    http-request set-var(txn.service) str({service.name}) if {{ method {method} }} {{ path {allowed} }}"
            )
    lines += [
        "    # the path is compared whole and as it came: nothing is decoded or normalised before",
        _answer(404, "unless { var(txn.service) -m found }"),
        "    http-request set-var(txn.client) http_auth_bearer,sha2(256),hex,lower,map_str(keys/keys.map)",
        _answer(401, "unless { var(txn.client) -m found }", " hdr www-authenticate Bearer"),
        "    # a length that is told can be limited; a body without one could be of any size",
        _answer(411, "if { method POST } !{ req.hdr(content-length) -m found }"),
        "    stick-table type string len 64 size 10k expire 1m store http_req_rate(10s)",
        "    http-request track-sc0 var(txn.client)",
        f"    http-request set-var(txn.limit) var(txn.client),map_str_int(keys/rates.map,{REQUESTS_PER_TEN_SECONDS})",
        "    http-request set-var(txn.over) sc_http_req_rate(0),sub(txn.limit)",
        _answer(429, "if { var(txn.over) -m int gt 0 }", " hdr retry-after 10"),
    ]
    for service in services:
        limit = service.exposure.max_body_kib * 1024
        lines.append(
            _answer(
                413, f"if {{ var(txn.service) -m str {service.name} }} {{ req.hdr_val(content-length) gt {limit} }}"
            )
        )
    lines += [
        "    # the key ends here: the model server never sees it",
        "    http-request del-header authorization",
        "    http-request set-header x-client %[var(txn.client)]",
        "    use_backend model-%[var(txn.service)]",
        "",
    ]
    return tuple(lines)


def _backend_name(service: Service) -> str:
    return f"model-{service.name}"


def _backend(service: Service) -> tuple[str, ...]:
    upstream = f"${{{naming.upstream_variable(service.name)}-{naming.model_host(service.name)}:{serving.PORT}}}"
    return (
        f"backend {_backend_name(service)}",
        f"    http-request replace-path ^{base_path(service)}(/.*)$ \\1",
        "    option httpchk",
        "    http-check send meth GET uri /health",
        "    http-check expect status 200",
        f'    server model "{upstream}" check inter 1s fastinter 250ms downinter 500ms fall 2 rise 1 resolvers cluster',
        "",
    )
