"""Where the local API servers listen that stand in for the clouds' managed clusters.

`KOKUNAI_REHEARSAL_CLUSTERS` names a JSON file that the rehearsal writes, one entry per site:
`{"aws": {"server": "https://127.0.0.1:6443", "certificate_authority": "<PEM>"}, …}`. A cluster of a site without an
entry gets an address that never resolves, so the stack still deploys and nothing is reached by mistake.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import EnvironmentFault
from rehearsal.standin.synthesis import host

VARIABLE = "KOKUNAI_REHEARSAL_CLUSTERS"


@dataclass(frozen=True)
class ApiServer:
    """A Kubernetes API server: its URL, and the certificate authority that vouches for it, in PEM."""

    server: str
    certificate_authority: str

    @property
    def authority(self) -> str:
        """Host and port, without the scheme."""
        return urlsplit(self.server).netloc

    @property
    def certificate_authority_data(self) -> str:
        """The certificate authority as a kubeconfig and the clouds' APIs carry it: base64 of the PEM."""
        return base64.b64encode(self.certificate_authority.encode()).decode()


def api_server(site: str, identity: str, environ: Mapping[str, str] = os.environ) -> ApiServer:
    """The API server that stands for the managed cluster `identity` on `site`."""
    file = environ.get(VARIABLE, "")
    if file:
        try:
            entry = json.loads(Path(file).read_text(encoding="utf-8")).get(site)
            if entry is not None:
                return ApiServer(entry["server"], entry["certificate_authority"])
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise EnvironmentFault(
                f"{file} does not say where the cluster of {site} is ({error.__class__.__name__})",
                where=VARIABLE,
                fix="run `kokunai rehearse up` again; it writes the file",
            ) from error
    return ApiServer(f"https://{host(site, identity)}", "rehearsal: no cluster\n")


def kubeconfig(server: ApiServer, name: str) -> str:
    """A kubeconfig that knows the server and brings no credential."""
    cluster = {"server": server.server, "certificate-authority-data": server.certificate_authority_data}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )
