"""The in-country image registry: one repository in the site's region, own key, tags that cannot be moved.

Who fills it is not here: images are mirrored by digest from outside the program.
"""

from pulumi_gcp import artifactregistry

from components.sites.gcp.keys import Keys
from components.sites.gcp.scope import Scope
from components.sites.gcp.services import Services


def registry(scope: Scope, services: Services, keys: Keys) -> artifactregistry.Repository:
    """The repository behind `GcpSettings.registry`."""
    settings = scope.settings
    return artifactregistry.Repository(
        scope.name("registry"),
        project=settings.project,
        location=settings.region,
        repository_id=settings.repository,
        format="DOCKER",
        mode="STANDARD_REPOSITORY",
        kms_key_name=keys.registry.id,
        docker_config={"immutable_tags": True},
        deletion_policy="PREVENT",
        labels=scope.plan.shared_tags,
        opts=scope.options(depends_on=[keys.registry.grant, *services.ready("artifactregistry")], protect=True),
    )
