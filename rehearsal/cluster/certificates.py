"""The keys and certificates of one cluster, as PEM texts.

Apart from `credentials`, because every stand-in provider loads that, and the library behind this is slow to load.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME: Final = timedelta(days=365)
RENEWAL: Final = timedelta(days=1)
"""Before its end, when a certificate counts as expired."""


@dataclass(frozen=True)
class Chain:
    """A certificate authority's certificate, and a server's certificate and key under it.

    The authority's own key is not kept: nobody can sign with it again.
    """

    authority: str
    certificate: str
    private_key: str


def private_key() -> str:
    """A new key."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def is_fresh(certificate: str) -> bool:
    """Whether the certificate is valid for some time to come."""
    loaded = x509.load_pem_x509_certificate(certificate.encode("ascii"))
    return loaded.not_valid_after_utc - datetime.now(UTC) > RENEWAL


def certify(subject: str, hosts: tuple[str, ...], address: str) -> Chain:
    """A server's certificate for `hosts` and the IP `address`, under a new authority."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("kokunai rehearsal 予行 cluster CA")
    ca = (
        _builder(issuer, issuer, authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names.append(x509.IPAddress(ipaddress.ip_address(address)))
    leaf = (
        _builder(_name(subject), issuer, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    return Chain(_text(ca), _text(leaf), _pem(key))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


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


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    # The API server reads a service accounts' key in this older form only.
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode("ascii")


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
