"""The edge's Deployment: two HAProxy, each of which can carry the site alone."""

from typing import Final

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components import hardening, labels
from components.foundation import Foundation
from components.plan import SitePlan
from components.platform.edge.configuration import FILE, KEYS, RATES, Files
from components.undecided import locked
from core import haproxy, naming

REPLICAS: Final = 2
DIRECTORY: Final = "/etc/kokunai-edge"
"""HAProxy finds everything that its configuration names beside the configuration (`default-path config`)."""
DRAIN_SECONDS: Final = 15
"""Between the end of readiness and the signal, so that the load balancer has noticed."""
GRACE_SECONDS: Final = 630
"""The drain and the longest that a stream may be silent: a change of configuration cuts no answer."""


def workload(
    name: str, plan: SitePlan, foundation: Foundation, files: Files, opts: pulumi.ResourceOptions
) -> apps.v1.Deployment:
    """The Deployment and its disruption budget."""
    selector = labels.selector(naming.EDGE_SERVICE)
    marks = labels.labels(naming.EDGE_SERVICE, plan.shared_tags)
    metadata = meta.v1.ObjectMetaArgs(name=naming.EDGE_SERVICE, namespace=naming.EDGE_NAMESPACE, labels=marks)
    policy.v1.PodDisruptionBudget(
        f"{name}-edge-disruption-budget",
        metadata=metadata,
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            max_unavailable=1, selector=meta.v1.LabelSelectorArgs(match_labels=selector)
        ),
        opts=opts,
    )
    return apps.v1.Deployment(
        f"{name}-edge-deployment",
        metadata=metadata,
        spec=apps.v1.DeploymentSpecArgs(
            replicas=REPLICAS,
            # The door never narrows: a new edge is ready before an old one goes.
            strategy=apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
            ),
            selector=meta.v1.LabelSelectorArgs(match_labels=selector),
            template=core.v1.PodTemplateSpecArgs(
                metadata=meta.v1.ObjectMetaArgs(labels=marks, annotations=files.checksums),
                spec=_pod(plan, foundation, selector),
            ),
        ),
        opts=opts,
    )


def _pod(plan: SitePlan, foundation: Foundation, selector: dict[str, str]) -> core.v1.PodSpecArgs:
    return core.v1.PodSpecArgs(
        containers=[_container(plan, foundation)],
        automount_service_account_token=False,
        enable_service_links=False,
        priority_class_name=naming.PRIORITY_CLASS,
        security_context=hardening.pod_security(),
        termination_grace_period_seconds=GRACE_SECONDS,
        topology_spread_constraints=hardening.spread(foundation.zone_label, selector),
        volumes=[
            core.v1.VolumeArgs(name="files", projected=_files()),
            # The socket through which keys are revoked while the edge runs.
            core.v1.VolumeArgs(name="run", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="16Mi")),
        ],
    )


def _files() -> core.v1.ProjectedVolumeSourceArgs:
    """One directory out of three objects: they change together, or not at all."""

    def secret(name: str, directory: str, *keys: str) -> core.v1.VolumeProjectionArgs:
        items = [core.v1.KeyToPathArgs(key=key, path=f"{directory}/{key}") for key in keys]
        return core.v1.VolumeProjectionArgs(secret=core.v1.SecretProjectionArgs(name=name, items=items))

    return core.v1.ProjectedVolumeSourceArgs(
        default_mode=0o440,
        sources=[
            core.v1.VolumeProjectionArgs(
                config_map=core.v1.ConfigMapProjectionArgs(
                    name=naming.EDGE_CONFIG, items=[core.v1.KeyToPathArgs(key=FILE, path=FILE)]
                )
            ),
            secret(naming.EDGE_TLS, "tls", "tls.crt", "tls.key"),
            secret(naming.EDGE_KEYS, "keys", KEYS, RATES),
        ],
    )


def _container(plan: SitePlan, foundation: Foundation) -> core.v1.ContainerArgs:
    digest = plan.lock.image("haproxy").digest
    return core.v1.ContainerArgs(
        name="haproxy",
        image=locked(digest, f"{foundation.registry}/haproxy@{digest}"),
        image_pull_policy="IfNotPresent",
        # Master and worker, in the foreground. The image's stop signal is SIGUSR1, on which the worker takes no new
        # connection and ends with its last stream.
        command=["haproxy", "-W", "-db", "-f", f"{DIRECTORY}/{FILE}"],
        ports=[core.v1.ContainerPortArgs(name="https", container_port=haproxy.PORT)],
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": "250m", "memory": "256Mi"}, limits={"memory": "512Mi"}
        ),
        security_context=hardening.container_security(read_only_root=True),
        # Whether the door opens, not whether a model is behind it: without one the edge itself answers 503 and when to
        # come back, which a client must be able to hear.
        readiness_probe=_opens(period=5, failures=2),
        liveness_probe=_opens(period=10, failures=6),
        lifecycle=core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=DRAIN_SECONDS))
        ),
        volume_mounts=[
            core.v1.VolumeMountArgs(name="files", mount_path=DIRECTORY, read_only=True),
            core.v1.VolumeMountArgs(name="run", mount_path="/tmp"),  # noqa: S108 the pod's own
        ],
    )


def _opens(*, period: int, failures: int) -> core.v1.ProbeArgs:
    return core.v1.ProbeArgs(
        tcp_socket=core.v1.TCPSocketActionArgs(port=haproxy.PORT), period_seconds=period, failure_threshold=failures
    )
