"""What the stack file says about the organisation's own cluster. Plain values; the kubeconfig is a secret beside it."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Self

from pydantic import StringConstraints, field_validator, model_validator

from catalog.load import SiteName
from components.settings import HOST, HostName, SiteSettings
from core.service import Declared, ServiceName


class Nfs(Declared):
    """Weights on an NFS export of the organisation; its root holds `<model>/<revision>/`."""

    server: str
    """A private IPv4 address or a host name."""
    path: str

    @field_validator("server")
    @classmethod
    def _inside(cls, server: str) -> str:
        try:
            address = IPv4Address(server)
        except ValueError:
            if not re.fullmatch(HOST, server):
                raise ValueError("neither an IPv4 address nor a full host name") from None
            return server
        if not address.is_private:
            raise ValueError(f"{server} is a public address")
        return server

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: str) -> str:
        if not PurePosixPath(path).is_absolute():
            raise ValueError("not an absolute path")
        return path


class Csi(Declared):
    """Weights on volumes that a storage driver of the cluster already has; the root of each holds `<model>/<revision>/`."""

    driver: str
    volumes: Mapping[ServiceName, str]
    """The driver's handle of a volume, by service: two volumes with one handle cannot be mounted on one node."""
    attributes: Mapping[str, str] = {}


class Weights(Declared):
    """Where the weights are: exactly one of the two."""

    nfs: Nfs | None = None
    csi: Csi | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.nfs is None) == (self.csi is None):
            raise ValueError("give exactly one of nfs and csi")
        return self


class Edge(Declared):
    """How the edge gets its private address."""

    host: HostName
    """The name that clients use; its certificate is for it."""
    load_balancer_class: str | None = None
    annotations: Mapping[str, str] = {}
    """For the load balancer, for example the name of a MetalLB address pool."""


class OnpremSettings(SiteSettings):
    """`kokunai:onprem` of a stack file."""

    site: ClassVar[SiteName] = "onprem"
    context: Annotated[str, StringConstraints(min_length=1)]
    """The context of the kubeconfig to use: never whichever happens to be current."""
    registry: Annotated[str, StringConstraints(pattern=rf"^{HOST}(?::[0-9]{{1,5}})?(?:/[a-z0-9._-]+)*$")]
    """Host and path of the organisation's own registry in Japan, without scheme and tag."""
    weights: Weights
    edge: Edge
    runtime_class: str | None = None
    """The cluster's RuntimeClass for GPU pods, where GPUs do not come by default."""
