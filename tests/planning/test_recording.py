"""What a recording of a program holds, and what a recorded program cannot do. Each test is a process: programs are few and full."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EnvironmentFault
from core.graph import ResourceView
from core.values import UNKNOWN, Absent, Known, Secret, Unknown
from planning import recording
from planning.project import load_project, load_stack
from planning.recording import Recording, record
from tests.planning.programs import HEAD, PROVIDER, project, recorded


def one(found: Recording, name: str) -> ResourceView:
    [resource] = [each for each in found.graph.resources if each.name == name]
    return resource


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """One program with one of everything."""
    return recorded(
        tmp_path_factory.mktemp("rich"),
        PROVIDER
        + """
class Pair(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__('kokunai:index:Pair', name, {'places': ['ap-northeast-1']}, opts)
        child = pulumi.ResourceOptions(parent=self, protect=True, ignore_changes=['tags'], retain_on_delete=True)
        self.key = aws.kms.Key(f'{name}-key', region='ap-northeast-3', opts=child)
        self.register_outputs({'key': self.key.arn})

config = pulumi.Config()
pair = Pair('pair', pulumi.ResourceOptions(providers=[tokyo]))
bucket = aws.s3.Bucket('b', bucket='weights', tags={'size': str(config.require_int('size'))}, opts=here)
aws.s3.BucketPolicy('p', bucket=bucket.bucket, policy=bucket.arn.apply(lambda arn: f'about {arn}'), opts=here)
aws.s3.BucketObject('o', bucket=bucket.id, content=pulumi.Output.secret('hidden'), region=bucket.region, opts=here)
aws.s3.BucketObject('place', bucket=pair.key.key_id, opts=here)
aws.ec2.Subnet('s', vpc_id=aws.ec2.get_vpc_output(default=True, opts=pulumi.InvokeOutputOptions(provider=tokyo)).id, opts=here)
aws.s3.Bucket.get('found', 'their-bucket', opts=here)
pulumi.log.warn('said in passing')
print('printed in passing')
""",
    )


def test_the_program_ran_to_its_end(rich: Recording) -> None:
    assert rich.refusal is None


def test_what_was_given_is_known(rich: Recording) -> None:
    assert one(rich, "b").value("bucket") == Known("weights")


def test_configuration_reaches_the_program_with_the_project_s_defaults(rich: Recording) -> None:
    assert one(rich, "b").value("tags.size") == Known("3")


def test_an_output_that_was_an_input_is_known_to_whoever_uses_it(rich: Recording) -> None:
    assert one(rich, "p").value("bucket") == Known("weights")


def test_what_only_the_cloud_computes_is_unknown(rich: Recording) -> None:
    assert one(rich, "p").value("policy") == Unknown()
    assert one(rich, "o").value("bucket") == Unknown()


def test_what_was_not_given_is_absent(rich: Recording) -> None:
    assert one(rich, "b").value("region") == Absent()


def test_a_secret_is_known_and_marked(rich: Recording) -> None:
    assert one(rich, "o").props["content"] == Secret("hidden")


def test_who_depends_on_whom_is_known_by_property(rich: Recording) -> None:
    assert rich.graph.dependencies[one(rich, "p").urn]["policy"] == (one(rich, "b").urn,)


def test_a_urn_holds_the_types_of_parents_as_the_engine_makes_it(rich: Recording) -> None:
    urn = "urn:pulumi:one::trial::kokunai:index:Pair$aws:kms/key:Key::pair-key"
    assert one(rich, "pair-key").urn == urn
    assert one(rich, "pair-key").options.parent == "urn:pulumi:one::trial::kokunai:index:Pair::pair"


def test_options_are_recorded(rich: Recording) -> None:
    options = one(rich, "pair-key").options
    assert (options.protect, options.ignore_changes, options.retain_on_delete) == (True, ("tags",), True)


def test_a_resource_knows_its_provider_s_settings(rich: Recording) -> None:
    for name in ("b", "pair-key"):
        provider = one(rich, name).provider
        assert provider is not None
        assert provider.value("region") == Known("ap-northeast-1")


def test_what_the_program_asked_of_a_cloud_is_said_and_unknown(rich: Recording) -> None:
    assert one(rich, "s").value("vpcId") == Unknown()
    assert rich.unanswered == ("aws:ec2/getVpc:getVpc()", "aws:s3/bucket:Bucket found (read, not created)")


def test_what_is_only_read_is_not_a_resource_of_the_plan(rich: Recording) -> None:
    assert not [each for each in rich.graph.resources if each.name == "found"]


def test_transforms_are_seen(tmp_path: Path) -> None:
    found = recorded(
        tmp_path,
        PROVIDER
        + """
def stamp(args):
    if 'tags' in args.props or args.type_ == 'aws:s3/bucket:Bucket':
        return pulumi.ResourceTransformResult({**args.props, 'tags': {'team': 'ai'}}, args.opts)

def rename(args):
    return pulumi.ResourceTransformResult({**args.props, 'bucket': 'renamed'}, args.opts)

pulumi.runtime.register_resource_transform(stamp)
aws.s3.Bucket('b', bucket='weights', opts=here)
aws.s3.Bucket('c', bucket='weights', opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(transforms=[rename])))
""",
    )
    assert found.refusal is None
    assert one(found, "b").value("tags.team") == Known("ai")
    assert one(found, "b").value("bucket") == Known("weights")
    assert one(found, "c").props == {"bucket": "renamed", "tags": {"team": "ai"}}


def test_a_resource_s_own_transform_alone_does_not_hang(tmp_path: Path) -> None:
    found = recorded(
        tmp_path,
        PROVIDER
        + """
