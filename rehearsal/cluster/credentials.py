"""What proves who is who in one cluster: its certificate authority, the server's certificate, one token per user.

Made once per cluster, readable by their owner only, and thrown away with it. The edges' certificates and the clients' keys
are another matter (`rehearsal.credentials`).
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.files import write_whole
from rehearsal.processes import LOOPBACK

LIFETIME: Final = timedelta(days=365)
HOST_NAMES: Final = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
MASTERS: Final = "system:masters"
DEPLOYERS: Final = "kokunai:deployers"
USERS: Final[dict[str, tuple[str, str]]] = {
    "administrator": ("kokunai:administrator", MASTERS),
    "deployer": ("kokunai:deployer", DEPLOYERS),
    "controller-manager": ("system:kube-controller-manager", MASTERS),
    "scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kokunai:kwok", MASTERS),
    "cloud": ("kokunai:cloud", MASTERS),
}
"""Token's name to user and group. The controllers share one identity, so that of the manager must be allowed all."""


@dataclass(frozen=True)
class ClusterCredentials:
    """The files of one cluster's credentials in `directory`."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.directory / "apiserver.crt"

    @property
    def private_key(self) -> Path:
        return self.directory / "apiserver.key"

    @property
    def service_accounts(self) -> Path:
        """The key that signs the tokens of service accounts."""
        return self.directory / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        """All tokens, in the form that the API server reads."""
        return self.directory / "tokens.csv"

    def token_file(self, user: str) -> Path:
        return self.directory / f"{user}.token"

    def token(self, user: str) -> str:
        return self.token_file(user).read_text("utf-8").strip()

    def kubeconfig_file(self, user: str) -> Path:
        return self.directory / f"{user}.kubeconfig"

    def prepare(self) -> None:
        """Make what is missing or about to expire. Only for a cluster that does not run: its parts read them once."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.service_accounts.exists():
            write_whole(self.service_accounts, _pem(ec.generate_private_key(ec.SECP256R1())))
        if not _fresh(self.ca):
            _certify(self)
        lines = []
        for name, (user, group) in USERS.items():
            path = self.token_file(name)
            if not path.exists():
                write_whole(path, f"rehearsal-{secrets.token_urlsafe(32)}\n")
            lines.append(f'{self.token(name)},{user},{user},"{group}"\n')
        write_whole(self.tokens, "".join(lines))

    def kubeconfig(self, user: str, server: str, site: str) -> str:
        """A kubeconfig (JSON, which is YAML) with everything in it, for kubectl and for the cluster's own parts."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": site, "cluster": {"server": server, "certificate-authority": str(self.ca)}}],
                "users": [{"name": user, "user": {"token": self.token(user)}}],
                "contexts": [{"name": site, "context": {"cluster": site, "user": user}}],
                "current-context": site,
            },
            indent=1,
        )


def _certify(credentials: ClusterCredentials) -> None:
    authority = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kokunai rehearsal 予行 cluster CA")])
    ca = (
        _builder(name, name, authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOST_NAMES]
    leaf = (
        _builder(subject, name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    write_whole(credentials.private_key, _pem(key))
    write_whole(credentials.certificate, _text(leaf))
    # The authority's own key is not kept: nobody can sign with it again. Written last: it says "complete".
    write_whole(credentials.ca, _text(ca))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
    )


def _fresh(path: Path) -> bool:
    if not path.exists():
        return False
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - datetime.now(UTC) > timedelta(days=1)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    # The API server reads a service accounts' key in this older form only.
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode("ascii")


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
