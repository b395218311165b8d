"""The throw-away credentials of a rehearsal: a certificate authority, the edges' certificates, a client's key, a passphrase.

Made once per rehearsal and kept with it, so that a second `up` changes nothing. Every name in them says 「予行」; nothing
signed with them is ever accepted as real.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.files import write_whole

LIFETIME = timedelta(days=30)
CLIENT = "rehearsal-client"


@dataclass(frozen=True)
class Credentials:
    """Files of one rehearsal's credentials."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The certificate authority's certificate (PEM): what a client trusts."""
        return self.directory / "ca.crt"

    @property
    def passphrase(self) -> Path:
        """What seals the secrets in the rehearsal's state."""
        return self.directory / "passphrase"

    @property
    def client_key(self) -> Path:
        """The key that an application sends as a bearer token."""
        return self.directory / "client.key"

    def certificate(self, site: str) -> Path:
        return self.directory / f"{site}.crt"

    def private_key(self, site: str) -> Path:
        return self.directory / f"{site}.key"

    def client_key_hash(self) -> str:
        """SHA-256 of the client's key, hex: all that an edge ever holds of it."""
        return hashlib.sha256(self.client_key.read_text("utf-8").strip().encode()).hexdigest()


def prepare(directory: Path, hosts: dict[str, str]) -> Credentials:
    """Make what is missing or about to expire; `hosts` is each site's edge host name."""
    credentials = Credentials(directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, length in ((credentials.passphrase, 32), (credentials.client_key, 32)):
        if not path.exists():
            write_whole(path, f"rehearsal-{secrets.token_urlsafe(length)}\n")
    if _complete(credentials, hosts):
        return credentials
    authority = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kokunai rehearsal 予行 CA")])
    ca = _builder(name, name, authority).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    ca = ca.add_extension(identifier, critical=False).add_extension(
        x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        ),
        critical=True,
    )  # fmt: skip
    certificate = ca.sign(authority, hashes.SHA256())
    for site, host in hosts.items():
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kokunai rehearsal 予行 {site}")])
        alternatives = x509.SubjectAlternativeName(
            [x509.DNSName(host), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        leaf = (
            _builder(subject, name, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .sign(authority, hashes.SHA256())
        )
        write_whole(credentials.private_key(site), _pem(key))
        write_whole(credentials.certificate(site), _text(leaf))
    # The authority's own key is not kept: nobody can make another certificate with it. Written last: it says "complete".
    write_whole(credentials.ca, _text(certificate))
    return credentials


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


def _complete(credentials: Credentials, sites: Iterable[str]) -> bool:
    """Whether every certificate is there, lasts, and is signed by the authority: a killed run may have left a mixture."""
    try:
        authority = _read(credentials.ca)
        leaves = [_read(credentials.certificate(site)) for site in sites]
        for leaf in leaves:
            leaf.verify_directly_issued_by(authority)
    except (OSError, ValueError, InvalidSignature):
        return False
    soon = datetime.now(UTC) + timedelta(days=1)
    return all(each.not_valid_after_utc > soon for each in (authority, *leaves)) and all(
        credentials.private_key(site).exists() for site in sites
    )


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