aws.s3.Bucket('c', opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(
    transforms=[lambda args: pulumi.ResourceTransformResult({'bucket': 'renamed'}, args.opts)])))
""",
    )
    assert one(found, "c").value("bucket") == Known("renamed")


def test_an_output_of_another_shape_than_its_input_is_unknown(tmp_path: Path) -> None:
    found = recorded(
        tmp_path,
        """
import pulumi, pulumi_azure_native as azure
here = pulumi.ResourceOptions(provider=azure.Provider('japan', location='japaneast'))
account = azure.storage.StorageAccount('a', resource_group_name='g', kind='StorageV2', sku={'name': 'Standard_LRS'},
    location='japaneast', identity={'type': 'UserAssigned', 'user_assigned_identities': ['/subscriptions/1']}, opts=here)
azure.storage.BlobContainer('c', account_name=account.name, resource_group_name='g',
    metadata={'who': account.identity.apply(lambda identity: identity.type)}, opts=here)
""",
    )
    assert found.refusal is None
    assert one(found, "a").value("identity.userAssignedIdentities[]") == Known("/subscriptions/1")
    assert one(found, "c").value("metadata.who") == Unknown()


def test_a_forgotten_provider_is_refused_as_the_engine_refuses_it(tmp_path: Path) -> None:
    found = recorded(tmp_path, HEAD + "aws.Provider('tokyo', region='us-east-1')\naws.s3.Bucket('b')\n")
    assert found.refusal is not None
    assert "Default provider for 'aws' disabled. 'aws:s3/bucket:Bucket' must use an explicit provider." in found.refusal
    assert one(found, "tokyo").value("region") == Known("us-east-1"), "what was registered before is still judged"


def test_a_default_provider_that_is_allowed_has_the_stack_s_settings(tmp_path: Path) -> None:
    directory = project(tmp_path, HEAD + "aws.s3.Bucket('b')\n", "config: {'aws:region': us-east-1}\n")
    text = (directory / "Pulumi.yaml").read_text("utf-8").replace('["*"]', "[]")
    (directory / "Pulumi.yaml").write_text(text, "utf-8")
    found = load_project(directory)
    recording = record(found, [load_stack(found, "one")], directory)["one"]
    [default] = [each for each in recording.graph.resources if each.is_provider]
    assert default.name.startswith("default")
    assert default.value("region") == Known("us-east-1")
    assert one(recording, "b").provider is not None


def test_a_name_used_twice_is_refused(tmp_path: Path) -> None:
    found = recorded(tmp_path, PROVIDER + "aws.s3.Bucket('b', opts=here)\naws.s3.Bucket('b', opts=here)\n")
    assert found.refusal is not None
    assert "two resources have the URN urn:pulumi:one::trial::aws:s3/bucket:Bucket::b" in found.refusal


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("raise pulumi.RunError('not like this')", "not like this"),
        (
            "from core.errors import KokunaiError\nraise KokunaiError('wrong', where='here', fix='so')",
            "here: wrong\n  → so",
        ),
        ("tokyo.nonsense", "AttributeError: 'Provider' object has no attribute 'nonsense'"),
        ("pulumi.log.error('told, not raised')", "told, not raised"),
        ("import os\nos._exit(7)", "the program of stack one ended its process"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_program_s_own_words_are_its_refusal(tmp_path: Path, program: str, text: str) -> None:
    found = recorded(tmp_path, PROVIDER + program)
    assert found.refusal is not None
    assert text in found.refusal


def test_an_error_of_a_program_says_where(tmp_path: Path) -> None:
    found = recorded(tmp_path, "x = 1\nx.y\n")
    assert found.refusal is not None
    assert f"{tmp_path / 'stacks' / '__main__.py'}:2: AttributeError" in found.refusal
    assert "Traceback" in found.trace


def test_a_program_reaches_no_network_no_credentials_and_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "hidden")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    found = recorded(
        tmp_path,
        PROVIDER
        + """
