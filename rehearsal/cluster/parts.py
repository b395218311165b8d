"""The programs of one control plane and their command lines. Pure: who runs them is `control_plane`.

etcd listens on sockets inside the cluster's directory, which only its owner may enter, and the controllers listen nowhere:
one TCP port per cluster, the API server's. Socket names are relative, because an absolute one may be too long for the kernel.
"""

from __future__ import annotations

import sys
from typing import Final

from rehearsal.cluster.credentials import ClusterCredentials
from rehearsal.processes import LOOPBACK
from rehearsal.toolchain import Toolchain

CLIENT_SOCKET: Final = "unix://client:1"
PEER_SOCKET: Final = "unix://peer:1"
ADVERTISED: Final = "192.0.2.1"
"""An address that no machine has: the API server wants one that is not loopback, also where there is no network."""
NODE_ADDRESS: Final = "192.0.2.2"
SERVICE_RANGE: Final = "10.96.0.0/16"
ISSUER: Final = "https://kubernetes.default.svc"
WITHOUT_A_MACHINE: Final = (
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "cloud-node-lifecycle-controller",
    "device-taint-eviction-controller",
    "node-ipam-controller",
    "node-route-controller",
    "persistentvolume-attach-detach-controller",
    "service-lb-controller",
    "ttl-controller",
)
"""Controllers that serve kubelets, disks and clouds. All others run as on a real cluster."""

ETCD: Final = "etcd"
APISERVER: Final = "kube-apiserver"
FOLLOWERS: Final = ("kube-controller-manager", "kube-scheduler", "kwok", "cloud")
"""Parts that need a ready API server before they start."""
PARTS: Final = (ETCD, APISERVER, *FOLLOWERS)
USERS: Final = {
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
    "kwok": "kwok",
    "cloud": "cloud",
}
"""Which user's kubeconfig a part has."""


def command_lines(port: int, toolchain: Toolchain, credentials: ClusterCredentials) -> dict[str, list[str]]:
    """Every part's command line, to be run in the cluster's directory."""
    kubeconfig = {part: str(credentials.kubeconfig_file(user)) for part, user in USERS.items()}
    return {
        ETCD: [
            str(toolchain.program("etcd")),
            "--name=rehearsal",
            "--data-dir=etcd",
            f"--listen-client-urls={CLIENT_SOCKET}",
            f"--advertise-client-urls={CLIENT_SOCKET}",
            f"--listen-peer-urls={PEER_SOCKET}",
            f"--initial-advertise-peer-urls={PEER_SOCKET}",
            f"--initial-cluster=rehearsal={PEER_SOCKET}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        APISERVER: [
            str(toolchain.program("kube-apiserver")),
            f"--etcd-servers={CLIENT_SOCKET}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            f"--advertise-address={ADVERTISED}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={credentials.certificate}",
            f"--tls-private-key-file={credentials.private_key}",
            f"--token-auth-file={credentials.tokens}",
            "--anonymous-auth=false",
            "--authorization-mode=RBAC",
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={credentials.service_accounts}",
            f"--service-account-signing-key-file={credentials.service_accounts}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--profiling=false",
        ],
        "kube-controller-manager": [
            str(toolchain.program("kube-controller-manager")),
            f"--kubeconfig={kubeconfig['kube-controller-manager']}",
            f"--controllers=*,{','.join(f'-{name}' for name in WITHOUT_A_MACHINE)}",
            f"--service-account-private-key-file={credentials.service_accounts}",
            f"--root-ca-file={credentials.ca}",
            # A busy machine delays the stand-in kubelets' heartbeats; a node given up for that marks its pods as not
            # ready, and no stand-in kubelet ever marks them ready again.
            "--node-monitor-grace-period=24h",
            # How often claims and volumes that did not find each other at once are looked at again.
            "--pvclaimbinder-sync-period=1s",
            # Without it the manager makes a directory under /usr/libexec.
            "--flex-volume-plugin-dir=flexvolume",
            # As few requests as by default protect a real API server; here a stack's objects go at once or one by one.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ],
        "kube-scheduler": [
            str(toolchain.program("kube-scheduler")),
            f"--kubeconfig={kubeconfig['kube-scheduler']}",
            "--leader-elect=false",
            "--secure-port=0",
        ],
        "kwok": [
            str(toolchain.program("kwok")),
            f"--kubeconfig={kubeconfig['kwok']}",
            "--manage-all-nodes=true",
            f"--node-ip={NODE_ADDRESS}",
            # Without leases of their own, nodes of KWOK 0.7 are given up as lost every 50 seconds.
            "--node-lease-duration-seconds=40",
        ],
        "cloud": [sys.executable, "-m", "rehearsal.cluster.cloud", kubeconfig["cloud"]],
    }
