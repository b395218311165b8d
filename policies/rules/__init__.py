"""The library of rules, one a file, in the order in which reports show them."""

from __future__ import annotations

from typing import Final

from policies.rule import Rule
from policies.rules.bucket_access_block import BucketAccessBlock
from policies.rules.explicit_provider import ExplicitProvider
from policies.rules.image_by_digest import ImageByDigest
from policies.rules.known_package import KnownPackage
from policies.rules.location import DomesticLocation
from policies.rules.no_public_exposure import NoPublicExposure
from policies.rules.no_public_principal import NoPublicPrincipal
from policies.rules.node_location import NodeLocation
from policies.rules.private_service import PrivateService
from policies.rules.provider_location import DomesticProvider
from policies.rules.provider_redirection import ProviderRedirection
from policies.rules.required_tags import RequiredTags

ALL: Final[tuple[Rule, ...]] = (
    KnownPackage(),
    ExplicitProvider(),
    DomesticProvider(),
    ProviderRedirection(),
    DomesticLocation(),
    NodeLocation(),
    NoPublicExposure(),
    NoPublicPrincipal(),
    BucketAccessBlock(),
    PrivateService(),
    ImageByDigest(),
    RequiredTags(),
)
