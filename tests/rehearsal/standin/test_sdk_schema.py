"""Reading a type's schema out of the SDK, and keeping it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rehearsal.standin.schema import Kind, Schema
from rehearsal.standin.sdk_schema import Sdk


def test_it_knows_what_a_type_takes_and_gives(sdk: Callable[[str], Sdk]) -> None:
    schema = sdk("aws").schema("aws:eks/cluster:Cluster")
    assert schema is not None
    assert schema.inputs["roleArn"].required
    assert schema.inputs["roleArn"].shape.kind is Kind.STRING
    assert not schema.inputs["name"].required
    assert schema.outputs["name"].required  # made by the provider when the program gives none
    assert "arn" not in schema.inputs
    inside = schema.types[schema.inputs["vpcConfig"].shape.type]
    assert inside["subnetIds"].required
    assert inside["subnetIds"].shape.item is not None
    assert inside["subnetIds"].shape.item.kind is Kind.STRING


def test_a_kept_schema_is_the_schema(sdk: Callable[[str], Sdk]) -> None:
    for package, token in (("aws", "aws:eks/cluster:Cluster"), ("gcp", "gcp:container/cluster:Cluster")):
        schema = sdk(package).schema(token)
        assert schema is not None
        assert Schema.from_json(schema.to_json()) == schema


def test_there_is_no_schema_of_what_the_sdk_does_not_have(sdk: Callable[[str], Sdk]) -> None:
    assert sdk("gcp").schema("gcp:compute/network:Netwrok") is None


def test_the_second_process_imports_no_sdk(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from rehearsal.standin.sdk_schema import Sdk\n"
        f"schema = Sdk('aws', Path({str(tmp_path)!r})).schema('aws:sqs/queue:Queue')\n"
        "print('pulumi_aws' in sys.modules, len(schema.inputs))"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
        for _ in range(2)
    )
    assert (first[0], second[0]) == ("True", "False")
    assert first[1] == second[1]


def test_a_spoilt_schema_file_is_read_anew(tmp_path: Path) -> None:
    token = "aws:sqs/queue:Queue"
    schema = Sdk("aws", tmp_path).schema(token)
    (file,) = tmp_path.rglob("*.json")
    file.write_text('{"token": "aws:sqs/que')
    assert Sdk("aws", tmp_path).schema(token) == schema
    file.write_text("{}")
    assert Sdk("aws", tmp_path).schema(token) == schema


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    occupied = tmp_path / "a-file"
    occupied.write_text("")
    assert Sdk("aws", occupied).schema("aws:sqs/queue:Queue") is not None
