"""The edge's files: configuration, certificate, keys. What is in them is decided elsewhere (`core.haproxy`, `stacks`)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_kubernetes import core, meta

from components import labels
from components.plan import SitePlan
from components.platform.secrets import EdgeSecrets
from core import haproxy, naming

FILE: Final = "haproxy.cfg"
KEYS: Final = "keys.map"
RATES: Final = "rates.map"


@dataclass(frozen=True)
class Files:
    """The objects that hold the files, and a digest of each kind: pods are rolled when one changes."""

    objects: Sequence[pulumi.Resource]
    checksums: dict[str, pulumi.Input[str]]


def configuration(name: str, plan: SitePlan, secrets: EdgeSecrets, opts: pulumi.ResourceOptions) -> Files:
    """The ConfigMap and the two Secrets."""
    text = haproxy.edge([each.service for each in plan.sized])
    held = (
        core.v1.ConfigMap(
            f"{name}-edge-config", metadata=_metadata(naming.EDGE_CONFIG, plan), data={FILE: text}, opts=opts
        ),
        core.v1.Secret(
            f"{name}-edge-tls",
            metadata=_metadata(naming.EDGE_TLS, plan),
            type="kubernetes.io/tls",
            data={"tls.crt": _encoded(secrets.certificate), "tls.key": _encoded(secrets.private_key)},
            opts=opts,
        ),
        core.v1.Secret(
            f"{name}-edge-keys",
            metadata=_metadata(naming.EDGE_KEYS, plan),
            data={KEYS: _encoded(secrets.keys), RATES: _encoded(secrets.rates)},
            opts=opts,
        ),
    )
    return Files(
        held,
        {
            "kokunai.jp/config-sha256": _sha256(text),
            "kokunai.jp/tls-sha256": _digest(secrets.certificate, secrets.private_key),
            "kokunai.jp/keys-sha256": _digest(secrets.keys, secrets.rates),
        },
    )


def _metadata(name: str, plan: SitePlan) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(
        name=name,
        namespace=naming.EDGE_NAMESPACE,
        labels=labels.labels(naming.EDGE_SERVICE, plan.shared_tags),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _encoded(text: pulumi.Output[str]) -> pulumi.Output[str]:
    # As the cluster stores it: what is written as stringData is never read back, so a changed key would go unseen.
    return text.apply(lambda plain: base64.b64encode(plain.encode("utf-8")).decode("ascii"))


def _digest(*secrets: pulumi.Output[str]) -> pulumi.Output[str]:
    # Not a secret itself: it tells that something changed, and a private key or a list of hashes cannot be guessed from it.
    # As a secret it would hide every difference in the pod template.
    return pulumi.Output.unsecret(pulumi.Output.all(*secrets).apply(lambda texts: _sha256("\n".join(texts))))
