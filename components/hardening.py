"""What every pod and every namespace of ours has in common: no privilege, no open network.

The same text for the model server and the edge, so that one of them cannot be weaker by accident.
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, meta, networking

from components import labels
from core.service import Service

USER = 2000
"""User and group of our containers; any number but root's."""
NAMESPACE_LABELS: Mapping[str, str] = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}


def pod_security() -> core.v1.PodSecurityContextArgs:
    """No root, the runtime's default seccomp profile; mounted files readable by the group."""
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=USER,
        fs_group=USER,
        seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security(*, read_only_root: bool) -> core.v1.SecurityContextArgs:
    """No capability, no escalation."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        read_only_root_filesystem=read_only_root,
    )


def spread(zone_label: str, selector: Mapping[str, str]) -> list[core.v1.TopologySpreadConstraintArgs]:
    """Over machines and zones where there is a choice: GPU machines often exist in one zone only, so neither blocks.

    The pod template's hash is matched, so that a rollout spreads the new pods and not the mixture of both.
    """
    return [
        core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.v1.LabelSelectorArgs(match_labels=selector),
            match_label_keys=["pod-template-hash"],
        )
        for key in ("kubernetes.io/hostname", zone_label)
    ]


def default_deny(
    name: str,
    namespace: str,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    service: Service | None = None,
) -> networking.v1.NetworkPolicy:
    """Nothing in or out of a namespace, until another policy says so."""
    return networking.v1.NetworkPolicy(
        name,
        metadata=meta.v1.ObjectMetaArgs(
            name="default-deny", namespace=namespace, labels=labels.labels("network", tags, service)
        ),
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
        ),
        opts=opts,
    )


def to_names() -> networking.v1.NetworkPolicyEgressRuleArgs:
    """The way out to the cluster's own name server, and to no other."""
    return networking.v1.NetworkPolicyEgressRuleArgs(
        to=[
            networking.v1.NetworkPolicyPeerArgs(
                namespace_selector=in_namespace("kube-system"),
                pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
            )
        ],
        ports=[port(53, "UDP"), port(53)],
    )


def in_namespace(name: str) -> meta.v1.LabelSelectorArgs:
    """A namespace by its name; the label is the API server's own and cannot be taken by another."""
    return meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": name})


def port(number: int, protocol: str = "TCP") -> networking.v1.NetworkPolicyPortArgs:
    """One port of a network policy."""
    return networking.v1.NetworkPolicyPortArgs(port=number, protocol=protocol)
