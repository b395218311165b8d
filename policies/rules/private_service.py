"""A Service of a cluster is reached from the organisation's networks only: an internal load balancer, or none.

On a cloud's cluster the default load balancer is public, and an annotation makes it internal. On the organisation's own
cluster there is no such default: there the load balancer must be named by class, or its sources must be private networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import UNKNOWN, Absent, Known, Unknown, revealed
from policies import message, tables
from policies.rows import LATER, NOTHING_TO_DO, is_private
from policies.rule import Context

SERVICES: Final = ("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch")
INTERNAL: Final = tuple(tables.toml("internal_services")["internal"])
CLOUDS: Final = frozenset(row["package"] for row in INTERNAL)

NODE_PORT: Final = Text(
    en="it opens a port on every address of every node", ja="全ノードの全アドレスでポートを開放します"
)
PUBLIC: Final = Text(
    en="the load balancer would be reachable from the internet",
    ja="ロードバランサがインターネットから到達可能になります",
)
ANYBODY: Final = Text(en="clients outside private networks", ja="プライベートネットワーク外の利用者を許可します")


class PrivateService:
    """The rule."""

    whole_graph = False
    meta = RuleMeta(
        id="private-service",
        level=Level.MANDATORY,
        leak_class=LeakClass.S2,
        title=Text(en="Services are not public", ja="クラスタの Service を公開しません"),
        why=Text(
            en="A public address lets anybody try the endpoint, from any country.",
            ja="パブリックアドレスがあると、どの国からでもエンドポイントに到達できます。",
        ),
        fix=Text(
            en="Use ClusterIP, or a LoadBalancer with the site's annotation for internal load balancers.",
            ja="ClusterIP にするか、内部ロードバランサ用のアノテーションを付けた LoadBalancer にしてください。",
        ),
        source="policies/tables/internal_services.toml",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.type not in SERVICES:
            return
        kind = resource.value("spec.type")
        if isinstance(kind, Unknown):
            yield self._later(resource, "spec.type")
        elif kind == Known("NodePort"):
            text = message.said(resource, "spec.type", message.shown(kind), NODE_PORT, self.meta.fix)
            yield self.meta.finding(resource.urn, "spec.type", text)
        elif kind == Known("LoadBalancer"):
            yield from self._load_balancer(resource, graph)
        yield from self._addresses(resource)

    def _load_balancer(self, resource: ResourceView, graph: Graph) -> Iterator[Finding]:
        clouds = sorted(CLOUDS & {each.package for each in graph.resources})
        for cloud in clouds:
            rows = [row for row in INTERNAL if row["package"] == cloud]
            annotations = resource.value("metadata.annotations")
            held = (
                [_annotation(annotations, row["annotation"]) for row in rows] if isinstance(annotations, Known) else []
            )
            if isinstance(annotations, Unknown) or UNKNOWN in held:
                yield self._later(resource, "metadata.annotations")
            elif not any(value in row["values"] for value, row in zip(held, rows, strict=False)):
                wanted = f"{rows[0]['annotation']}: {rows[0]['values'][0]}"
                fix = Text(en=f"annotate it with {wanted}", ja=f"アノテーション {wanted} を付けてください")
                path = "metadata.annotations"
                text = message.said(resource, path, Text(en="without it", ja="指定なし"), PUBLIC, fix)
                yield self.meta.finding(resource.urn, path, text)
        if not clouds:
            yield from self._own_cluster(resource)

    def _own_cluster(self, resource: ResourceView) -> Iterator[Finding]:
        named = resource.value("spec.loadBalancerClass")
        sources = [value for _, value in resource.values("spec.loadBalancerSourceRanges[]")]
        if isinstance(named, Known | Unknown) or any(not isinstance(value, Absent) for value in sources):
            return
        path = "spec.loadBalancerSourceRanges"
        fix = Text(
            en="name the internal load balancer in spec.loadBalancerClass, or the private client networks here",
            ja="spec.loadBalancerClass で内部ロードバランサを指定するか、利用者のプライベートネットワークを指定してください",
        )
        yield self.meta.finding(resource.urn, path, message.said(resource, path, message.ABSENT, ANYBODY, fix))

    def _addresses(self, resource: ResourceView) -> Iterator[Finding]:
        for path in ("spec.loadBalancerSourceRanges[]", "spec.externalIPs[]", "spec.loadBalancerIP"):
            for where, value in resource.values(path):
                if isinstance(value, Unknown):
                    yield self._later(resource, where)
                elif isinstance(value, Known) and not is_private(value.value):
                    fix = Text(en="use a private network", ja="プライベートネットワークを指定してください")
                    text = message.said(resource, where, message.shown(value), ANYBODY, fix)
                    yield self.meta.finding(resource.urn, where, text)

    def _later(self, resource: ResourceView, path: str) -> Finding:
        text = message.said(resource, path, message.UNKNOWN, LATER, NOTHING_TO_DO)
        return self.meta.finding(resource.urn, path, text, level=Level.ADVISORY)


def _annotation(annotations: Known, name: str) -> Any:
    """Read by hand: an annotation's name holds dots, which are steps in a path."""
    return revealed(annotations.value.get(name)) if isinstance(annotations.value, Mapping) else None
