"""What a user decides about the Azure site: subscription, network, who administers it, the name of its edge.

Not the size of anything: machines follow from the services. Region and zones are checked here, so that a foreign one is
refused before anything is registered, with or without a policy pack.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from catalog.load import SiteName, catalogue
from components.settings import HostName, SiteSettings
from core.service import ServiceName

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
CapacityReservationGroupId = Annotated[
    str,
    StringConstraints(
        pattern=r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w.()-]{1,90}"
        r"/providers/Microsoft\.Compute/capacityReservationGroups/[\w.-]{1,80}$"
    ),
]

# Ranges of the organisation's own networks. Azure also takes 100.64.0.0/10, in which the cluster's inner addresses lie.
PRIVATE: Final = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))


class AzureSettings(SiteSettings):
    """`kokunai:azure` in the stack file."""

    site: ClassVar[SiteName] = "azure"

    subscription_id: Uuid
    tenant_id: Uuid
    name_prefix: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", min_length=2, max_length=10)]
    """The organisation's short name; first part of every name that must be unique in all of Azure."""
    network: IPv4Network
    """The site's own addresses, a private /16 to /22 that no other site has."""
    firewall: IPv4Address
    """Private address of the organisation's own firewall, next hop of everything that leaves the network. Nodes need one
    destination beyond it: `login.microsoftonline.com`, where workload identities are exchanged. That the firewall's
    network is peered with this one, and lets through nothing else, is its owner's work."""
    registry_name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{5,50}$")]
    """The container registry; its host is `<registry_name>.azurecr.io`."""
    administrators: Annotated[tuple[Uuid, ...], Field(min_length=1)]
    """Object ids of the Entra groups that administer the cluster; who runs `pulumi up` is in one of them."""
    host: HostName
    """The name of the edge inside the organisation."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")]
    """Obtain the supported ones with `az aks get-versions --location <region>`."""
    system_machine: str = "Standard_D4ds_v5"
    """Size of the nodes that run everything except models; x86-64."""
    system_nodes: Annotated[int, Field(ge=2, le=12)] = 3
    log_retention_days: Annotated[int, Field(ge=30, le=730)] = 400
    capacity_reservations: Mapping[ServiceName, CapacityReservationGroupId] = {}
    """Capacity reservation groups that the organisation already holds, by service name; in the zones of the pool."""

    @property
    def every_zone(self) -> tuple[str, ...]:
        """The zones of what is not tied to a machine; empty in a region without zones."""
        return self.zones or next(
            region.zones for region in catalogue().regions_of("azure") if region.name == self.region
        )

    @property
    def storage_account_name(self) -> str:
        """At most 24 characters, letters and digits, unique in all of Azure."""
        return f"{self.name_prefix}weights{self._side}"

    def vault_name(self, purpose: str) -> str:
        """At most 24 characters, unique in all of Azure, and taken for 90 days after deletion. `purpose` has at most 8."""
        return f"{self.name_prefix}-{purpose}-{self._side}"

    @property
    def registry(self) -> str:
        return f"{self.registry_name}.azurecr.io"

    @property
    def _side(self) -> str:
        return self.region.removeprefix("japan")

    @field_validator("network")
    @classmethod
    def _own_network(cls, network: IPv4Network) -> IPv4Network:
        if not any(network.subnet_of(private) for private in PRIVATE):
            raise ValueError(f"{network} is not in {', '.join(map(str, PRIVATE))}")
        if not 16 <= network.prefixlen <= 22:
            raise ValueError(f"{network} is a /{network.prefixlen}; subnets are laid out in a /16 to /22")
        return network

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not any(self.firewall in private for private in PRIVATE):
            raise ValueError(f"firewall: {self.firewall} is not a private address")
        if self.firewall in self.network:
            raise ValueError(
                f"firewall: {self.firewall} is inside network {self.network}; it stands in a network of its own"
            )
        return self