import os, socket
tried = []
for reach in (lambda: socket.create_connection(('192.0.2.1', 80), timeout=1), lambda: socket.getaddrinfo('example.com', 80)):
    try:
        reach()
    except Exception as error:
        tried.append(str(error))
aws.s3.Bucket('b', bucket='|'.join(tried), tags={
    'environment': ' '.join(sorted(name for name in os.environ if 'AWS' in name or 'TOKEN' in name)),
    'home': str(len(os.listdir(os.environ['HOME'])))}, opts=here)
""",
    )
    tried = one(found, "b").value("bucket")
    assert isinstance(tried, Known)
    assert "tried to reach 192.0.2.1 while it was being checked" in tried.value
    assert "tried to reach example.com while it was being checked" in tried.value
    assert one(found, "b").value("tags.environment") == Known("")
    assert one(found, "b").value("tags.home") == Known("0")


def test_a_program_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TIMEOUT_SECONDS", 3.0)
    with pytest.raises(EnvironmentFault, match="did not end within 3 seconds"):
        recorded(tmp_path, "import time\ntime.sleep(60)\n")


def test_stacks_do_not_see_each_other(tmp_path: Path) -> None:
    directory = project(
        tmp_path,
        PROVIDER
        + """
def stamp(args):
    return pulumi.ResourceTransformResult({**args.props, 'bucket': pulumi.get_stack()}, args.opts)
if pulumi.get_stack() == 'one':
    pulumi.runtime.register_resource_transform(stamp)
aws.s3.Bucket('b', bucket=pulumi.Config().get('name'), opts=here)
""",
        "config: {'name': first}\n",
        two="config: {'name': second}\n",
    )
    found = load_project(directory)
    recordings = record(found, [load_stack(found, stack) for stack in found.stacks()], directory)
    assert list(recordings) == ["one", "two"]
    assert one(recordings["one"], "b").value("bucket") == Known("one")
    assert one(recordings["two"], "b").value("bucket") == Known("second")


def test_nothing_to_record_is_nothing(tmp_path: Path) -> None:
    assert record(load_project(project(tmp_path, "")), [], tmp_path) == {}


def test_an_unknown_inside_a_text_makes_the_text_unknown(tmp_path: Path) -> None:
    found = recorded(
        tmp_path,
        PROVIDER
        + """
bucket = aws.s3.Bucket('b', opts=here)
aws.s3.BucketObject('o', bucket=pulumi.Output.concat('arn:', bucket.arn), opts=here)
""",
    )
    assert one(found, "o").props["bucket"] is UNKNOWN
