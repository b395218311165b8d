"""The pack as the engine meets it: packaged, started, configured, and asked over its protocol."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from core import wire
from core.findings import Level
from policies.evaluate import evaluate
from policies.rules import ALL
from tests.policies import server
from tests.policies.cases import CONTEXT, Case, cases

LEVELS = {analyzer_pb2.MANDATORY: Level.MANDATORY, analyzer_pb2.ADVISORY: Level.ADVISORY}
CASES = cases()


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with server.running(server.estate(tmp_path_factory.mktemp("estate"))) as stub:
        yield stub


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.name}")
def test_the_server_says_what_the_evaluator_says(stub: Any, case: Case) -> None:
    expected = sorted(
        (finding.rule, finding.level, finding.resource, finding.message.en)
        for finding in evaluate(case.graph(), ALL, CONTEXT)
    )
    said = sorted(
        (each.policyName, LEVELS[each.enforcementLevel], each.urn, each.message) for each in server.analyze(stub, case)
    )
    assert said == expected


def test_the_server_lists_every_rule_under_its_id(stub: Any) -> None:
    info = stub.GetAnalyzerInfo(empty_pb2.Empty())
    assert {policy.name for policy in info.policies} == {rule.meta.id for rule in ALL}
    assert info.supportsConfig
    stack = {policy.name for policy in info.policies if policy.policy_type == analyzer_pb2.POLICY_TYPE_STACK}
    assert stack == {rule.meta.id for rule in ALL if rule.whole_graph}


@pytest.mark.parametrize("level", [analyzer_pb2.DISABLED, analyzer_pb2.ADVISORY])
def test_a_configuration_that_weakens_a_rule_is_refused(stub: Any, level: int) -> None:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    request.policyConfig["domestic-location"].enforcementLevel = level
    with pytest.raises(grpc.RpcError) as refusal:
        stub.Configure(request)
    assert "weakens rules: domestic-location" in refusal.value.details()


def test_a_configuration_that_leaves_the_rules_as_they_are_is_accepted(stub: Any) -> None:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for rule in ALL:
        request.policyConfig[rule.meta.id].enforcementLevel = analyzer_pb2.MANDATORY
    stub.Configure(request)


def test_a_secret_is_judged_and_never_sent_back(stub: Any) -> None:
    case = next(case for case in CASES if "never quoted" in case.name)
    diagnostics = server.analyze(stub, case)
    assert any(each.policyName == "domestic-location" for each in diagnostics)
    assert "us-east-1" not in str(diagnostics)


def test_every_kind_of_unknown_is_unknown(stub: Any) -> None:
    for mark in sorted(wire.UNKNOWNS):
        request = server.request(next(case for case in CASES if case.rule == "domestic-location").resource)
        request.properties["region"] = mark
        [diagnostic] = [each for each in stub.Analyze(request).diagnostics if each.policyName == "domestic-location"]
        assert diagnostic.enforcementLevel == analyzer_pb2.MANDATORY
        assert "not known before the update" in diagnostic.message


def test_messages_follow_the_language(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "an override of the provider's region")
    with server.running(server.estate(tmp_path / "estate"), KOKUNAI_LANG="ja") as stub:
        messages = [each.message for each in server.analyze(stub, case)]
    assert any("国内ではありません" in message for message in messages)


def test_an_estate_that_cannot_be_read_refuses_the_run(tmp_path: Path) -> None:
    with server.running(tmp_path / "nowhere") as stub, pytest.raises(grpc.RpcError) as refusal:
        stub.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="s"))
    assert "tags.yaml" in refusal.value.details()
    assert "Traceback" not in refusal.value.details()


def test_a_cancelled_server_ends(tmp_path: Path) -> None:
    with server.running(server.estate(tmp_path / "estate")) as stub:
        stub.Cancel(empty_pb2.Empty())
        assert stub.process.wait(timeout=10) == 0


def test_an_interrupted_server_ends_without_a_traceback(tmp_path: Path) -> None:
    with server.running(server.estate(tmp_path / "estate")) as stub:
        stub.process.send_signal(signal.SIGINT)
        _, errors = stub.process.communicate(timeout=10)
        assert b"Traceback" not in errors


def test_a_server_whose_engine_is_gone_ends(tmp_path: Path) -> None:
    environment = {**server.os.environ, "KOKUNAI_ESTATE": str(server.estate(tmp_path / "estate"))}
    shell = subprocess.Popen(
        ["bash", "-c", f"{server.sys.executable} -u -m pulumi.policy 127.0.0.1:1 {server.PACK} & echo $!; wait"],
        cwd=server.PACK,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shell.stdout is not None
    pid, port = (int(shell.stdout.readline()) for _ in range(2))
    assert port
    shell.kill()
    shell.communicate()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
