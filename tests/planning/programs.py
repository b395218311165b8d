"""Small projects, each with one stack, written out for a test: what a program does in a recording."""

from __future__ import annotations

from pathlib import Path

from planning.project import load_project, load_stack
from planning.recording import Recording, record

PROJECT = """\
name: trial
runtime: {name: python}
main: stacks
stackConfigDir: stacks
config:
  pulumi:disable-default-providers: {value: ["*"]}
  trial:size: {type: integer, default: 3}
"""
HEAD = "import pulumi\nimport pulumi_aws as aws\n"
PROVIDER = (
    HEAD + "tokyo = aws.Provider('tokyo', region='ap-northeast-1')\nhere = pulumi.ResourceOptions(provider=tokyo)\n"
)


def project(directory: Path, program: str, config: str = "config: {}\n", **stacks: str) -> Path:
    """A project whose program is `program`; the stack `one` has `config`, others what they are given."""
    folder = directory / "stacks"
    folder.mkdir(parents=True, exist_ok=True)
    (directory / "Pulumi.yaml").write_text(PROJECT, "utf-8")
    (folder / "__main__.py").write_text(program, "utf-8")
    for stack, text in {"one": config, **stacks}.items():
        (folder / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")
    return directory


def recorded(directory: Path, program: str, config: str = "config: {}\n") -> Recording:
    """The recording of the one stack of such a project."""
    found = load_project(project(directory, program, config))
    return record(found, [load_stack(found, "one")], directory / "estate")["one"]
