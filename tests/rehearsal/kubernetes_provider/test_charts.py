"""Which definitions a chart brings, without running it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from core.errors import KokunaiError
from rehearsal.kubernetes_provider import charts
from rehearsal.kubernetes_provider.objects import Resource

DEFINITION = (
    "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {{name: {0}.example.com}}\n"
)


def chart(path: Path) -> Path:
    files = {
        "Chart.yaml": "name: c\nversion: 1.0.0\n",
        "crds/a.yaml": DEFINITION.format("as") + "---\n" + DEFINITION.format("bs") + "---\n",
        "crds/notes.md": "no definition",
        "crds/other.yaml": "kind: ConfigMap\nmetadata: {name: x}\n",
        "templates/c.yaml": "{{ not yaml }}",
        "charts/part/Chart.yaml": "name: part\nversion: 1.0.0\n",
        "charts/part/crds/d.yaml": DEFINITION.format("ds"),
    }
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def archive(source: Path, target: Path) -> Path:
    with tarfile.open(target, "w:gz") as file:
        file.add(source, arcname="c")
    return target


def names(inputs: dict[str, object], *directories: str) -> list[str]:
    return sorted(each["metadata"]["name"] for each in charts.definitions(inputs, directories))


ALL = ["as.example.com", "bs.example.com", "ds.example.com"]


def test_a_charts_definitions_are_found_in_a_directory_and_in_an_archive(tmp_path: Path) -> None:
    directory = chart(tmp_path / "chart")
    assert names({"chart": str(directory)}) == ALL
    assert names({"chart": "chart"}, str(tmp_path)) == ALL
    packed = archive(directory, tmp_path / "c-1.0.0.tgz")
    assert names({"chart": str(packed)}) == ALL


def test_an_archive_inside_a_chart_is_looked_into(tmp_path: Path) -> None:
    inner = archive(chart(tmp_path / "inner"), tmp_path / "inner.tgz")
    outer = tmp_path / "outer"
    (outer / "charts").mkdir(parents=True)
    (outer / "Chart.yaml").write_text("name: outer\n")
    inner.rename(outer / "charts" / "inner.tgz")
    assert names({"chart": str(outer)}) == ALL


def test_nothing_is_found_where_the_chart_is_elsewhere_or_its_definitions_are_not_wanted(tmp_path: Path) -> None:
    directory = str(chart(tmp_path / "chart"))
    assert names({"chart": "prometheus", "repositoryOpts": {"repo": "https://charts.invalid"}}) == []
    assert names({"chart": directory, "skipCrds": True}) == []
    assert names({"chart": str(tmp_path)}) == []


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    directory = chart(tmp_path / "chart")
    (directory / "crds" / "a.yaml").write_text("a: [")
    with pytest.raises(KokunaiError, match=r"crds/a\.yaml: this file of the chart is no YAML"):
        charts.definitions({"chart": str(directory)}, ())


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.tgz").write_bytes(io.BytesIO(b"no archive").getvalue())
    with pytest.raises(KokunaiError, match=r"c\.tgz: this archive of a chart cannot be read"):
        charts.definitions({"chart": str(tmp_path / "c.tgz")}, ())


def test_a_release_without_a_name_gets_one_and_keeps_it() -> None:
    urn = f"urn:pulumi:dev::p::{charts.RELEASE}::keda"
    first = charts.checked(Resource(urn, {"chart": "keda"}), {}, b"seed")
    assert first["name"].startswith("keda-")
    assert charts.checked(Resource(urn, {"chart": "keda"}), first, b"other")["name"] == first["name"]
    assert charts.checked(Resource(urn, {"chart": "keda", "name": "mine"}), first, b"x")["name"] == "mine"


def test_another_name_is_another_release_and_another_value_is_not() -> None:
    urn = f"urn:pulumi:dev::p::{charts.RELEASE}::keda"
    old = {"chart": "keda", "name": "a", "values": {"x": 1}}
    renamed = charts.compare(Resource(urn, {**old, "name": "b"}), old)
    assert [str(each) for each in renamed.replacing] == ["name"]
    changed = charts.compare(Resource(urn, {**old, "values": {"x": 2}}), old)
    assert [str(each) for each in changed.differences] == ["values.x"]
    assert not changed.replacing
