"""Recordings and plan files against the real engine: one program, four ways in, the same graph and the same findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.findings import Finding
from core.graph import Graph
from planning.project import load_project, load_stack
from planning.readers import read_plan
from planning.recording import record
from policies.evaluate import evaluate
from policies.rules import ALL
from tests.policies import server
from tests.policies.cases import CONTEXT
from tests.rehearsal import rehearsal_engine
from tests.rehearsal.rehearsal_engine import Stack

pytestmark = pytest.mark.slow

PROJECT = """\
name: trial
runtime: {name: python}
main: stacks
stackConfigDir: stacks
"""
PROGRAM = """\
import pulumi, pulumi_aws as aws
tokyo = aws.Provider('tokyo', region='ap-northeast-1', allowed_account_ids=['123456789012'],
    default_tags=aws.ProviderDefaultTagsArgs(tags={'team': 'ai'}))
class Pair(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__('kokunai:index:Pair', name, {'region': 'ap-northeast-1'}, opts)
        self.key = aws.kms.Key(f'{name}-key', description='of a pair', opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
pair = Pair('pair', pulumi.ResourceOptions(providers=[tokyo]))
here = pulumi.ResourceOptions(provider=tokyo)
bucket = aws.s3.Bucket('weights', bucket='weights', opts=here)
aws.s3.BucketVersioning('weights', bucket=bucket.bucket,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status='Enabled'), opts=here)
aws.secretsmanager.Secret('secret', kms_key_id=pair.key.arn, replicas=[{'region': 'us-west-2'}],
    description=pulumi.Output.secret('hidden'), opts=here)
aws.ec2.Subnet('abroad', vpc_id='vpc-1', cidr_block='10.0.0.0/24', availability_zone='ap-northeast-1-tpe-1a', opts=here)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    scratch = tmp_path_factory.mktemp("engine")
    directory = scratch / "project"
    (directory / "stacks").mkdir(parents=True)
    (directory / "Pulumi.yaml").write_text(PROJECT, "utf-8")
    (directory / "stacks" / "__main__.py").write_text(PROGRAM, "utf-8")
    made = rehearsal_engine.stack(scratch, scratch / "home", directory)
    made.environment["KOKUNAI_ESTATE"] = str(server.estate(scratch / "estate"))
    made.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    return made


@pytest.fixture(scope="module")
def recorded(stack: Stack) -> Graph:
    project = load_project(stack.directory)
    recording = record(project, [load_stack(project, "test")], Path(stack.environment["KOKUNAI_ESTATE"]))["test"]
    assert recording.refusal is None
    return recording.graph


@pytest.fixture(scope="module")
def previewed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    file = tmp_path_factory.mktemp("preview") / "preview.json"
    file.write_text(stack.pulumi("preview", "--json"), "utf-8")
    return read_plan(file)


@pytest.fixture(scope="module")
def logged(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    file = tmp_path_factory.mktemp("log") / "events.json"
    stack.pulumi("preview", "--event-log", str(file))
    return read_plan(file)


@pytest.fixture(scope="module")
def exported(stack: Stack, logged: Graph, previewed: Graph, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """After the previews, which are of a stack that is not there yet."""
    stack.pulumi("up", "--yes", "--skip-preview")
    file = tmp_path_factory.mktemp("export") / "state.json"
    file.write_text(stack.pulumi("stack", "export"), "utf-8")
    return read_plan(file)


def found(graph: Graph) -> list[tuple[str, str, str, str]]:
    """Findings but for what is known only later."""
    findings: tuple[Finding, ...] = evaluate(graph, ALL, CONTEXT)
    return sorted((each.rule, each.resource, each.property, each.location) for each in findings)


EXPECTED = {
    ("bucket-access-block", "aws:s3/bucket:Bucket::weights", ""),
    ("domestic-location", "aws:ec2/subnet:Subnet::abroad", "ap-northeast-1-tpe-1a"),
    ("domestic-location", "aws:secretsmanager/secret:Secret::secret", "us-west-2"),
}


def test_the_program_has_what_it_is_written_to_have(recorded: Graph) -> None:
    kinds = {
        (rule, urn.split("::", 2)[2], location) for rule, urn, _, location in found(recorded) if rule != "required-tags"
    }
    assert kinds == EXPECTED


@pytest.mark.parametrize("way", ["previewed", "logged", "exported"])
def test_every_way_in_finds_the_same(recorded: Graph, way: str, request: pytest.FixtureRequest) -> None:
    assert found(request.getfixturevalue(way)) == found(recorded)


@pytest.mark.parametrize("way", ["previewed", "logged", "exported"])
def test_every_way_in_sees_the_same_resources(recorded: Graph, way: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(way)
    assert graph.stack == recorded.stack
    assert {each.urn for each in graph.resources} == {each.urn for each in recorded.resources}
    for each in graph.resources:
        [same] = [other for other in recorded.resources if other.urn == each.urn]
        assert (each.type, each.name, each.options.parent) == (same.type, same.name, same.options.parent)
        if same.provider is not None:
            assert each.provider is not None
            assert dict(each.provider.props).items() >= {("region", "ap-northeast-1")}


def test_a_preview_says_what_is_unknown_where_a_recording_says_it(recorded: Graph, previewed: Graph) -> None:
    for graph in (recorded, previewed):
        [secret] = graph.of_type("aws:secretsmanager/secret:Secret")
        assert "hidden" not in json.dumps(secret.props, default=repr)
        assert repr(secret.props["kmsKeyId"]) == "UNKNOWN"
