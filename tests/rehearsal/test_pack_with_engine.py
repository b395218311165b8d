"""The real engine with the real policy pack: what is refused at preview, at up, and with the preview left out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.rehearsal.rehearsal_engine import PROJECT, Stack

TAGS = "dict(team='sales', project='proposal-drafting', environment='production', **{'cost-center': 'cc-1042'})"
HEAD = f"""
import pulumi, pulumi_aws as aws
from pulumi_aws import sqs
tags = {TAGS}
provider = aws.Provider("aws", region="ap-northeast-1", default_tags=dict(tags=tags))
class Site(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("kokunai:index:Test", name)
        self.own = pulumi.ResourceOptions(parent=self, provider=provider)
"""
ABROAD_DEEP_INSIDE = (
    HEAD
    + """
site = Site("site")
before = sqs.Queue("before", tags=tags, opts=site.own)
abroad = sqs.Queue("abroad", region="us-east-1", tags=tags, opts=site.own)
after = sqs.Queue("after", tags={**tags, "of": abroad.name}, opts=site.own)
"""
)
ABROAD_IN_THE_PROVIDER = HEAD.replace('region="ap-northeast-1"', 'region="ap-northeast-2"') + (
    'site = Site("site")\nsqs.Queue("inside", tags=tags, opts=site.own)\n'
)
PACK = ("--policy-pack", str(PROJECT / "policies"))


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes")])
def test_a_region_abroad_deep_inside_is_refused_and_nothing_is_created(
    stack_of: Callable[[str], Stack], command: tuple[str, ...]
) -> None:
    stack = stack_of(ABROAD_DEEP_INSIDE)
    told = stack.pulumi(*command, *PACK, fails=True)
    for part in ("[mandatory]", "domestic-location", "abroad", "region", "us-east-1"):
        assert part in told
    assert stack.resources() == {}


def test_without_its_preview_an_update_creates_no_violating_resource(stack_of: Callable[[str], Stack]) -> None:
    stack = stack_of(ABROAD_DEEP_INSIDE)
    told = stack.pulumi("up", "--yes", "--skip-preview", *PACK, fails=True)
    assert "domestic-location" in told
    urns = {each["urn"].rpartition("::")[2] for each in _all(stack)}
    assert not {"abroad", "after"} & urns, "neither the violating resource nor what needs it"
    # What remains: the stack, the component, the provider, and domestic resources that did not wait for it.
    assert urns <= {"written-test", "site", "aws", "before"}


def _all(stack: Stack) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(stack.pulumi("stack", "export"))["deployment"].get("resources", [])
    return found


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes"), ("up", "--yes", "--skip-preview")])
def test_a_region_abroad_in_the_provider_is_refused(stack_of: Callable[[str], Stack], command: tuple[str, ...]) -> None:
    stack = stack_of(ABROAD_IN_THE_PROVIDER)
    told = stack.pulumi(*command, *PACK, fails=True)
    for part in ("[mandatory]", "domestic-provider", "ap-northeast-2", "ap-northeast-1"):
        assert part in told
    assert not {"aws", "inside"} & {each["urn"].rpartition("::")[2] for each in _all(stack)}


CLUSTER = "https://127.0.0.1:1"
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "onprem", "cluster": {"server": CLUSTER}}],
    "users": [{"name": "deployer", "user": {}}],
    "contexts": [{"name": "onprem", "context": {"cluster": "onprem", "user": "deployer"}}],
    "current-context": "onprem",
}


def test_an_image_by_tag_is_refused(stack_of: Callable[[str], Stack]) -> None:
    """Nothing answers at the cluster's address: the rule speaks before anything is sent there."""
    stack = stack_of(
        f"""
import pulumi, pulumi_kubernetes as k8s
provider = k8s.Provider("cluster", kubeconfig={json.dumps(KUBECONFIG)!r})
k8s.core.v1.Pod("pod", metadata=dict(labels=dict(app="x")), opts=pulumi.ResourceOptions(provider=provider),
    spec=dict(containers=[dict(name="c", image="harbor.example.co.jp/vllm-openai:latest")]))
"""
    )
    token, clusters = stack.directory / "token", stack.directory / "clusters.json"
    token.write_text("rehearsal")
    entry = {"server": CLUSTER, "certificate_authority": "", "token_file": str(token)}
    clusters.write_text(json.dumps({"onprem": entry}))
    stack.environment["KOKUNAI_REHEARSAL_CLUSTERS"] = str(clusters)
    told = stack.pulumi("preview", *PACK, fails=True)
    for part in ("[mandatory]", "image-by-digest", "pod", "spec.containers[0].image"):
        assert part in told


def test_the_pack_refuses_to_run_weakened(stack_of: Callable[[str], Stack]) -> None:
    stack = stack_of(ABROAD_IN_THE_PROVIDER)
    weak = stack.directory / "weak.json"
    weak.write_text('{"domestic-provider": "disabled"}')
    told = stack.pulumi("preview", *PACK, "--policy-pack-config", str(weak), fails=True)
    assert "domestic-provider" in told
