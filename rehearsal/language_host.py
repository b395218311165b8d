"""The engine's way into Python: runs a Pulumi program, and starts Python plugins, over gRPC.

Stands in for the official `pulumi-language-python`, and only where none is installed (`rehearsal.plugins` decides).
The program runs inside this process, in the environment that this process was started with: `virtualenv`, `toolchain`
and `typechecker` of a project file are not read. It generates no code and installs no packages.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib.metadata
import json
import logging
import os
import re
import runpy
import sys
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from core.errors import KokunaiError
from rehearsal.plugin_server import PluginServer
from rehearsal.policy_host import Child, PolicyPack, Printed, environment_of, run_program

NOTHING_TO_INSTALL = f"Nothing to install: programs run in the Python environment of {sys.executable}\n"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The RPCs that the engine makes of a language. Those left out answer UNIMPLEMENTED."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._children: list[Child | PolicyPack] = []

    def stop_children(self) -> None:
        """End every plugin that this host started."""
        for child in self._children:
            child.stop()

    # What the engine asks about the language and the project.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.AboutResponse(
            executable=sys.executable,
            version=".".join(map(str, sys.version_info[:3])),
            metadata={"host": "kokunai rehearsal"},
        )

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPackagesResponse(packages=list(provider_packages(sys.path)))

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for name, version in installed(transitive=request.transitiveDependencies)
            ]
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        yield language_pb2.InstallDependenciesResponse(stdout=NOTHING_TO_INSTALL.encode())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802
        return language_pb2.RuntimeOptionsResponse()

    # What the engine has done.

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        # The SDK keeps its settings in context variables: a copy leaves this thread clean for the next run.
        return contextvars.copy_context().run(self._run, request)

    def _run(self, request: Any) -> Any:
        reset_options(
            project=request.project,
            stack=request.stack,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory,
            parallel=request.parallel,
            engine_address=self._engine,
            monitor_address=request.monitor_address,
            preview=request.dryRun,
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        fault = run_program_of(request)
        if fault:
            pulumi.log.error(fault)
        # `bail`: the user has been told; the engine adds nothing of its own.
        return language_pb2.RunResponse(bail=bool(fault))

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        directory = Path(request.info.program_directory)
        environment = environment_of(request.env)
        if request.kind == "analyzer":
            pack = PolicyPack(directory, request.args, environment)
            self._adopt(pack, context)
            yield language_pb2.RunPluginResponse(stdout=f"{pack.start()}\n".encode())
            events = pack.events()
        else:
            child = Child([str(directory), *request.args], directory=Path(request.pwd), environment=environment)
            self._adopt(child, context)
            events = run_program(child)
        for event in events:
            yield _plugin_event(event)

    def _adopt(self, child: Child | PolicyPack, context: Any) -> None:
        self._children.append(child)
        # The engine ends a plugin by hanging up.
        if not context.add_callback(child.stop):
            child.stop()


def leave_aliases_to_the_engine() -> None:
    """Spare the SDK a computation whose result nobody reads.

    For each alias of each resource (azure-native has a hundred a type) it makes a URN, in case a monitor cannot do that
    itself. The engine of this version can, so the list is never looked at; making it takes half of an Azure program's time.
    """
    setattr(pulumi.resource, "collapse_alias_to_urn", lambda *_: "")  # noqa: B010 - not a public name


def run_program_of(request: Any) -> str:
    """Run the program that a RunRequest names. Returns what to tell the user: empty when all went well."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: execute(request)))
    except BaseException as error:
        return describe(error)
    finally:
        _abandon(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return ""


def execute(request: Any) -> None:
    """Execute the program's file or directory as `__main__`, its own and the project's directory importable."""
    program_directory = Path(request.info.program_directory)
    program = program_directory / request.info.entry_point
    os.chdir(request.pwd)
    sys.argv = [str(program), *request.args]
    # The order a plain `python` would give: the program's own directory hides everything else.
    for directory in (request.info.root_directory, str(program_directory)):
        with suppress(ValueError):
            sys.path.remove(directory)
        sys.path.insert(0, directory)
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            raise pulumi.RunError(f"the program ended with sys.exit({leaving.code!r})") from None


def describe(error: BaseException) -> str:
    """What to tell the user of an exception that ended the program: a refusal's own words, else the traceback."""
    if isinstance(error, grpc.RpcError):
        # The engine closes the resource monitor when it has seen enough; it has said why, so this says nothing.
        return "" if error.code() == grpc.StatusCode.UNAVAILABLE else f"The engine refused: {error.details()}"
    if isinstance(error, KokunaiError | pulumi.RunError):
        return str(error)
    own = len(traceback.extract_tb(error.__traceback__)) - _frames_of_program(error)
    frames = traceback.format_exception(type(error), error, _skip(error, own))
    return "The program failed with an exception that it does not handle:\n" + "".join(frames)


def provider_packages(path: Iterable[str]) -> Iterator[Any]:
    """One PackageDependency per provider SDK on `path`: the plugin's name and exact version, as its wheel says."""
    seen: set[str] = set()
    for directory in path:
        for manifest in sorted(Path(directory or ".").glob("*/pulumi-plugin.json")):
            plugin = json.loads(manifest.read_text(encoding="utf-8"))
            if plugin.get("resource") and plugin["name"] not in seen:
                seen.add(plugin["name"])
                yield plugin_pb2.PackageDependency(
                    name=plugin["name"],
                    kind="resource",
                    version=plugin.get("version", ""),
                    server=plugin.get("server", ""),
                )


def installed(*, transitive: bool) -> list[tuple[str, str]]:
    """Name and version of each installed distribution; without `transitive`, of those that no other one requires."""
    distributions = list(importlib.metadata.distributions())
    required = (
        set()
        if transitive
        else {_canonical(re.split(r"[^\w.-]", line)[0]) for each in distributions for line in each.requires or ()}
    )
    return sorted({(each.name, each.version) for each in distributions if _canonical(each.name) not in required})


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _plugin_event(event: Printed | int) -> Any:
    if isinstance(event, int):
        return language_pb2.RunPluginResponse(exitcode=event)
    if event.stream == "stdout":
        return language_pb2.RunPluginResponse(stdout=event.text)
    return language_pb2.RunPluginResponse(stderr=event.text)


def _frames_of_program(error: BaseException) -> int:
    """How many of the traceback's last frames are the user's: those after `runpy` handed over."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    last = max((index for index, file in enumerate(files) if file.startswith("<frozen runpy")), default=-1)
    return len(files) - last - 1


def _skip(error: BaseException, frames: int) -> Any:
    trace = error.__traceback__
    for _ in range(frames):
        trace = trace.tb_next if trace else None
    return trace


def _abandon(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop that may hold unfinished tasks, without the warnings of Python for each of them."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    with suppress(BaseException):
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()


def main() -> None:
    """Serve the engine whose address is the last argument."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    leave_aliases_to_the_engine()
    host = LanguageHost(arguments[-1] if arguments else "")
    server = PluginServer(farewell=host.stop_children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server.grpc)
    server.serve()


if __name__ == "__main__":
    main()
