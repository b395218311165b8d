"""What a user decides about the Google Cloud site: project, network, who reaches the cluster, reserved capacity.

Not the size of anything: machines follow from the services. Region and zones are checked here, so that a foreign one is
refused before anything is registered, with or without a policy pack.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints, field_validator, model_validator

from catalog.load import SiteName, catalogue
from components.settings import HostName, SiteSettings
from core.service import Declared, ServiceName

ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
ProjectNumber = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{5,18}$")]
ResourceName = Annotated[str, StringConstraints(pattern=r"^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


class CapacityReservation(Declared):
    """A specific reservation of GPU machines that the organisation already holds. It exists in one zone only."""

    name: ResourceName
    zone: str


class GcpSettings(SiteSettings):
    """`kokunai:gcp` in the stack file. `zones` narrows where GPU machines may stand; the cluster itself is regional."""

    site: ClassVar[SiteName] = "gcp"

    project: ProjectId
    project_number: ProjectNumber
    """Of the same project: the names of Google's service agents and of workload identities hold the number, not the id."""
    name_prefix: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", min_length=2, max_length=12)
    ]
    """The organisation's short name; first part of every name that must be unique beyond the project."""
    network: IPv4Network
    """The site's own /16, private, overlapping no other site's: nodes, services and pods get their ranges out of it."""
    runner_networks: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    """Private networks from which `pulumi up` reaches the private Kubernetes API."""
    host: HostName
    """The name of the edge inside the organisation."""
    system_machine: str = "e2-standard-4"
    """Machine type of the nodes that run everything except models; x86-64."""
    log_retention_days: Annotated[int, Field(ge=1, le=3650)] = 400
    capacity_reservations: Mapping[ServiceName, CapacityReservation] = {}
    """By service name."""

    @property
    def nodes_range(self) -> IPv4Network:
        """4,096 addresses: nodes, internal load balancers and the private endpoint of the control plane."""
        return next(self.network.subnets(new_prefix=20))

    @property
    def services_range(self) -> IPv4Network:
        """4,096 addresses of Kubernetes services; they live inside the cluster only."""
        return list(self.network.subnets(new_prefix=20))[1]

    @property
    def pods_range(self) -> IPv4Network:
        """The upper half: a /24 for each of 128 nodes."""
        return list(self.network.subnets(prefixlen_diff=1))[1]

    @property
    def region_zones(self) -> tuple[str, ...]:
        """Every zone of the region."""
        return next(region.zones for region in catalogue().regions_of("gcp") if region.name == self.region)

    @property
    def bucket_name(self) -> str:
        """The weights bucket; bucket names are unique across all of Google Cloud, hence number and region in it."""
        return f"{self.name_prefix}-kokunai-{self.project_number}-{self.region}"

    @property
    def repository(self) -> str:
        return f"{self.name_prefix}-kokunai"

    @property
    def registry(self) -> str:
        return f"{self.region}-docker.pkg.dev/{self.project}/{self.repository}"

    @property
    def log_bucket(self) -> str:
        return f"{self.name_prefix}-kokunai"

    @property
    def node_account(self) -> str:
        """At most 30 characters are allowed."""
        return f"{self.name_prefix}-kokunai-nodes"

    @property
    def workload_pool(self) -> str:
        """The project's one pool of workload identities. Google Cloud fixes its name."""
        return f"{self.project}.svc.id.goog"

    @field_validator("name_prefix")
    @classmethod
    def _not_googles(cls, prefix: str) -> str:
        if prefix.startswith("goog"):
            raise ValueError("bucket names must not start with 'goog'")
        return prefix

    @field_validator("network", "runner_networks")
    @classmethod
    def _private(cls, value: IPv4Network | tuple[IPv4Network, ...]) -> IPv4Network | tuple[IPv4Network, ...]:
        networks = value if isinstance(value, tuple) else (value,)
        public = [str(network) for network in networks if not network.is_private]
        if public:
            raise ValueError(f"not a private network: {', '.join(public)}")
        return value

    @field_validator("network")
    @classmethod
    def _sixteen(cls, network: IPv4Network) -> IPv4Network:
        if network.prefixlen != 16:
            raise ValueError(f"{network} is a /{network.prefixlen}; ranges are laid out in a /16")
        return network

    @model_validator(mode="after")
    def _coherent(self) -> "GcpSettings":
        elsewhere = [zone for zone in self.zones if zone not in self.region_zones]
        if elsewhere:
            raise ValueError(
                f"zones: not of {self.region}: {', '.join(elsewhere)}; choose among {', '.join(self.region_zones)}"
            )
        for runners in self.runner_networks:
            if runners.overlaps(self.network) and not runners.subnet_of(self.network):
                raise ValueError(f"runner_networks: {runners} overlaps network {self.network}")
        for service, reservation in self.capacity_reservations.items():
            if reservation.zone not in (self.zones or self.region_zones):
                raise ValueError(f"capacity_reservations.{service}.zone: {reservation.zone!r} is not in zones")
        return self
