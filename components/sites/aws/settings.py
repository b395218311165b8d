"""What a user decides about the AWS site: account, network, zones, who may reach and administer it.

Not the size of anything: machines follow from the services. Region and zones are checked here, so that a foreign one is
refused before anything is registered, with or without a policy pack.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from catalog.load import SiteName, catalogue
from components.settings import HostName, SiteSettings
from core.service import Declared, ServiceName

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@/_-]+$")]

PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

# The only periods that CloudWatch Logs accepts, in days.
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip


class CapacityReservation(Declared):
    """An on-demand capacity reservation that the organisation already holds. It exists in one zone only."""

    id: Annotated[str, StringConstraints(pattern=r"^cr-[0-9a-f]{8,17}$")]
    zone: str


class AwsSettings(SiteSettings):
    """`kokunai:aws` in the stack file. `zones` are zone *ids*: names such as `ap-northeast-1a` differ from account to account."""

    site: ClassVar[SiteName] = "aws"

    account_id: AccountId
    name_prefix: Annotated[
        str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", min_length=2, max_length=12)
    ]
    """The organisation's short name; first part of every name that must be unique beyond the account."""
    network: IPv4Network
    """The site's own /16, private, and no other site's."""
    service_network: IPv4Network = IPv4Network("172.20.0.0/16")
    """Addresses of Kubernetes services; they live inside the cluster only."""
    runner_networks: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    """Private networks from which `pulumi up` reaches the private Kubernetes API."""
    administrators: Annotated[tuple[RoleArn, ...], Field(min_length=1)]
    """Roles that administer the cluster; the role that runs `pulumi up` is one of them."""
    host: HostName
    """The name of the edge inside the organisation."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")]
    addon_versions: Mapping[str, str] = {}
    """Versions of EKS add-ons by name. One that is not given is EKS's default for the Kubernetes version; obtain versions
    with `aws eks describe-addon-versions --kubernetes-version <version> --addon-name <name>`."""
    system_machine: str = "m6i.xlarge"
    """Instance type of the nodes that run everything except models; x86-64."""
    log_retention_days: Retention = 400
    capacity_reservations: Mapping[ServiceName, CapacityReservation] = {}
    """By service name."""

    @property
    def cluster_name(self) -> str:
        return f"{self.name_prefix}-kokunai"

    @property
    def cluster_arn(self) -> str:
        return f"arn:aws:eks:{self.region}:{self.account_id}:cluster/{self.cluster_name}"

    @property
    def bucket_name(self) -> str:
        """The weights bucket; bucket names are unique across all of AWS, hence account and region in it."""
        return f"{self.name_prefix}-kokunai-weights-{self.account_id}-{self.region}"

    @property
    def registry(self) -> str:
        return f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com/{self.name_prefix}"

    @field_validator("network", "runner_networks", "service_network")
    @classmethod
    def _private(cls, value: IPv4Network | tuple[IPv4Network, ...]) -> IPv4Network | tuple[IPv4Network, ...]:
        networks = value if isinstance(value, tuple) else (value,)
        public = [str(each) for each in networks if not any(each.subnet_of(private) for private in PRIVATE)]
        if public:
            raise ValueError(
                f"not a private network: {', '.join(public)}; use {', '.join(map(str, PRIVATE))} or a part"
            )
        return value

    @field_validator("zones", "runner_networks", "administrators")
    @classmethod
    def _distinct(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        repeated = sorted({str(value) for value in values if values.count(value) > 1})
        if repeated:
            raise ValueError(f"given twice: {', '.join(repeated)}")
        return values

    @field_validator("network")
    @classmethod
    def _sixteen(cls, network: IPv4Network) -> IPv4Network:
        if network.prefixlen != 16:
            raise ValueError(f"{network} is a /{network.prefixlen}; subnets are laid out in a /16")
        return network

    @field_validator("service_network")
    @classmethod
    def _accepted_by_eks(cls, network: IPv4Network) -> IPv4Network:
        if not 12 <= network.prefixlen <= 24:
            raise ValueError(f"{network} is a /{network.prefixlen}; EKS takes one between /12 and /24")
        return network

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        ids = next(region.zone_ids for region in catalogue().regions_of("aws") if region.name == self.region)
        foreign = [zone for zone in self.zones if zone not in ids]
        if foreign or len(self.zones) < 2:
            what = f"not a zone id of {self.region}: {', '.join(foreign)}" if foreign else "EKS needs two zones or more"
            raise ValueError(f"zones: {what}; choose among {', '.join(ids)} those that the account has")
        if self.service_network.overlaps(self.network):
            raise ValueError(f"service_network: {self.service_network} overlaps network {self.network}")
        for arn in self.administrators:
            if arn.split(":")[4] != self.account_id:
                raise ValueError(f"administrators: {arn} is not a role of account {self.account_id}")
        for service, reservation in self.capacity_reservations.items():
            if reservation.zone not in self.zones:
                raise ValueError(f"capacity_reservations.{service}.zone: {reservation.zone!r} is not in zones")
        return self
