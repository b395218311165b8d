"""What the stand-in for `gcp` knows beyond the SDK.

The project is that of the resource, else of the provider's configuration. Ids are those that the SDK's documentation of
`pulumi import` describes. Labels are merged as the real provider does: `pulumiLabels` are the provider's default labels
and the resource's own, `effectiveLabels` add the attribution label unless the configuration turns it off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.standin.checks import Problem
from rehearsal.standin.cloud import Cloud, Naming, Resource, fill, merged
from rehearsal.standin.clusters import api_server
from rehearsal.standin.gcp_functions import FUNCTIONS, project_number, service_agent
from rehearsal.standin.schema import Kind, Schema
from rehearsal.standin.synthesis import digest, text
from rehearsal.standin.wire import UNKNOWN

CLUSTER = "gcp:container/cluster:Cluster"
SITE = "gcp"
ATTRIBUTION = {"goog-pulumi-provisioned": "true"}

# Ids that are not of the form that the documentation of `pulumi import` gives.
IDS = {
    "gcp:container/nodePool:NodePool": "projects/{project}/locations/{location}/clusters/{clusterName}/nodePools/{name}",
    "gcp:dns/recordSet:RecordSet": "projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}",
    "gcp:projects/service:Service": "{project}/{service}",
    "gcp:projects/serviceIdentity:ServiceIdentity": "projects/{project}/services/{service}",
    "gcp:serviceaccount/account:Account": "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
    "gcp:storage/bucket:Bucket": "{name}",
}

# Outputs of a fixed form, by type and by path.
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "gcp:artifactregistry/repository:Repository": {
        "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
        "name": "{repositoryId}",
    },
    "gcp:projects/serviceIdentity:ServiceIdentity": {"email": "{agent}", "member": "serviceAccount:{agent}"},
    "gcp:serviceaccount/account:Account": {
        "email": "{accountId}@{project}.iam.gserviceaccount.com",
        "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
        "name": "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        "uniqueId": "{number}",
    },
    "gcp:storage/bucket:Bucket": {
        "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
        "url": "gs://{name}",
        "projectNumber": "{projectNumber}",
    },
}

# The API that a self link starts with, by module.
SELF_LINKS = {
    "compute": "https://www.googleapis.com/compute/v1/{id}",
    "container": "https://container.googleapis.com/v1/{id}",
}


class Gcp(Cloud):
    """Google Cloud."""

    package = "gcp"
    generous = True
    replacing = frozenset(("location", "project", "region", "zone"))
    functions = FUNCTIONS

    def name_input(self, schema: Schema) -> str:
        given = schema.inputs.get("name")
        return "name" if given is not None and given.shape.kind is Kind.STRING else ""

    def defaults(self, resource: Resource, previous: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
        key = self.name_input(resource.schema)
        if not key or resource.schema.inputs[key].required or resource.inputs.get(key) is not None:
            return {}
        if resource.inputs.get("namePrefix") is not None:
            return {}
        made = naming.name(resource, previous, key, 7, "-")
        return {} if made is None else {key: made.lower()}

    def problems(self, resource: Resource) -> list[Problem]:
        inputs = resource.schema.inputs
        if "project" not in inputs or resource.inputs.get("project") is not None or resource.settings.get("project"):
            return []
        return [Problem("project", "is missing, and its provider names none")]

    def identity(self, resource: Resource) -> str:
        template = IDS.get(resource.token) or re.sub(r"\{\{(\w+)\}\}", r"{\1}", resource.schema.import_id)
        if {"member", "role"} <= resource.schema.inputs.keys():
            parent = next(
                (name for name, each in resource.schema.inputs.items() if _is_parent(name, each.required)), ""
            )
            template = f"{{{parent or 'project'}}}/{{role}}/{{member}}"
        elif "{" not in template:
            template = "projects/{project}/{kind}/{name}"
        return fill(template.rstrip("/"), self._words(resource, ""))

    def derived(self, resource: Resource) -> dict[str, Any]:
        outputs = resource.schema.outputs
        values: dict[str, Any] = {}
        # Only what the provider fills from its configuration; what the program gave is there already.
        for name in ("project", "region", "zone"):
            if name in outputs and resource.inputs.get(name) is None and resource.settings.get(name):
                values[name] = resource.settings[name]
        if "pulumiLabels" in outputs:
            labels = resource.inputs.get("labels", resource.inputs.get("resourceLabels"))
            own = merged(resource.settings.get("defaultLabels"), labels)
            attributed = resource.settings.get("addPulumiAttributionLabel", True)
            values["pulumiLabels"] = own
            values["effectiveLabels"] = merged(own, ATTRIBUTION if attributed else {})
        return values

    def assigned(self, resource: Resource, identity: str) -> dict[str, Any]:
        words = self._words(resource, identity)
        values: dict[str, Any] = {
            "location": resource.settings.get("zone") or resource.settings.get("region") or "",
            "number": words("number"),
            "selfLink": fill(SELF_LINKS.get(_module(resource), "https://www.googleapis.com/{id}"), words),
        }
        values.update({path: fill(form, words) for path, form in OUTPUTS.get(resource.token, {}).items()})
        if resource.token == CLUSTER:
            server = api_server(SITE, identity)
            values["endpoint"] = server.authority
            values["masterAuth.clusterCaCertificate"] = server.certificate_authority_data
            values["controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint"] = server.authority
            values["privateClusterConfig.privateEndpoint"] = server.authority
        return values

    def moving(self, resource: Resource) -> tuple[str, ...]:
        if resource.token != CLUSTER:
            return ()
        return (
            "endpoint",
            "masterAuth.clusterCaCertificate",
            "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint",
            "privateClusterConfig.privateEndpoint",
        )

    def _words(self, resource: Resource, identity: str) -> Callable[[str], str]:
        """The words that templates may use, in the spellings of the documentation; any other one is an input."""
        seed = identity or resource.urn
        settings = resource.settings

        def place(name: str) -> str:
            return resource.text(name) or str(settings.get(name) or text(seed, name))

        def agent() -> str:
            service = resource.text("service")
            if service == UNKNOWN:
                return UNKNOWN
            return service_agent(place("project"), f"gcp-sa-{service.partition('.')[0]}")

        words: Mapping[str, Callable[[], str]] = {
            "agent": agent,
            # A node pool names its cluster by name or by id.
            "clusterName": lambda: resource.text("cluster").rpartition("/")[2],
            "id": lambda: identity or text(seed),
            "kind": lambda: _module(resource),
            "location": lambda: resource.text("location", "zone") or str(settings.get("zone") or place("region")),
            "number": lambda: f"00000000{int(digest(seed)[:12], 16) % 10**13:013d}",
            "project": lambda: place("project"),
            "project_id": lambda: place("project"),
            "projectNumber": lambda: project_number(place("project")),
            "region": lambda: place("region"),
            "zone": lambda: place("zone"),
        }

        def word(name: str) -> str:
            if name in words:
                return words[name]()
            camel = _camel(name)
            return resource.text(name, camel, camel.removesuffix("Id"), "name") or text(seed, name)

        return word


def _module(resource: Resource) -> str:
    return resource.token.split(":")[1].partition("/")[0]


def _is_parent(name: str, required: bool) -> bool:
    return required and name not in ("member", "role", "condition")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
