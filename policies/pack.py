"""Serves the rules to the Pulumi engine as a policy pack; the only module here that knows the engine's protocol.

It answers the engine's analyzer protocol itself instead of through `pulumi_policy.PolicyPack`, for four reasons, each a
fact of that library: one unknown value there turns a mandatory rule into an advisory one; a policy cannot report at two
levels; its levels can be configured away without the pack knowing; and it decodes a resource once for each policy.

What it guarantees: no exception reaches the engine, an unknown is the third value of its own property only, and a secret
keeps its mark. A pack whose rules were configured to less than they are, or whose estate cannot be read, refuses the run.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from core import wire
from core.errors import KokunaiError
from core.findings import Finding, LeakClass, Level, RuleMeta
from core.graph import Graph, Options, ProviderView, ResourceView
from policies.context import estate_directory, load_context
from policies.evaluate import evaluate, judge
from policies.rule import Context, Rule
from policies.rules import ALL

NAME: Final = "kokunai"
VERSION: Final = "0.1.0"
CHANNEL: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
LEVELS: Final = {Level.ADVISORY: analyzer_pb2.ADVISORY, Level.MANDATORY: analyzer_pb2.MANDATORY}
STRENGTH: Final = {
    analyzer_pb2.DISABLED: 0,
    analyzer_pb2.ADVISORY: 1,
    analyzer_pb2.MANDATORY: 2,
    analyzer_pb2.REMEDIATE: 2,
}
SEVERITY: Final = {
    LeakClass.S1: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
    LeakClass.S2: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
    LeakClass.S3: analyzer_pb2.POLICY_SEVERITY_HIGH,
    LeakClass.S4: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    LeakClass.S5: analyzer_pb2.POLICY_SEVERITY_LOW,
    None: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
}
PARENT_POLL_SECONDS: Final = 1.0

Answer = TypeVar("Answer")


def language(environment: Mapping[str, str]) -> str:
    """`ja` or `en`: `KOKUNAI_LANG`, else the locale's."""
    for name in ("KOKUNAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "ja" if environment[name].lower().startswith("ja") else "en"
    return "en"


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """The pack as the engine calls it. Remembers what it has seen, so that rules have the graph so far."""

    def __init__(
        self, rules: Iterable[Rule], context: Callable[[], Context], language: str, stop: Callable[[], None]
    ) -> None:
        rules = tuple(rules)
        self._each = tuple(rule for rule in rules if not rule.whole_graph)
        self._whole = tuple(rule for rule in rules if rule.whole_graph)
        self._metas = {rule.meta.id: rule.meta for rule in rules}
        self._context = context
        self._language = language
        self._stop = stop
        self._stack = ""
        self._seen: dict[str, ResourceView] = {}
        self._lock = threading.Lock()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name, as below
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return analyzer_pb2.AnalyzerInfo(
            name=NAME,
            displayName="国内",
            version=VERSION,
            supportsConfig=True,
            policies=[self._info(meta) for meta in self._metas.values()],
        )

    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._stack = request.stack
        self._seen = {}
        self._readable(context)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        weakened = sorted(
            name
            for name, config in request.policyConfig.items()
            if name in self._metas and STRENGTH[config.enforcementLevel] < STRENGTH[LEVELS[self._metas[name].level]]
        )
        if weakened:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, _weakened(weakened, self._language))
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
        known = self._readable(context)

        def analyze() -> Iterable[Finding]:
            resource = view(request)
            with self._lock:
                self._seen[resource.urn] = resource
                graph = Graph(self._stack, tuple(self._seen.values()))
            return judge(resource, graph, self._each, known)

        return self._response(context, analyze)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        known = self._readable(context)

        def analyze() -> Iterable[Finding]:
            dependencies = {
                each.urn: {key: tuple(of.urns) for key, of in each.propertyDependencies.items()}
                for each in request.resources
            }
            graph = Graph(self._stack, tuple(view(each) for each in request.resources), dependencies)
            return evaluate(graph, self._whole, known)

        return self._response(context, analyze)

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: N802
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._stop()
        return empty_pb2.Empty()

    def _info(self, meta: RuleMeta) -> Any:
        return analyzer_pb2.PolicyInfo(
            name=meta.id,
            displayName=meta.title[self._language],
            description=meta.title[self._language],
            enforcementLevel=LEVELS[meta.level],
            severity=SEVERITY[meta.leak_class],
            policy_type=(
                analyzer_pb2.POLICY_TYPE_STACK
                if any(rule.meta is meta for rule in self._whole)
                else analyzer_pb2.POLICY_TYPE_RESOURCE
            ),
            tags=[meta.leak_class] if meta.leak_class else [],
            remediation_steps=meta.fix[self._language],
        )

    def _readable(self, context: Any) -> Context:
        """The estate's context; an estate that cannot be read refuses the run with its own text."""
        try:
            return self._context()
        except KokunaiError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise

    def _response(self, context: Any, analyze: Callable[[], Iterable[Finding]]) -> Any:
        try:
            diagnostics = [self._diagnostic(finding) for finding in analyze()]
        except Exception as error:
            context.abort(
                grpc.StatusCode.INTERNAL, f"{NAME}: the pack could not read the plan ({type(error).__name__})"
            )
            raise
        return analyzer_pb2.AnalyzeResponse(diagnostics=diagnostics)

    def _diagnostic(self, finding: Finding) -> Any:
        return analyzer_pb2.AnalyzeDiagnostic(
            policyName=finding.rule,
            policyPackName=NAME,
            policyPackVersion=VERSION,
            description=self._metas[finding.rule].title[self._language],
            message=finding.message[self._language],
            enforcementLevel=LEVELS[finding.level],
            severity=SEVERITY[finding.leak_class],
            urn=finding.resource,
        )


