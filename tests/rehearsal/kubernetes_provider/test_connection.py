"""Which cluster a provider's configuration means, and that it is never another one than the rehearsal's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentFault, KokunaiError
from rehearsal.kubernetes_provider.connection import connect

SERVER = "https://127.0.0.1:23456"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text("rehearsal-token\n")
    entry = {"server": SERVER, "certificate_authority": "PEM", "token_file": str(tmp_path / "token")}
    (tmp_path / "clusters.json").write_text(json.dumps({"aws": entry}))
    return {"KOKUNAI_REHEARSAL_CLUSTERS": str(tmp_path / "clusters.json")}


def kubeconfig(server: str = SERVER, **context: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": server}},
            {"name": "other", "cluster": {"server": "https://b"}},
        ],
        "users": [{"name": "u", "user": {"exec": {"command": "aws"}, "token": "the user's own"}}],
        "contexts": [
            {"name": "x", "context": {"cluster": "c", "user": "u", **context}},
            {"name": "y", "context": {"cluster": "other", "user": "u"}},
        ],
        "current-context": "x",
    }


def test_the_address_says_which_cluster_and_the_rehearsal_brings_the_token(environ: dict[str, str]) -> None:
    found = connect({"kubeconfig": json.dumps(kubeconfig())}, environ)
    assert (found.site, found.server, found.certificate_authority) == ("aws", SERVER, "PEM")
    assert found.token == "rehearsal-token"
    assert found.namespace == "default"


def test_a_kubeconfig_may_be_yaml_or_a_path(environ: dict[str, str], tmp_path: Path) -> None:
    text = (
        f"current-context: x\ncontexts:\n- name: x\n  context: {{cluster: c, namespace: serve}}\n"
        f"clusters:\n- name: c\n  cluster: {{server: {SERVER}/}}\n"
    )
    assert connect({"kubeconfig": text}, environ).namespace == "serve"
    (tmp_path / "kubeconfig").write_text(text)
    assert connect({"kubeconfig": str(tmp_path / "kubeconfig")}, environ).site == "aws"


def test_the_programs_namespace_goes_before_the_contexts(environ: dict[str, str]) -> None:
    config = {"kubeconfig": json.dumps(kubeconfig(namespace="of-the-context")), "namespace": "of-the-program"}
    assert connect(config, environ).namespace == "of-the-program"


def test_context_and_cluster_may_be_chosen(environ: dict[str, str]) -> None:
    with pytest.raises(KokunaiError, match="https://b is none of this rehearsal's clusters"):
        connect({"kubeconfig": json.dumps(kubeconfig()), "context": "y"}, environ)
    with pytest.raises(KokunaiError, match="https://b is none"):
        connect({"kubeconfig": json.dumps(kubeconfig()), "cluster": "other"}, environ)
    with pytest.raises(KokunaiError, match="has no context 'z'"):
        connect({"kubeconfig": json.dumps(kubeconfig()), "context": "z"}, environ)


@pytest.mark.parametrize("server", ["https://1.2.3.4:443", "https://127.0.0.1:6443", ""])
def test_no_other_cluster_is_ever_contacted(environ: dict[str, str], server: str) -> None:
    with pytest.raises(KokunaiError, match=r"none of this rehearsal's clusters \(aws\): not contacted"):
        connect({"kubeconfig": json.dumps(kubeconfig(server))}, environ)


def test_what_is_told_never_quotes_the_kubeconfig(environ: dict[str, str]) -> None:
    with pytest.raises(KokunaiError) as caught:
        connect({"kubeconfig": "token: hunter2-hunter2\n : ["}, environ)
    assert "hunter2" not in str(caught.value)


def test_without_a_kubeconfig_nothing_is_guessed(environ: dict[str, str]) -> None:
    with pytest.raises(KokunaiError, match="no kubeconfig"):
        connect({}, environ)
    with pytest.raises(KokunaiError, match="cannot read the kubeconfig"):
        connect({"kubeconfig": "/no/such/file"}, environ)


def test_without_a_rehearsal_nothing_is_contacted(tmp_path: Path) -> None:
    config = {"kubeconfig": json.dumps(kubeconfig())}
    with pytest.raises(EnvironmentFault, match="KOKUNAI_REHEARSAL_CLUSTERS is not set"):
        connect(config, {})
    with pytest.raises(EnvironmentFault, match="cannot read which clusters are rehearsed"):
        connect(config, {"KOKUNAI_REHEARSAL_CLUSTERS": str(tmp_path / "none.json")})


def test_settings_come_from_the_program_first_and_from_the_environment_then(environ: dict[str, str]) -> None:
    config = {"kubeconfig": json.dumps(kubeconfig()), "enableConfigMapMutable": "true", "enablePatchForce": False}
    forced = {**environ, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "1"}
    found = connect(config, forced)
    assert found.mutability.config_maps
    assert not found.mutability.secrets
    assert not found.force
    assert found.upsert


def test_ways_of_working_that_a_rehearsal_has_not_are_refused(environ: dict[str, str]) -> None:
    config = {"kubeconfig": json.dumps(kubeconfig())}
    with pytest.raises(KokunaiError, match="applies on the server only"):
        connect({**config, "enableServerSideApply": "false"}, environ)
    with pytest.raises(KokunaiError, match="does not render"):
        connect({**config, "renderYamlToDirectory": "out"}, environ)
