"""Every S3 bucket of the stack has its public access block beside it, in the same stack.

Judged on the whole graph: that the block is missing is known only at the end. What a block must say is in
`no_public_exposure`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.findings import Finding, LeakClass, Level, RuleMeta, Text
from core.graph import Graph, ResourceView
from core.values import Known
from policies import message
from policies.rule import Context

BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"


class BucketAccessBlock:
    """The rule."""

    whole_graph = True
    meta = RuleMeta(
        id="bucket-access-block",
        level=Level.MANDATORY,
        leak_class=LeakClass.S1,
        title=Text(en="Buckets have a public access block", ja="バケットにはパブリックアクセスブロックを設定します"),
        why=Text(
            en="Without it, one later policy or access list opens the bucket to everybody.",
            ja="設定がないと、後から追加されたポリシーや ACL によりバケットが誰にでも公開されるおそれがあります。",
        ),
        fix=Text(
            en="Add an aws.s3.BucketPublicAccessBlock for the bucket.",
            ja="バケットに aws.s3.BucketPublicAccessBlock を追加してください。",
        ),
        source="AWS documentation, Blocking public access to your Amazon S3 storage",
    )

    def findings(self, resource: ResourceView, graph: Graph, context: Context) -> Iterable[Finding]:
        if resource.type in BUCKETS and not any(_blocks(block, resource, graph) for block in graph.of_type(BLOCK)):
            problem = Text(
                en="no public access block in this stack", ja="このスタックにパブリックアクセスブロックがありません"
            )
            yield self.meta.finding(
                resource.urn, "", message.said(resource, "", message.ABSENT, problem, self.meta.fix)
            )


def _blocks(block: ResourceView, bucket: ResourceView, graph: Graph) -> bool:
    if bucket.urn in graph.dependencies.get(block.urn, {}).get("bucket", ()):
        return True
    named = block.value("bucket")
    return isinstance(named, Known) and named in (bucket.value("bucket"), bucket.value("id"))
