"""Signatures of descriptors: ed25519 keys in files, a key's id, and who may sign what.

A public key is trusted because it stands in a directory of trusted keys (`<name>.pub`, PEM), put there by review. A
rehearsal's key is labelled in its file and its signature is refused where a real one is wanted. Where keys live and who
may use them: docs/keys.md.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.descriptor import Descriptor, Signature
from core.errors import KokunaiError


class Refused(KokunaiError):
    """A descriptor that must not be believed."""


@dataclass(frozen=True)
class Signer:
    """A private key that may sign descriptors."""

    key: Ed25519PrivateKey

    @property
    def keyid(self) -> str:
        """SHA-256 of the raw public key, hex."""
        return keyid(self.key.public_key())

    def sign(self, descriptor: Descriptor) -> Descriptor:
        """The same descriptor with this key's signature over its payload."""
        signature = self.key.sign(descriptor.payload())
        return descriptor.model_copy(
            update={"signature": Signature(keyid=self.keyid, sig=base64.b64encode(signature).decode("ascii"))}
        )


def keyid(key: Ed25519PublicKey) -> str:
    """The id under which a public key is known."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def generate(private: Path, public: Path) -> Signer:
    """Make a key pair; the private part is readable by its owner only and is never overwritten.

    Raises:
        KokunaiError: there is a key already.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise KokunaiError("there is a key already", where=str(private), fix="choose another file name") from None
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return Signer(key)


def signer(path: Path) -> Signer:
    """Read a private key.

    Raises:
        KokunaiError: it is not there, others may read it, or it is not ed25519.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise KokunaiError(
            f"cannot read the signing key: {error.strerror}",
            where=str(path),
            fix="name it with --key or KOKUNAI_SIGNING_KEY",
        ) from None
    if mode & 0o077:
        raise KokunaiError("others may read the signing key", where=str(path), fix=f"chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KokunaiError(
            "not an unencrypted ed25519 key in PEM", where=str(path), fix="openssl genpkey -algorithm ed25519"
        )
    return Signer(key)


def trusted(directory: Path) -> Mapping[str, Ed25519PublicKey]:
    """The public keys of a directory of `*.pub` files, by key id."""
    found: dict[str, Ed25519PublicKey] = {}
    for path in sorted(directory.glob("*.pub")):
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise KokunaiError("not an ed25519 public key in PEM", where=str(path), fix="remove it, or replace it")
        found[keyid(key)] = key
    return found


def verify(descriptor: Descriptor, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Believe a descriptor or refuse it.

    Raises:
        Refused: it is not signed, by a key that nobody trusts, or it was changed afterwards.
    """
    where = f"descriptor of {descriptor.service} on {descriptor.site}"
    if descriptor.signature is None:
        raise Refused("not signed", where=where, fix=f"kokunai publish {descriptor.site}")
    key = keys.get(descriptor.signature.keyid)
    if key is None:
        raise Refused(
            f"signed by an unknown key {descriptor.signature.keyid[:16]}…",
            where=where,
            fix="add the signer's public key to the trusted keys after checking it with its owner",
        )
    try:
        key.verify(base64.b64decode(descriptor.signature.sig, validate=True), descriptor.payload())
    except (InvalidSignature, ValueError):
        raise Refused("changed after it was signed", where=where, fix=f"kokunai publish {descriptor.site}") from None
