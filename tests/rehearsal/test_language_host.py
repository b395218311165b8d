"""The language host: what the engine asks of it, what a user sees of a program that fails, and that it never stays behind."""

from __future__ import annotations

import importlib.metadata
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2, language_pb2_grpc

from tests.rehearsal.rehearsal_engine import PROGRAMS, Stack

SOON = 10


@contextmanager
def running_host() -> Iterator[tuple[psutil.Process, Any]]:
    """The language host as its launcher starts it, and a connection to it."""
    command = [sys.executable, "-P", "-m", "rehearsal.language_host", "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        port = int(host.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield psutil.Process(host.pid), language_pb2_grpc.LanguageRuntimeStub(channel)
        host.terminate()


@pytest.fixture(scope="module")
def host() -> Iterator[Any]:
    with running_host() as (_, stub):
        yield stub


def pack_request(directory: Path) -> Any:
    return language_pb2.RunPluginRequest(
        pwd=str(directory),
        info=language_pb2.ProgramInfo(root_directory=str(directory), program_directory=str(directory), entry_point="."),
        kind="analyzer",
        args=["127.0.0.1:1"],
    )


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


# What the engine asks.


def test_it_names_the_providers_at_the_versions_of_their_wheels(host: Any) -> None:
    answer = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest())
    found = {each.name: each.version for each in answer.packages}
    for package in ("aws", "azure-native", "gcp", "kubernetes"):
        assert found[package] == importlib.metadata.version(f"pulumi-{package}")
    assert {each.kind for each in answer.packages} == {"resource"}


def test_it_tells_about_itself_and_what_is_installed(host: Any) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest())
    assert host.GetPluginInfo(Empty()).version == importlib.metadata.version("pulumi")
    assert host.About(language_pb2.AboutRequest()).executable == sys.executable

    def names(*, transitive: bool) -> set[str]:
        request = language_pb2.GetProgramDependenciesRequest(transitiveDependencies=transitive)
        return {each.name for each in host.GetProgramDependencies(request).dependencies}

    assert {"kokunai", "pulumi_aws", "grpcio"} <= names(transitive=True)
    assert "kokunai" in names(transitive=False)
    assert "grpcio" not in names(transitive=False)


def test_it_installs_nothing_and_says_so(host: Any) -> None:
    said = b"".join(each.stdout for each in host.InstallDependencies(language_pb2.InstallDependenciesRequest()))
    assert said.startswith(b"Nothing to install")


# What a user sees.

FAILURES = """
import pulumi
from core.errors import KokunaiError

def wrong(*_):
    raise KokunaiError("no such model", where="estate/services/a.yaml:3", fix="name one of the catalogue")

def broken():
    raise KeyError("oops")

match pulumi.Config().require("fault"):
    case "refusal": wrong()
    case "later": pulumi.export("x", pulumi.Output.from_input(1).apply(wrong))
    case "run error": raise pulumi.RunError("nothing to do")
    case "exit": raise SystemExit("enough")
    case "bug": broken()
"""
REFUSAL = "error: estate/services/a.yaml:3: no such model\n      → name one of the catalogue\n"


@pytest.mark.slow
def test_a_program_that_fails_is_told_in_its_own_words(stack_of: Callable[[str], Stack]) -> None:
    written = stack_of(FAILURES)

    def told(fault: str) -> str:
        return written.pulumi("preview", "--config", f"fault={fault}", fails=True).partition("Diagnostics:")[2]

    for fault, words in (
        ("refusal", REFUSAL),
        ("later", REFUSAL),
        ("run error", "error: nothing to do\n"),
        ("exit", "error: the program ended with sys.exit('enough')\n"),
    ):
        output = told(fault)
        assert words in output
        assert output.count("error:") == 1
        assert "Traceback" not in output

    output = told("bug")
    assert "KeyError: 'oops'" in output
    assert f'File "{written.directory}/__main__.py"' in output
    assert "language_host.py" not in output
    assert "runpy" not in output


