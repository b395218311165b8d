"""The edge as a client meets it: the contract's paths, keys, limits and errors, through TLS, with the real client."""

from __future__ import annotations

import hashlib
import socket

import httpx
import openai
import pytest

from failover import publish
from tests.edge import Edge

SERVICES = ("swallow-70b", "sarashina-3b")
MESSAGE = [{"role": "user", "content": "拠点を切り替えます。"}]


@pytest.mark.parametrize("service", SERVICES)
def test_the_openai_client_gets_an_answer_and_a_stream(running_edge: Edge, service: str) -> None:
    with (
        running_edge.client() as http,
        openai.OpenAI(
            base_url=f"https://{running_edge.address}/{service}/v1",
            api_key=running_edge.key,
            http_client=openai.DefaultHttpxClient(verify=publish.context(running_edge.ca), trust_env=False),
        ) as client,
    ):
        answer = client.chat.completions.create(model=service, messages=MESSAGE)  # type: ignore[arg-type]
        assert answer.choices[0].message.content
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage
        assert answer.usage.total_tokens > 0
        stream = client.chat.completions.create(model=service, messages=MESSAGE, stream=True)  # type: ignore[call-overload]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
        assert text == answer.choices[0].message.content
        with http.stream(
            "POST",
            f"/{service}/v1/chat/completions",
            headers={"authorization": f"Bearer {running_edge.key}"},
            json={"model": service, "messages": MESSAGE, "stream": True},
        ) as raw:
            lines = [line for line in raw.iter_lines() if line]
        assert lines[-1] == "data: [DONE]"


def _get(edge: Edge, path: str, key: str | None = None, method: str = "GET", **more: object) -> httpx.Response:
    with edge.client() as client:
        headers = {"authorization": f"Bearer {edge.key if key is None else key}"} if key != "" else {}
        return client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/metrics", "/swallow-70b/metrics", "/pause", "/swallow-70b/pause", "/swallow-70b/invocations", "/v1/models",
        "/swallow-70b/tokenize", "/swallow-70b//v1/models", "/swallow-70b/v1/../pause", "/swallow-70b/v1/%6dodels",
        "/swallow-70b/v1/models/", "/SWALLOW-70B/v1/models", "/other/v1/models", "/swallow-70b/health", "/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_off_the_list_never_passes(running_edge: Edge, path: str, method: str) -> None:
    # httpx would normalise a path; these must arrive as they are.
    raw = httpx.URL(f"https://{running_edge.address}").copy_with(raw_path=path.encode())
    with running_edge.client() as client:
        answer = client.request(method, raw, headers={"authorization": f"Bearer {running_edge.key}"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == 404


def test_the_forbidden_paths_exist_behind_the_edge(running_edge: Edge) -> None:
    running = running_edge.supervisor.find("aws-model-swallow-70b")
    assert running is not None
    assert httpx.get(f"http://{running.argv[4]}/metrics", trust_env=False).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_method_off_the_list_never_passes(running_edge: Edge, method: str) -> None:
    assert _get(running_edge, "/swallow-70b/v1/models", method=method).status_code == 404


@pytest.mark.parametrize("key", ["", "wrong", "rehearsal-client"])
def test_without_a_known_key_401(running_edge: Edge, key: str) -> None:
    answer = _get(running_edge, "/swallow-70b/v1/models", key)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


def test_the_hash_of_a_key_is_not_a_key(running_edge: Edge) -> None:
    stored = (running_edge.directory / "edge/keys/keys.map").read_text().split()[0]
    assert _get(running_edge, "/swallow-70b/v1/models", stored).status_code == 401


def test_too_large_a_body_413(running_edge: Edge) -> None:
    body = b"x" * (1024 * 1024 + 1)
    answer = _get(running_edge, "/swallow-70b/v1/chat/completions", method="POST", content=body)
    assert answer.status_code == 413


def test_a_body_of_untold_length_411(running_edge: Edge) -> None:
    answer = _get(running_edge, "/swallow-70b/v1/chat/completions", method="POST", content=iter([b"{}"]))
    assert answer.status_code == 411


def test_a_long_japanese_prompt_passes(running_edge: Edge) -> None:
    content = "国" * 7000
    body = {"model": "swallow-70b", "messages": [{"role": "user", "content": content}], "max_tokens": 4}
    answer = _get(running_edge, "/swallow-70b/v1/chat/completions", method="POST", json=body)
    assert answer.status_code == 200
    assert answer.json()["usage"]["prompt_tokens"] == 7000


def test_errors_of_the_model_server_come_through(running_edge: Edge) -> None:
    path = "/swallow-70b/v1/chat/completions"
    wrong_model = _get(running_edge, path, method="POST", json={"model": "other", "messages": MESSAGE})
    assert wrong_model.status_code == 404
    no_messages = _get(running_edge, path, method="POST", json={"model": "swallow-70b"})
    assert no_messages.status_code == 400
    too_long = {"model": "swallow-70b", "messages": MESSAGE, "max_tokens": 9000}
    assert _get(running_edge, path, method="POST", json=too_long).status_code == 400


def test_a_key_has_its_own_rate(running_edge: Edge) -> None:
    answers = [_get(running_edge, "/sarashina-3b/v1/models", "slow").status_code for _ in range(5)]
    assert answers[0] == 200
    assert answers[-1] == 429
    assert _get(running_edge, "/sarashina-3b/v1/models").status_code == 200


def test_a_request_keeps_its_id_or_gets_one(running_edge: Edge) -> None:
    with running_edge.client() as client:
        headers = {"authorization": f"Bearer {running_edge.key}", "x-request-id": "abc-123"}
        assert client.get("/swallow-70b/v1/models", headers=headers).headers["x-request-id"] == "abc-123"
    assert len(_get(running_edge, "/swallow-70b/v1/models").headers["x-request-id"]) == 36


def test_the_key_is_in_no_log(running_edge: Edge) -> None:
    _get(running_edge, "/swallow-70b/v1/models")
    logs = list((running_edge.directory / "log").glob("*.log"))
    assert any("rehearsal-client" in log.read_text() for log in logs)
    assert not any(running_edge.key in log.read_text() for log in logs)


def test_a_key_is_revoked_without_a_restart(running_edge: Edge) -> None:
    def admin(command: str) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(running_edge.directory / "edge/edge.sock"))
            connection.sendall(command.encode() + b"\n")
            connection.recv(1024)

    digest = hashlib.sha256(b"short-lived").hexdigest()
    assert _get(running_edge, "/swallow-70b/v1/models", "short-lived").status_code == 401
    admin(f"add map keys/keys.map {digest} guest")
    assert _get(running_edge, "/swallow-70b/v1/models", "short-lived").status_code == 200
    admin(f"del map keys/keys.map {digest}")
    assert _get(running_edge, "/swallow-70b/v1/models", "short-lived").status_code == 401


def test_health_needs_no_key(running_edge: Edge) -> None:
    assert _get(running_edge, "/healthz", "").status_code == 200
    assert _get(running_edge, "/swallow-70b/healthz", "").status_code == 200