def _weakened(names: Iterable[str], language: str) -> str:
    listed = ", ".join(names)
    if language == "ja":
        return (
            f"設定により規則が弱められています（{listed}） → ポリシーの設定ファイルから該当する項目を削除してください"
        )
    return f"the policy configuration weakens rules: {listed} → remove them from the configuration file"


def view(request: Any) -> ResourceView:
    """A resource of a request (of either kind) as rules see it."""
    decode = wire.provider_properties if request.type.startswith("pulumi:providers:") else wire.properties
    provider = None
    if request.HasField("provider"):
        of = request.provider
        provider = ProviderView(of.urn, of.type, of.name, wire.provider_properties(_json(of.properties)))
    return ResourceView(
        urn=request.urn,
        type=request.type,
        name=request.name,
        props=decode(_json(request.properties)),
        provider=provider,
        options=Options(
            protect=request.options.protect,
            ignore_changes=tuple(request.options.ignoreChanges),
            parent=request.options.parent or None,
        ),
    )


def _json(struct: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = json_format.MessageToDict(struct)
    return decoded


def serve() -> None:
    """Serve until the engine cancels or is gone; the port is the one line on standard output."""
    parent = os.getppid()
    stopped = threading.Event()
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=CHANNEL)
    context = _once(lambda: load_context(estate_directory(os.environ)))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(ALL, context, language(os.environ), stopped.set), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        # Whoever reads the port may interrupt at once: the user's Ctrl-C goes to every process of the terminal.
        sys.stdout.buffer.write(f"{port}\n".encode())
        sys.stdout.buffer.flush()
        # A killed engine cannot cancel; its pack must not outlive it.
        while not stopped.wait(PARENT_POLL_SECONDS) and os.getppid() == parent:
            pass
    except KeyboardInterrupt:
        pass
    server.stop(0)


def _once(make: Callable[[], Answer]) -> Callable[[], Answer]:
    made: list[Answer] = []

    def get() -> Answer:
        if not made:
            made.append(make())
        return made[0]

    return get


__all__ = ["Analyzer", "language", "serve", "view"]
