"""What proves who is who in one cluster: its certificate authority, the server's certificate, one token per user.

Made once per cluster, readable by their owner only, and thrown away with it. The edges' certificates and the clients' keys
are another matter (`rehearsal.credentials`).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.files import write_whole
from rehearsal.processes import LOOPBACK

HOST_NAMES: Final = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
MASTERS: Final = "system:masters"
DEPLOYERS: Final = "kokunai:deployers"
USERS: Final[dict[str, tuple[str, str]]] = {
    "administrator": ("kokunai:administrator", MASTERS),
    "deployer": ("kokunai:deployer", DEPLOYERS),
    "controller-manager": ("system:kube-controller-manager", MASTERS),
    "scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kokunai:kwok", MASTERS),
    "cloud": ("kokunai:cloud", MASTERS),
}
"""Token's name to user and group. The controllers share one identity, so that of the manager must be allowed all."""


@dataclass(frozen=True)
class ClusterCredentials:
    """The files of one cluster's credentials in `directory`."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def certificate(self) -> Path:
        return self.directory / "apiserver.crt"

    @property
    def private_key(self) -> Path:
        return self.directory / "apiserver.key"

    @property
    def service_accounts(self) -> Path:
        """The key that signs the tokens of service accounts."""
        return self.directory / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        """All tokens, in the form that the API server reads."""
        return self.directory / "tokens.csv"

    def token_file(self, user: str) -> Path:
        return self.directory / f"{user}.token"

    def token(self, user: str) -> str:
        return self.token_file(user).read_text("utf-8").strip()

    def kubeconfig_file(self, user: str) -> Path:
        return self.directory / f"{user}.kubeconfig"

    def prepare(self) -> None:
        """Make what is missing or about to expire. Only for a cluster that does not run: its parts read them once."""
        from rehearsal.cluster import certificates  # slow to load, and only who starts a cluster needs it

        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.service_accounts.exists():
            write_whole(self.service_accounts, certificates.private_key())
        if not (self.ca.exists() and certificates.is_fresh(self.ca.read_text("utf-8"))):
            chain = certificates.certify("kube-apiserver", HOST_NAMES, LOOPBACK)
            write_whole(self.private_key, chain.private_key)
            write_whole(self.certificate, chain.certificate)
            # Written last: it says "complete".
            write_whole(self.ca, chain.authority)
        lines = []
        for name, (user, group) in USERS.items():
            path = self.token_file(name)
            if not path.exists():
                write_whole(path, f"rehearsal-{secrets.token_urlsafe(32)}\n")
            lines.append(f'{self.token(name)},{user},{user},"{group}"\n')
        write_whole(self.tokens, "".join(lines))

    def kubeconfig(self, user: str, server: str, site: str) -> str:
        """A kubeconfig (JSON, which is YAML) with everything in it, for kubectl and for the cluster's own parts."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": site, "cluster": {"server": server, "certificate-authority": str(self.ca)}}],
                "users": [{"name": user, "user": {"token": self.token(user)}}],
                "contexts": [{"name": site, "context": {"cluster": site, "user": user}}],
                "current-context": site,
            },
            indent=1,
        )
