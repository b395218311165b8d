"""Serving reads weights, synchronising adds them; neither can do the other's work or change what is published."""

from collections.abc import Mapping
from typing import Any

from tests.components.sites.gcp.declared import Site, depends

TOKEN = "gcp:storage/bucketIAMMember:BucketIAMMember"
PRINCIPALS = (
    "principal://iam.googleapis.com/projects/123456789012/locations/global/"
    "workloadIdentityPools/example-llm-prod.svc.id.goog/subject/ns/llm-drafting/sa/"
)


def grants(site: Site, account: str) -> list[Mapping[str, Any]]:
    return [grant.props for grant in site.of_type(TOKEN) if grant.props["member"] == PRINCIPALS + account]


def test_serving_may_read_and_nothing_else(site: Site) -> None:
    assert [grant["role"] for grant in grants(site, "serve")] == ["roles/storage.objectViewer"]


def test_synchronising_may_read_and_add_and_cannot_delete(site: Site) -> None:
    assert {grant["role"] for grant in grants(site, "sync")} == {
        "roles/storage.objectViewer",
        "roles/storage.objectCreator",
    }


def test_synchronising_adds_below_its_own_model_only(site: Site) -> None:
    (adding,) = (grant for grant in grants(site, "sync") if grant["role"].endswith("objectCreator"))
    bucket = site.one("gcp:storage/bucket:Bucket").props["name"]
    below = f"projects/_/buckets/{bucket}/objects/llama-3.1-swallow-70b-instruct-v0.3/"
    assert adding["condition"]["expression"] == f'resource.name.startsWith("{below}")'


def test_every_service_has_grants_of_its_own(site: Site) -> None:
    members = {grant.props["member"] for grant in site.of_type(TOKEN)}
    assert len(members) == 2 * len(site.foundation.serving)


def test_grants_wait_for_the_cluster_that_brings_the_identities(site: Site) -> None:
    cluster = site.one("gcp:container/cluster:Cluster")
    assert all(depends(grant, cluster) for grant in site.of_type(TOKEN))


def test_a_pod_is_bound_by_name_alone(site: Site) -> None:
    assert all(not identity.annotations and not identity.pod_labels for identity in site.foundation.serving.values())
