"""The organisation's own keys, in hardware in the site's region, one for each kind of data and for one agent of Google's.

No person and no workload is granted a key here: data is read through the service that holds it.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import kms

from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services

ROTATION: Final = f"{90 * 24 * 3600}s"
# Purpose of a key to the account of the agent that may use it; {} is the project number.
AGENTS: Final = {
    "cluster": "service-{}@container-engine-robot.iam.gserviceaccount.com",
    "disks": "service-{}@compute-system.iam.gserviceaccount.com",
    "logs": "cmek-p{}@gcp-sa-logging.iam.gserviceaccount.com",
    "registry": "service-{}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    "weights": "service-{}@gs-project-accounts.iam.gserviceaccount.com",
}


@dataclass(frozen=True)
class Key:
    """A key and the grant that must stand before its service can use it."""

    id: pulumi.Output[str]
    grant: kms.CryptoKeyIAMMember


@dataclass(frozen=True)
class Keys:
    """One field for each kind of data."""

    cluster: Key
    disks: Key
    logs: Key
    registry: Key
    weights: Key


def keys(scope: Scope, services: Services) -> Keys:
    """A key ring in the site's region and its keys, rotated every 90 days."""
    ring = kms.KeyRing(
        scope.name("keys"),
        location=scope.settings.region,
        opts=scope.options(depends_on=services.ready("cloudkms"), protect=True),
    )
    agents = [services.registry_agent, *services.ready("compute", "container", "logging", "storage")]
    return Keys(**{purpose: _key(scope, ring, purpose, agents) for purpose in AGENTS})


def _key(scope: Scope, ring: kms.KeyRing, purpose: str, agents: list[pulumi.Resource]) -> Key:
    key = kms.CryptoKey(
        scope.name(f"{purpose}-key"),
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=ROTATION,
        version_template={"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protection_level": "HSM"},
        deletion_policy="PREVENT",
        labels=scope.plan.shared_tags,
        opts=scope.options(protect=True),
    )
    grant = kms.CryptoKeyIAMMember(
        scope.name(f"{purpose}-key-use"),
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=f"serviceAccount:{AGENTS[purpose].format(scope.settings.project_number)}",
        opts=scope.options(depends_on=agents),
    )
    return Key(key.id, grant)
