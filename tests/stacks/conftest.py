"""A whole stack, run without an engine from the file that a user starts from."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ruamel.yaml import YAML

from catalog.load import catalogue
from stacks.program import main
from tests.components.recording import Deployment, run

PROJECT: Final = Path(__file__).resolve().parents[2]
SECRET_KEYS: Final = ("kokunai:edgePrivateKey", "kokunai:edgeKeys", "kokunai:kubeconfig")
KUBECONFIG: Final = "apiVersion: v1\nkind: Config\ncontexts:\n- name: onprem\n  context: {cluster: c, user: u}\n"
CLUSTER: Final = (
    "clusters:\n- name: any\n  cluster:\n    certificate-authority-data: Q0E=\n    server: https://elsewhere\n"
)
CREDENTIALS: Final = {
    "azure-native:containerservice:listManagedClusterUserCredentials": {
        "kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(CLUSTER.encode()).decode()}]
    }
}
"""What Azure answers when it is asked for a kubeconfig."""


def stack_file(stack: str) -> dict[str, Any]:
    """The configuration of a stack as its file has it."""
    content = YAML(typ="safe").load(PROJECT / "stacks" / f"Pulumi.{stack}.yaml")
    return dict(content["config"])


def stack_config(stack: str) -> dict[str, Any]:
    """The configuration of a stack as the engine gives it to the program: the project's defaults under the stack's file."""
    declared = YAML(typ="safe").load(PROJECT / "Pulumi.yaml")["config"]
    return {**{key: value["default"] for key, value in declared.items() if "default" in value}, **stack_file(stack)}


def cloud(_token: str, name: str, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a cloud adds to what was sent, as far as the program reads it."""
    added: dict[str, Any] = {"name": name}
    if "userAssignedIdentities" in sent.get("identity", {}):
        # A list of ids goes in, a map from ids to what they are comes out.
        added["identity"] = {**sent["identity"], "userAssignedIdentities": {}}
    if "oidcIssuerProfile" in sent:
        added["oidcIssuerProfile"] = {"enabled": True, "issuerUrl": "https://issuer/"}
    return added


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Deployment]:
    """Runs a stack's program; `changes` go over its file, None takes a key away. Errors are for the test to judge."""
    monkeypatch.delenv("KOKUNAI_ESTATE", raising=False)

    def run_stack(stack: str, changes: Mapping[str, Any] | None = None, **options: Any) -> Deployment:
        config = {**stack_config(stack), **(changes or {})}
        given = {key: value for key, value in config.items() if value is not None}
        secret = options.pop("secret", SECRET_KEYS)
        return run(main, stack=stack, config=given, secret=secret, answer=cloud, asked=CREDENTIALS, **options)

    return run_stack


@pytest.fixture(scope="session")
def untouched() -> Callable[[str], Deployment]:
    """A preview of a stack's file as it is; run once, for tests that only read."""

    @cache
    def run_once(stack: str) -> Deployment:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("KOKUNAI_ESTATE", raising=False)
            return run(main, stack=stack, config=stack_config(stack), answer=cloud, asked=CREDENTIALS)

    return run_once


@pytest.fixture(scope="session")
def pair() -> tuple[str, str]:
    """A certificate and its key, PEM."""
    return certificate()


def certificate() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "llm.example.co.jp")])
    start = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), private.decode()


def complete(pair: tuple[str, str], directory: Path) -> dict[str, Any]:
    """What an update needs besides the stack's file: secrets, and a lock that knows everything."""
    digest = f"sha256:{hashlib.sha256(b'a stand-in').hexdigest()}"
    facts = catalogue()
    lock = {
        "environment": "rehearsal",
        "images": {name: {"digest": digest} for name in facts.images},
        "models": {
            name: {"revision": "rehearsal", "manifest": digest, "chat_template": digest} for name in facts.models
        },
    }
    path = directory / "lock.yaml"
    path.write_text(json.dumps(lock), "utf-8")
    return {
        "kokunai:lock": str(path),
        "kokunai:edgeCertificate": pair[0],
        "kokunai:edgePrivateKey": pair[1],
        "kokunai:edgeKeys": {"app": "a" * 64, "batch": ["b" * 64, "c" * 64]},
        "kokunai:edgeRates": {"batch": 20},
        "kokunai:kubeconfig": KUBECONFIG,
    }
