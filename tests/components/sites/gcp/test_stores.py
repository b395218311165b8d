"""Keys, and the three stores that use them: weights, images, logs."""

from functools import reduce
from operator import getitem
from typing import Any, cast

import pytest

from tests.components.sites.gcp.declared import Site, depends

USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
STORES = {
    "gcp:storage/bucket:Bucket": ("weights", ("encryption", "defaultKmsKeyName")),
    "gcp:artifactregistry/repository:Repository": ("registry", ("kmsKeyName",)),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("logs", ("cmekSettings", "kmsKeyName")),
    "gcp:container/cluster:Cluster": ("cluster", ("databaseEncryption", "keyName")),
}


def test_keys_are_in_hardware_and_rotate_every_90_days(site: Site) -> None:
    keys = site.of_type("gcp:kms/cryptoKey:CryptoKey")
    assert len(keys) == 5
    for key in keys:
        assert key.props["rotationPeriod"] == "7776000s"
        assert key.props["versionTemplate"]["protectionLevel"] == "HSM"


def test_each_key_is_granted_to_one_agent_of_google_in_this_project(site: Site) -> None:
    keys = site.of_type("gcp:kms/cryptoKey:CryptoKey")
    grants = [grant.props for grant in site.of_type("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")]
    assert sorted(grant["cryptoKeyId"] for grant in grants) == sorted(f"{key.name}-id" for key in keys)
    assert {grant["role"] for grant in grants} == {USE}
    members = {grant["member"] for grant in grants}
    assert len(members) == len(grants)
    assert all("123456789012@" in member and member.endswith(".iam.gserviceaccount.com") for member in members)


def test_the_registrys_agent_is_asked_for_before_it_is_granted_its_key(site: Site) -> None:
    agent = site.one("gcp:projects/serviceIdentity:ServiceIdentity")
    assert agent.props["service"] == "artifactregistry.googleapis.com"
    assert depends(site.one("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp-registry-key-use"), agent)


@pytest.mark.parametrize("token", STORES)
def test_each_store_uses_its_own_key_after_it_was_granted(site: Site, token: str) -> None:
    purpose, path = STORES[token]
    store = site.one(token)
    assert reduce(getitem, path, cast(Any, store.props)) == f"gcp-{purpose}-key-id"
    assert depends(store, site.one("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", f"gcp-{purpose}-key-use"))


def test_weights_can_never_be_public_and_keep_their_versions(site: Site) -> None:
    bucket = site.one("gcp:storage/bucket:Bucket").props
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["forceDestroy"] is False


def test_an_image_tag_cannot_be_moved(site: Site) -> None:
    repository = site.one("gcp:artifactregistry/repository:Repository").props
    assert repository["dockerConfig"] == {"immutableTags": True}
    assert repository["mode"] == "STANDARD_REPOSITORY"


def test_all_logs_go_to_the_regional_bucket(site: Site) -> None:
    bucket = site.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").props
    sink = site.one("gcp:logging/projectSink:ProjectSink").props
    assert sink["name"] == "_Default"
    assert "filter" not in sink
    assert "exclusions" not in sink
    assert sink["destination"] == (
        f"logging.googleapis.com/projects/{bucket['project']}/locations/{bucket['location']}/buckets/{bucket['bucketId']}"
    )


def test_the_pod_mounts_the_weights_bucket_through_a_side_car(site: Site) -> None:
    bucket = site.one("gcp:storage/bucket:Bucket").props["name"]
    for source in site.foundation.weights.values():
        assert source.spec == {"csi": {"driver": "gcsfuse.csi.storage.gke.io", "volumeHandle": bucket}}
        assert source.pod_annotations["gke-gcsfuse/volumes"] == "true"
        assert source.egress == {"199.36.153.4/30": (443,), "169.254.169.254/32": (80,)}
    assert site.one("gcp:container/cluster:Cluster").props["addonsConfig"] == {
        "gcsFuseCsiDriverConfig": {"enabled": True}
    }
