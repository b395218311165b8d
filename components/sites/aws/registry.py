"""The in-country container registry: one ECR repository for each image of the catalogue.

Images get here by the organisation's own mirroring and scanning; nothing is pulled through from abroad.
"""

from pulumi_aws import ecr

from catalog.load import catalogue
from components.sites.aws.keys import Keys
from components.sites.aws.provider import Scope


def registry(scope: Scope, keys: Keys) -> str:
    """Register the repositories; host and path to which an image's name is appended."""
    for image in catalogue().images:
        ecr.Repository(
            scope.named(f"image-{image}"),
            name=f"{scope.settings.name_prefix}/{image}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=keys.registry)
            ],
            force_delete=False,
            opts=scope.child(protect=True),
        )
    return scope.settings.registry
