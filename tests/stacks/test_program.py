"""The program as a user runs it: from the stack's file to resources, and everything that stops it before."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML

from catalog.load import SITES
from core.values import UNKNOWN, Secret
from stacks import settings
from stacks.program import main
from tests.components.recording import Deployment, plain, run
from tests.stacks.conftest import PROJECT, SECRET_KEYS, certificate, complete, stack_config, stack_file

Preview = Callable[..., Deployment]
PROVIDERS = {"aws": "aws", "azure": "azure-native", "gcp": "gcp"}


def refused(deployment: Deployment) -> str:
    """The message with which the program stopped; anything but a message for people is a failure."""
    assert isinstance(deployment.error, pulumi.RunError), repr(deployment.error)
    return str(deployment.error)


@pytest.mark.parametrize("site", SITES)
def test_the_files_that_a_user_starts_from_preview_as_they_are(untouched: Preview, site: str) -> None:
    found = untouched(site)
    assert found.error is None
    endpoints = found.exports["endpoints"]
    assert sorted(endpoints) == ["sarashina-3b", "swallow-70b"]
    for name, endpoint in endpoints.items():
        assert endpoint["url"] == f"https://llm.{site}.example.co.jp/{name}/v1"
        assert endpoint["fingerprint"] == "unknown", "a preview has no digests, and invents none"
        assert endpoint["region"] == found.exports["region"]
    assert found.exports["site"] == site
    assert found.exports["environment"] == "real"


@pytest.mark.parametrize("site", SITES)
def test_a_preview_says_once_what_an_update_will_miss(untouched: Preview, site: str) -> None:
    (warning,) = untouched(site).warnings
    for missing in ("kokunai:edgeCertificate", "kokunai:edgePrivateKey", "kokunai:edgeKeys", "images.haproxy.digest"):
        assert missing in warning
    assert ("kokunai:kubeconfig" in warning) == (site == "onprem")


@pytest.mark.parametrize("site", SITES)
def test_an_update_without_digests_and_secrets_registers_nothing(preview: Preview, site: str) -> None:
    found = preview(site, preview=False)
    message = refused(found)
    assert found.resources == []
    assert "pulumi config set --secret kokunai:edgePrivateKey" in message
    assert "estate/lock.yaml" in message
    assert "crane digest" in message


def test_an_update_with_everything_set_runs_without_a_warning(
    preview: Preview, pair: tuple[str, str], tmp_path: Path
) -> None:
    found = preview("onprem", complete(pair, tmp_path), preview=False)
    assert found.error is None
    assert found.warnings == []
    assert found.exports["environment"] == "rehearsal"
    for endpoint in found.exports["endpoints"].values():
        assert endpoint["fingerprint"].startswith("rehearsal:sha256:")


def test_secrets_reach_the_edge_as_its_files_hold_them(preview: Preview, pair: tuple[str, str], tmp_path: Path) -> None:
    found = preview("onprem", complete(pair, tmp_path), preview=False)
    data = plain(found.one("kubernetes:core/v1:Secret", "platform-edge-keys").props["data"])
    keys = base64.b64decode(plain(data["keys.map"])).decode()
    assert keys == f"{'a' * 64} app\n{'b' * 64} batch\n{'c' * 64} batch\n"
    assert base64.b64decode(plain(data["rates.map"])) == b"batch 20\n"
    private = pair[1].strip().splitlines()[1]
    for each, text in found.walk():
        assert private not in text, each.name
        if each.type != "pulumi:providers:kubernetes":
            assert "current-context" not in text, each.name
    assert isinstance(found.one("pulumi:providers:kubernetes").props["kubeconfig"], Secret)


def test_what_is_not_set_is_unknown_in_a_preview(untouched: Preview) -> None:
    found = untouched("onprem")
    assert plain(found.one("pulumi:providers:kubernetes").props["kubeconfig"]) is UNKNOWN
    template = found.one("kubernetes:apps/v1:Deployment", "platform-edge-deployment").props["spec"]["template"]
    assert template["metadata"]["annotations"]["kokunai.jp/keys-sha256"] is UNKNOWN
    assert template["spec"]["containers"][0]["image"] is UNKNOWN


@pytest.mark.parametrize(
    ("site", "key", "value"),
    [
        ("aws", "aws:region", "us-east-1"),
        ("aws", "aws:region", "ap-northeast-2"),
        ("azure", "azure-native:location", "westeurope"),
        ("gcp", "gcp:region", "asia-northeast3"),
        ("onprem", "kokunai:region", "onprem-oregon"),
    ],
)
class TestForeignRegion:
    def test_a_preview_registers_the_provider_only_so_that_the_pack_speaks_too(
        self, preview: Preview, site: str, key: str, value: str
    ) -> None:
        found = preview(site, {key: value})
        refused(found)
        package = PROVIDERS.get(site)
        assert [each.type for each in found.resources] == ([f"pulumi:providers:{package}"] if package else [])
        for each in found.resources:
            assert each.props[key.split(":")[1]] == value

    def test_an_update_registers_nothing(
        self, preview: Preview, pair: tuple[str, str], tmp_path: Path, site: str, key: str, value: str
    ) -> None:
        found = preview(site, {**complete(pair, tmp_path), key: value}, preview=False)
        refused(found)
        assert found.resources == []

    def test_the_message_names_resource_property_value_rule_and_remedy(
        self, preview: Preview, site: str, key: str, value: str
    ) -> None:
        message = refused(preview(site, {key: value}))
        assert f"stacks/Pulumi.{site}.yaml: {key}" in message
        assert repr(value) in message
        assert repr(key.split(":")[1]) in message
        assert "domestic-provider" in message
        if site != "onprem":
            assert f"pulumi:providers:{PROVIDERS[site]}::{site}" in message
        allowed = stack_config(site)[key]
        assert allowed in message
        assert f"pulumi config set {key} {allowed} -s {site}" in message


@pytest.mark.parametrize(
    ("site", "changes", "where", "what"),
    [
        ("aws", {"kokunai:site": None}, "kokunai:site", "no site is set"),
        ("aws", {"kokunai:site": "azur"}, "kokunai:site", "did you mean 'azure'?"),
        ("aws", {"aws:region": None}, "aws:region", "no region is set"),
        ("aws", {"kokunai:zones": "apne1-az1"}, "kokunai:zones", "write it as YAML"),
        ("aws", {"kokunai:zones": [1]}, "kokunai:zones", "not a list of names"),
        ("aws", {"kokunai:zones": ["use1-az1"]}, "kokunai:zones", "use1-az1"),
        ("aws", {"kokunai:aws": None}, "kokunai:aws.account_id", "'account_id' is missing"),
        ("aws", {"kokunai:aws": ["x"]}, "kokunai:aws", "not a mapping"),
        ("aws", {"kokunai:aws": {"acount_id": "1"}}, "kokunai:aws.acount_id", "did you mean 'account_id'?"),
        ("aws", {"kokunai:aws": {"region": "us-east-1"}}, "kokunai:aws.region", "set aws:region instead"),
        ("gcp", {"kokunai:gcp": {"zones": []}}, "kokunai:gcp.zones", "set kokunai:zones instead"),
        ("onprem", {"kokunai:onprem": {"edge": {"hosts": "x"}}}, "kokunai:onprem.edge.hosts", "did you mean 'host'?"),
        ("onprem", {"kokunai:onprm": {}}, "kokunai:onprm", "did you mean 'onprem'?"),
        ("onprem", {"kokunai:estate": "nowhere"}, "nowhere", "no such directory"),
    ],
)
def test_a_fault_names_key_file_and_remedy(
    preview: Preview, site: str, changes: dict[str, Any], where: str, what: str
) -> None:
    found = preview(site, changes)
    message = refused(found)
    assert found.resources == []
    assert where in message
    assert what in message
    if where.startswith(("kokunai", "aws")):
        assert f"stacks/Pulumi.{site}.yaml: {where}" in message


def test_all_faults_of_a_site_are_told_at_once(preview: Preview) -> None:
    message = refused(preview("aws", {"kokunai:aws": {"account_id": "1", "network": "8.8.0.0/16"}}))
    for fault in ("kokunai:aws.account_id", "kokunai:aws.network", "'host' is missing"):
        assert fault in message


WRONG_SECRETS = [
    ({"kokunai:edgeKeys": {"app": "ABC"}}, "64 hexadecimal digits"),
    ({"kokunai:edgeKeys": {"app": []}}, "64 hexadecimal digits"),
    ({"kokunai:edgeKeys": {"app": ["a" * 64], "other": "a" * 64}}, "have the same key"),
    ({"kokunai:edgeKeys": {"App 1": "a" * 64}}, "'App 1' is not a client's name"),
    ({"kokunai:edgeKeys": "word"}, "not a mapping of clients"),
    ({"kokunai:edgeRates": {"nobody": 5}}, "client 'nobody' has no key"),
    ({"kokunai:edgeRates": {"batch": "many"}}, "not a number of requests"),
    ({"kokunai:edgeRates": {"batch": True}}, "not a number of requests"),
    ({"kokunai:edgeCertificate": "nonsense"}, "not a certificate in PEM"),
    ({"kokunai:edgePrivateKey": "nonsense"}, "not an unencrypted key in PEM"),
    ({"kokunai:kubeconfig": "nonsense"}, "not a kubeconfig with contexts"),
    ({"kokunai:kubeconfig": "contexts: [{name: other}]"}, "no context 'onprem'"),
]


@pytest.mark.parametrize("preview_only", [True, False])
@pytest.mark.parametrize(("changes", "what"), WRONG_SECRETS)
def test_wrong_secrets_stop_previews_and_updates_and_are_not_quoted(
    preview: Preview, pair: tuple[str, str], tmp_path: Path, changes: dict[str, Any], what: str, preview_only: bool
) -> None:
    found = preview("onprem", {**complete(pair, tmp_path), **changes}, preview=preview_only)
    message = refused(found)
    assert found.resources == []
    assert what in message
    (key,) = changes
    assert f"stacks/Pulumi.onprem.yaml: {key}" in message
    for secret in ("a" * 64, "ABC", "nonsense", pair[1].splitlines()[1]):
        assert secret not in message


def test_a_certificate_of_another_key_is_refused(preview: Preview, pair: tuple[str, str], tmp_path: Path) -> None:
    changes = {**complete(pair, tmp_path), "kokunai:edgePrivateKey": certificate()[1]}
    assert "not the key of the certificate" in refused(preview("onprem", changes))


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_secret_that_stands_in_clear_is_refused(
    preview: Preview, pair: tuple[str, str], tmp_path: Path, key: str
) -> None:
    others = [each for each in SECRET_KEYS if each != key]
    message = refused(preview("onprem", complete(pair, tmp_path), secret=others))
    assert f"stacks/Pulumi.onprem.yaml: {key}: stands in clear" in message
    assert f"pulumi config set --secret {'--path ' if 'Keys' in key else ''}" in message


def test_the_estate_may_live_elsewhere_and_the_environment_goes_first(
    preview: Preview, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(PROJECT / "estate", estate)
    (estate / "services" / "swallow-70b.yaml").unlink()
    assert list(preview("onprem", {"kokunai:estate": str(estate)}).exports["endpoints"]) == ["sarashina-3b"]
    monkeypatch.setenv("KOKUNAI_ESTATE", str(estate))
    found = run(main, stack="onprem", config={**stack_config("onprem"), "kokunai:estate": "nowhere"})
    assert list(found.exports["endpoints"]) == ["sarashina-3b"]


def test_a_service_that_fits_nowhere_is_refused_with_what_would_fit(preview: Preview, tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(PROJECT / "estate", estate)
    path = estate / "services" / "swallow-70b.yaml"
    path.write_text(path.read_text("utf-8").replace("concurrency: 8", "concurrency: 8000"), "utf-8")
    for dry in (True, False):
        found = preview("onprem", {"kokunai:estate": str(estate)}, preview=dry)
        message = refused(found)
        assert found.resources == []
        assert "service 'swallow-70b' on onprem" in message
        assert "what would fit" in message


def test_a_service_of_other_sites_does_not_run_here(preview: Preview, tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(PROJECT / "estate", estate)
    path = estate / "services" / "swallow-70b.yaml"
    path.write_text(path.read_text("utf-8") + "sites: [aws, azure, gcp]\n", "utf-8")
    found = preview("onprem", {"kokunai:estate": str(estate)})
    assert list(found.exports["endpoints"]) == ["sarashina-3b"]


def test_the_project_file_declares_every_key() -> None:
    project = YAML(typ="safe").load(PROJECT / "Pulumi.yaml")
    declared = {key: value for key, value in project["config"].items() if key.startswith("kokunai:")}
    assert {key.removeprefix("kokunai:") for key in declared} == settings.KEYS
    assert all(value["description"] for value in declared.values())
    missing_a_default = [key for key, value in declared.items() if "default" not in value]
    assert missing_a_default == ["kokunai:site"], "the engine demands every typed key that has no default"
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}


@pytest.mark.parametrize("site", SITES)
def test_the_stack_files_hold_no_secret_and_know_of_no_rehearsal(site: str) -> None:
    text = (PROJECT / "stacks" / f"Pulumi.{site}.yaml").read_text("utf-8")
    assert "rehears" not in text.lower()
    assert "encryptionsalt" not in text
    assert not set(stack_file(site)) & set(SECRET_KEYS)


def test_the_programs_folder_is_not_on_the_path(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(PROJECT / 'stacks')!r})\n"
        "import runpy\n"
        "import stacks.program as program\n"
        "program.main = lambda: print([p for p in sys.path if p.endswith('stacks')])\n"
        f"runpy.run_path({str(PROJECT / 'stacks' / '__main__.py')!r})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(PROJECT)!r})\n{script}"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "[]"