def test_the_program_sees_the_project_s_root_and_its_own_directory_first(
    tmp_path: Path, stack: Callable[[Path], Stack]
) -> None:
    project = tmp_path / "project"
    (project / "inner").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: roots\nruntime: python\nmain: inner\n")
    (project / "beside.py").write_text("NAME = 'root'")
    (project / "shadow.py").write_text("NAME = 'root'")
    (project / "inner" / "shadow.py").write_text("NAME = 'inner'")
    (project / "inner" / "__main__.py").write_text(
        "import os, sys, beside, shadow\nprint(beside.NAME, shadow.NAME, os.path.basename(os.getcwd()), __name__)\n"
    )
    assert "root inner inner __main__" in stack(project).pulumi("preview")


def test_the_engine_can_tell_about_its_plugins(stack_of: Callable[[str], Stack]) -> None:
    told = stack_of("").pulumi("about")
    assert "kokunai rehearsal" in told
    assert importlib.metadata.version("pulumi-aws") in told


# Policy packs and other plugins.


def test_a_pack_starts_with_the_stack_s_configuration_and_ends_with_the_call(host: Any) -> None:
    events = host.RunPlugin(pack_request(PROGRAMS / "pack"))
    port = int(next(events).stdout)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        pack = analyzer_pb2_grpc.AnalyzerStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest())
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        pack.ConfigureStack(
            analyzer_pb2.AnalyzerStackConfigureRequest(
                project="clouds", stack="dev", organization="organization", config={"clouds:marker": "there"}
            )
        )
        answer = pack.Analyze(
            analyzer_pb2.AnalyzeRequest(type="aws:sqs/queue:Queue", urn="urn:x", name="q", properties={"region": "r"})
        )
        assert [each.message.splitlines()[-1] for each in answer.diagnostics] == ["r in clouds/dev, marker there"]
    packs = [
        each for each in psutil.process_iter(["cmdline"]) if str(PROGRAMS / "pack") in (each.info["cmdline"] or [])
    ]
    assert packs
    events.cancel()
    assert until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in packs))


def test_a_pack_that_cannot_start_says_why(host: Any, tmp_path: Path) -> None:
    (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (tmp_path / "__main__.py").write_text("raise SystemExit('no rules here')\n")
    events = host.RunPlugin(pack_request(tmp_path))
    with (
        grpc.insecure_channel(f"127.0.0.1:{int(next(events).stdout)}") as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        analyzer_pb2_grpc.AnalyzerStub(channel).ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest())
    assert f"the policy pack in {tmp_path} ended as it started" in refused.value.details()
    rest = list(events)
    assert b"no rules here" in b"".join(each.stderr for each in rest)
    assert rest[-1].exitcode == 1


def test_another_plugin_runs_as_a_program(host: Any, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import sys\nprint(sys.argv[1])\nsys.exit(3)\n")
    request = pack_request(tmp_path)
    request.kind = "resource"
    answers = list(host.RunPlugin(request))
    assert answers[0].stdout == b"127.0.0.1:1\n"
    assert answers[-1].exitcode == 3


# Nobody stays behind.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_quietly(number: signal.Signals) -> None:
    with running_host() as (process, _):
        process.send_signal(number)
        assert process.wait(SOON) == 0


def test_a_killed_engine_leaves_nothing_running(stack_of: Callable[[str], Stack]) -> None:
    written = stack_of(
        "import time, pulumi, pulumi_aws as aws\n"
        "provider = aws.Provider('aws', region='ap-northeast-1')\n"
        "aws.sqs.Queue('jobs', opts=pulumi.ResourceOptions(provider=provider))\n"
        "pulumi.Output.all(provider.urn).apply(lambda _: time.sleep(600))\n"
    )
    engine = written.start("preview", "--policy-pack", str(PROGRAMS / "pack"))
    try:
        # The engine, the language host, the pack, the stand-in.
        assert until(lambda: len(written.processes()) == 4)
    finally:
        engine.kill()
        engine.communicate()
    assert until(lambda: written.processes() == [])
