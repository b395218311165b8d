"""Four stacks on one machine: what a person sees who ran `make rehearse`, and what they may do to it afterwards."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import jsonschema
import openai
import psutil
import pytest

from catalog.load import SITES, SiteName
from failover import publish
from rehearsal.processes import MARKER
from tests.rehearsed import PROJECT, Rehearsed

SERVICES = ("sarashina-3b", "swallow-70b")


def _git_status() -> str:
    """What differs of the files that the engine reads, or might write."""
    return subprocess.run(
        ["git", "status", "--porcelain", "--", "Pulumi.yaml", "stacks", "estate"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def _ours(directory: Path) -> list[psutil.Process]:
    """Every process that works in the rehearsal's directory."""
    found = []
    for process in psutil.process_iter():
        try:
            environ = process.environ()
            if MARKER in environ and any(str(directory) in part for part in (*process.cmdline(), process.cwd())):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    before = _git_status()
    found = Rehearsed(tmp_path_factory.mktemp("rehearsal"))
    done = found.kokunai("rehearse", "up")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert _git_status() == before, "a rehearsal leaves the checkout as it was"
        yield found
    finally:
        ended = found.kokunai("rehearse", "down")
        left = [process.cmdline() for process in _ours(found.directory)]
        if ended.returncode:
            found.kokunai("rehearse", "down", "--force")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert not left


def test_every_site_answers_for_every_service(rehearsed: Rehearsed) -> None:
    done = rehearsed.kokunai("rehearse", "status", "--format", "json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    jsonschema.validate(content, json.loads((PROJECT / "kokunai" / "rehearse-status.schema.json").read_text("utf-8")))
    endpoints = content["endpoints"]
    assert {(each["site"], each["service"]) for each in endpoints} == {(s, v) for s in SITES for v in SERVICES}
    assert all(each["answering"] for each in endpoints)


@pytest.mark.parametrize("service", SERVICES)
def test_one_service_has_one_fingerprint(rehearsed: Rehearsed, service: str) -> None:
    found = {each["fingerprint"] for each in rehearsed.status() if each["service"] == service}
    assert len(found) == 1
    assert found.pop().startswith("rehearsal:sha256:")


@pytest.mark.parametrize("site", SITES)
def test_the_openai_client_is_answered_alike(rehearsed: Rehearsed, site: SiteName) -> None:
    endpoint = next(each for each in rehearsed.status() if each["site"] == site and each["service"] == "swallow-70b")
    messages = [{"role": "user", "content": "拠点を教えてください。"}]
    with openai.OpenAI(
        base_url=endpoint["url"],
        api_key=rehearsed.key,
        http_client=openai.DefaultHttpxClient(verify=publish.context(rehearsed.ca), trust_env=False),
    ) as client:
        answer = client.chat.completions.create(model="swallow-70b", messages=messages)  # type: ignore[arg-type]
        assert answer.choices[0].message.content
        stream = client.chat.completions.create(model="swallow-70b", messages=messages, stream=True)  # type: ignore[call-overload]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == answer.choices[0].message.content
    with rehearsed.http() as http:
        bearer = {"authorization": f"Bearer {rehearsed.key}"}
        root = endpoint["url"].removesuffix("/v1")
        body = {"model": "swallow-70b", "messages": messages, "stream": True}
        assert http.post(f"{endpoint['url']}/chat/completions", json=body, headers=bearer).text.endswith(
            "data: [DONE]\n\n"
        )
        assert http.get(f"{endpoint['url']}/models").status_code == 401
        for path in ("/metrics", "/pause", "/invocations"):
            assert http.get(root + path, headers=bearer).status_code == 404
            assert http.post(root + path, headers=bearer, json={}).status_code == 404


def test_a_second_preview_shows_no_change(rehearsed: Rehearsed) -> None:
    with ThreadPoolExecutor(len(SITES)) as pool:
        previews = pool.map(lambda site: rehearsed.pulumi("preview", "--expect-no-changes", "--stack", site), SITES)
        for done in previews:
            assert done.returncode == 0, done.stdout + done.stderr
            assert "kokunai@v" in done.stdout, "the policy pack ran"


@pytest.mark.parametrize("site", SITES)
def test_no_secret_stands_in_clear_in_the_state(rehearsed: Rehearsed, site: SiteName) -> None:
    text = json.dumps(rehearsed.state(site))
    hash_of_key = (rehearsed.directory / "sites" / site / "edge" / "keys" / "keys.map").read_text().split()[0]
    private_key = (rehearsed.layout.secrets / f"{site}.key").read_text().splitlines()[1]
    token = rehearsed.cluster(site).credentials.token("deployer")
    for secret in (hash_of_key, private_key, token, rehearsed.key):
        assert secret not in text


def _known(rehearsed: Rehearsed, stack: str) -> list[tuple[str, str]]:
    """What the state says there is; secrets in it are sealed anew at every write."""
    return [(each["urn"], each.get("id", "")) for each in rehearsed.state(stack)["resources"]]


def test_a_region_abroad_is_refused_and_creates_nothing(rehearsed: Rehearsed) -> None:
    before = _known(rehearsed, "aws")
    config = rehearsed.config("aws")
    text = config.read_text("utf-8")
    try:
        config.write_text(text.replace("ap-northeast-1", "us-east-1"), "utf-8")
        for arguments in (("up", "--yes"), ("up", "--yes", "--skip-preview")):
            done = rehearsed.pulumi(*arguments, "--stack", "aws")
            told = done.stdout + done.stderr
            assert done.returncode != 0
            assert "us-east-1" in told
            assert "domestic-provider" in told
            assert "region" in told
            assert "ap-northeast-1 (Tokyo)" in told
            if arguments != ("up", "--yes", "--skip-preview"):
                assert "[mandatory]" in told, "the pack's own finding is seen"
            assert "Traceback" not in told
        assert _known(rehearsed, "aws") == before
    finally:
        config.write_text(text, "utf-8")


def test_a_hand_edited_object_shows_as_drift(rehearsed: Rehearsed) -> None:
    path = "/api/v1/namespaces/kokunai-edge/configmaps/edge-config"
    with closing(rehearsed.api("onprem")) as api:
        before = api.get(path)["data"]["haproxy.cfg"]
        api.merge(path, {"data": {"haproxy.cfg": before + "# by hand\n"}})
    done = rehearsed.pulumi("refresh", "--yes", "--stack", "onprem")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = rehearsed.pulumi("preview", "--diff", "--stack", "onprem")
    assert "by hand" in shown.stdout
    assert rehearsed.kokunai("rehearse", "up", "onprem").returncode == 0
    with closing(rehearsed.api("onprem")) as api:
        assert api.get(path)["data"]["haproxy.cfg"] == before


def test_the_shell_prints_an_environment_without_the_key(rehearsed: Rehearsed) -> None:
    printed = rehearsed.kokunai("rehearse", "shell", "--print").stdout
    assert rehearsed.key not in printed
    run = subprocess.run(
        ["/bin/sh", "-c", 'eval "$1"; echo "$OPENAI_API_KEY"; pulumi stack ls', "sh", printed],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[0] == rehearsed.key
    assert "aws" in run.stdout
