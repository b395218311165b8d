"""What holds for everything that the site registers, whatever it is."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from core import domestic
from tests.components.sites.gcp.declared import LONGEST_NAME, Site, deployed, settings

PLACES = {"location", "region", "zone", "locations", "nodeLocations", "zones"}
HOLDS_DATA = {
    "gcp:artifactregistry/repository:Repository",
    "gcp:container/cluster:Cluster",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:kms/keyRing:KeyRing",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    "gcp:storage/bucket:Bucket",
}
# Where a resource of this type would stand somewhere else, or nowhere in particular, without its own place.
MUST_SAY_WHERE = {
    "gcp:artifactregistry/repository:Repository": "location",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": "location",
    "gcp:compute/subnetwork:Subnetwork": "region",
    "gcp:container/cluster:Cluster": "location",
    "gcp:container/nodePool:NodePool": "location",
    "gcp:kms/keyRing:KeyRing": "location",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "location",
    "gcp:storage/bucket:Bucket": "location",
    "pulumi:providers:gcp": "region",
}
LABELS = {
    "gcp:artifactregistry/repository:Repository": "labels",
    "gcp:container/cluster:Cluster": "resourceLabels",
    "gcp:dns/managedZone:ManagedZone": "labels",
    "gcp:kms/cryptoKey:CryptoKey": "labels",
    "gcp:storage/bucket:Bucket": "labels",
}


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)


def test_every_place_is_in_japan(site: Site) -> None:
    places = [
        (resource, value)
        for resource in site.resources
        for path, value in walk(resource.props)
        if path and path[-1] in PLACES and isinstance(value, str)
    ]
    foreign = [(r.name, v) for r, v in places if domestic.place("gcp", v, r.type) is domestic.Verdict.FOREIGN]
    assert len(places) > len(MUST_SAY_WHERE)
    assert not foreign


@pytest.mark.parametrize(("token", "where"), MUST_SAY_WHERE.items())
def test_what_stands_somewhere_says_where(site: Site, token: str, where: str) -> None:
    assert {resource.props[where].lower() for resource in site.of_type(token)} == {"asia-northeast1"}


def test_osaka_stands_in_osaka_alone() -> None:
    osaka = deployed(region="asia-northeast2")
    assert not [resource.name for resource, text in osaka.walk() if "asia-northeast1" in text.lower()]


def test_disk_snapshots_stay_in_the_region(site: Site) -> None:
    assert site.one("gcp:compute/snapshotSettings:SnapshotSettings").props["storageLocation"] == {
        "policy": "LOCAL_REGION"
    }


def test_nobody_unnamed_is_granted_anything(site: Site) -> None:
    grants = [resource for resource in site.resources if "member" in resource.props]
    assert grants
    assert not [g.name for g in grants if not re.match(r"(serviceAccount|principal):", g.props["member"])]
    broad = re.compile(r"roles/(owner|editor|viewer|.*[aA]dmin)$")
    assert not [(g.name, g.props["role"]) for g in grants if broad.match(g.props["role"])]


def test_nothing_has_an_address_outside(site: Site) -> None:
    doors = re.compile(r"gcp:compute/(router|address|globalAddress|forwardingRule|globalForwardingRule|.*[pP]roxy)")
    assert not [resource.type for resource in site.resources if doors.match(resource.type)]


def test_no_credential_is_made(site: Site) -> None:
    assert not [resource.type for resource in site.resources if resource.type.endswith((":Key", ":HmacKey", ":Secret"))]


def test_what_holds_data_cannot_be_deleted_by_mistake(site: Site) -> None:
    assert {resource.type for resource in site.resources if resource.options.protect} == HOLDS_DATA
    for token in HOLDS_DATA - {"gcp:kms/keyRing:KeyRing"}:  # a key ring has no deletion at all
        for resource in site.of_type(token):
            assert resource.props.get("deletionPolicy") == "PREVENT" or resource.props["deletionProtection"] is True


def test_every_resource_has_the_sites_provider_and_parent(site: Site) -> None:
    parent = site.one("kokunai:index:GcpSite").urn
    provider = site.one("pulumi:providers:gcp").urn
    for resource in site.resources:
        if resource.urn != parent:
            assert resource.options.parent == parent, resource.name
        if resource.type.startswith("gcp:"):
            assert resource.options.provider.startswith(f"{provider}::"), resource.name


def test_labels_are_stamped_by_the_provider_and_on_each_resource(site: Site) -> None:
    shared = {"site": "gcp", "team": "platform"}
    assert json.loads(site.one("pulumi:providers:gcp").props["defaultLabels"]) == shared
    for token, key in LABELS.items():
        assert all(resource.props[key] == shared for resource in site.of_type(token)), token


def test_labels_are_legal_on_google_cloud(site: Site) -> None:
    legal_key, legal_value = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
    stamped = [
        item
        for resource in site.resources
        for path, value in walk(resource.props)
        if path and path[-1] in {"labels", "resourceLabels"} and "kokunai.jp" not in json.dumps(value)
        for item in value.items()
    ]
    assert ("team", "b--smbbdpl5lnko7a0") in stamped
    assert all(legal_key.fullmatch(key) and legal_value.fullmatch(value) for key, value in stamped)


def test_names_of_the_longest_service_are_legal(site: Site) -> None:
    bucket = site.one("gcp:storage/bucket:Bucket").props["name"]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket)
    pools = [pool.props["name"] for pool in site.of_type("gcp:container/nodePool:NodePool") if "name" in pool.props]
    assert f"gpu-{LONGEST_NAME}" in pools
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", name) for name in pools)


def test_the_longest_prefix_still_makes_legal_names() -> None:
    longest = settings(name_prefix="twelve-chars", project_number="1" * 19)
    assert len(longest.bucket_name) <= 63
    assert re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", longest.node_account)


def test_generated_names_are_legal(site: Site) -> None:
    """Pulumi adds a hyphen and seven digits; Google allows 63 characters, 40 for a cluster and its pools."""
    longest = {"gcp:container/cluster:Cluster": 40, "gcp:container/nodePool:NodePool": 40}
    for resource in site.resources:
        # A grant has no name of its own.
        if resource.type.startswith("gcp:") and not {"name", "member"} & set(resource.props):
            assert len(resource.name) + 8 <= longest.get(resource.type, 63), resource.name


def test_the_foundation_is_known_before_anything_is_deployed(site: Site) -> None:
    found = site.foundation
    assert found.registry == "asia-northeast1-docker.pkg.dev/example-llm-prod/example-kokunai"
    assert found.registry.endswith("/" + site.one("gcp:artifactregistry/repository:Repository").props["repositoryId"])
    assert (found.site, found.region) == ("gcp", "asia-northeast1")
    assert found.edge.host == "llm.gcp.example.jp"
    assert found.edge.annotations == {"networking.gke.io/load-balancer-type": "Internal"}
    assert set(found.placements) == set(found.weights) == set(found.serving)


def test_the_component_registers_its_outputs(site: Site) -> None:
    outputs = site.outputs[site.one("kokunai:index:GcpSite").urn]
    assert set(outputs) == {"cluster", "weights", "registry"}
