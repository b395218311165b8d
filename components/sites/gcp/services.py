"""The Google APIs that the site uses, and the service agents through which Google uses our keys.

An agent is an account of Google's, one for a service and a project, with a name made of the project number. Most come with
their API; some only when asked for. Two of those no resource can ask for, so an operator does it once for a new project:
`gcloud storage service-agent --project PROJECT` and `gcloud logging settings describe --project PROJECT`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import projects

from components.sites.gcp.scope import Scope

APIS: Final = (
    "artifactregistry",
    "cloudkms",
    "cloudresourcemanager",
    "compute",
    "container",
    "dns",
    "iam",
    "logging",
    "monitoring",
    "storage",
)


@dataclass(frozen=True)
class Services:
    """Enabled APIs, by the first part of their name, and the agent of the registry, which exists only on request."""

    apis: Mapping[str, projects.Service]
    registry_agent: projects.ServiceIdentity

    def ready(self, *names: str) -> list[pulumi.Resource]:
        """What to depend on before using these APIs."""
        return [self.apis[name] for name in names]


def services(scope: Scope) -> Services:
    """Enable the APIs. They stay enabled when the stack goes: others in the project may use them."""
    project = scope.settings.project
    apis = {
        name: projects.Service(
            scope.name(f"api-{name}"),
            project=project,
            service=f"{name}.googleapis.com",
            disable_on_destroy=False,
            opts=scope.options(),
        )
        for name in APIS
    }
    registry_agent = projects.ServiceIdentity(
        scope.name("registry-agent"),
        project=project,
        service="artifactregistry.googleapis.com",
        opts=scope.options(depends_on=[apis["artifactregistry"]]),
    )
    return Services(apis, registry_agent)
