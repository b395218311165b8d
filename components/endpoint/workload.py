"""The model server's Deployment. Every value that is not Kubernetes' default says why it is there.

What the server is told (its arguments) is decided in `core.serving`; where it runs, in the site's placement.
"""

from typing import Final

import pulumi
from pulumi_kubernetes import apps, core, meta

from components import hardening, labels
from components.endpoint.weights import CLAIM
from components.foundation import Foundation
from components.plan import Sized
from components.undecided import locked
from core import naming, serving
from core.lock import Lock

DRAIN_SECONDS: Final = 15
"""Between the end of readiness and SIGTERM, so that the edge has noticed before the server stops to accept."""
GRACE_SECONDS: Final = 75
"""The drain, the server's own `--shutdown-timeout`, and a rest."""
LOADING_SECONDS: Final = 30 * 60
"""A large model takes long to load, and a liveness probe must not end that."""
MACHINE_PERCENT: Final = 80
"""Of a machine's processors and memory; the rest is what the provider's own agents take of a node."""
ENVIRONMENT: Final = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HOME": "/scratch",
    "TRANSFORMERS_OFFLINE": "1",
    # The image knows no user of our number, and torch names its caches after the user.
    "USER": "vllm",
    "VLLM_CACHE_ROOT": "/scratch/vllm",
    # Its default lets one request exhaust the host.
    "VLLM_MAX_N_SEQUENCES": "64",
    "VLLM_NO_USAGE_STATS": "1",
}


def workload(
    name: str, sized: Sized, foundation: Foundation, lock: Lock, opts: pulumi.ResourceOptions
) -> apps.v1.Deployment:
    """The Deployment, with as many replicas as the service wants at least."""
    service = sized.service
    selector = labels.selector(naming.MODEL_SERVICE, service)
    marks = labels.labels(naming.MODEL_SERVICE, sized.tags, service)
    identity = foundation.serving[service.name]
    return apps.v1.Deployment(
        f"{name}-deployment",
        metadata=meta.v1.ObjectMetaArgs(
            name=naming.MODEL_SERVICE, namespace=naming.namespace(service.name), labels=marks
        ),
        spec=apps.v1.DeploymentSpecArgs(
            replicas=service.replicas.min,
            # Longer than a model takes to load; else the rollout is called failed while it still goes well.
            progress_deadline_seconds=LOADING_SECONDS + 600,
            # A spare GPU rarely exists, so a new pod can only take an old one's place.
            strategy=apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=0, max_unavailable=1),
            ),
            selector=meta.v1.LabelSelectorArgs(match_labels=selector),
            template=core.v1.PodTemplateSpecArgs(
                metadata=meta.v1.ObjectMetaArgs(
                    labels={**marks, **identity.pod_labels},
                    annotations=dict(foundation.weights[service.name].pod_annotations) or None,
                ),
                spec=_pod(sized, foundation, lock, selector),
            ),
        ),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m"))
        ),
    )


def _pod(sized: Sized, foundation: Foundation, lock: Lock, selector: dict[str, str]) -> core.v1.PodSpecArgs:
    placement = foundation.placements[sized.service.name]
    return core.v1.PodSpecArgs(
        containers=[_container(sized, foundation, lock)],
        automount_service_account_token=False,
        # A Service called vllm would inject VLLM_PORT, which the server takes for its own.
        enable_service_links=False,
        node_selector=dict(placement.node_selector),
        priority_class_name=naming.PRIORITY_CLASS,
        runtime_class_name=placement.runtime_class,
        security_context=hardening.pod_security(),
        service_account_name=naming.SERVING_ACCOUNT,
        termination_grace_period_seconds=GRACE_SECONDS,
        tolerations=[
            core.v1.TolerationArgs(
                key=toleration.get("key"),
                operator=toleration.get("operator"),
                value=toleration.get("value"),
                effect=toleration.get("effect"),
            )
            for toleration in placement.tolerations
        ],
        topology_spread_constraints=hardening.spread(foundation.zone_label, selector),
        volumes=[
            # GPUs of one pod exchange tensors through it; it counts against the memory limit.
            core.v1.VolumeArgs(
                name="shared-memory", empty_dir=core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit="16Gi")
            ),
            core.v1.VolumeArgs(name="scratch", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="20Gi")),
            core.v1.VolumeArgs(
                name=CLAIM,
                persistent_volume_claim=core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=CLAIM, read_only=True),
            ),
        ],
    )


def _container(sized: Sized, foundation: Foundation, lock: Lock) -> core.v1.ContainerArgs:
    service = sized.service
    digest = lock.image("vllm-openai").digest
    return core.v1.ContainerArgs(
        name="vllm",
        image=locked(digest, f"{foundation.registry}/vllm-openai@{digest}"),
        image_pull_policy="IfNotPresent",
        command=["vllm", "serve", locked(lock.model(service.model).revision, serving.weights_path(service, lock))],
        args=[
            *serving.fixed_arguments(),
            *serving.contract_arguments(service),
            *serving.placement_arguments(sized.fit),
        ],
        env=[core.v1.EnvVarArgs(name=key, value=value) for key, value in ENVIRONMENT.items()],
        ports=[core.v1.ContainerPortArgs(name="http", container_port=serving.PORT)],
        resources=_resources(sized, foundation.placements[service.name].gpu_resource),
        # The root stays writable: the GPU's device interface may have to write into it.
        security_context=hardening.container_security(read_only_root=False),
        startup_probe=_health(period=10, failures=LOADING_SECONDS // 10),
        readiness_probe=_health(period=5, failures=3, timeout=2),
        # Tolerant: a busy server answers late, and a restart costs minutes.
        liveness_probe=_health(period=10, failures=10, timeout=5),
        lifecycle=core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=DRAIN_SECONDS))
        ),
        volume_mounts=[
            core.v1.VolumeMountArgs(name="shared-memory", mount_path="/dev/shm"),  # noqa: S108 the pod's own
            core.v1.VolumeMountArgs(name="scratch", mount_path="/scratch"),
            core.v1.VolumeMountArgs(name=CLAIM, mount_path="/models", read_only=True),
        ],
    )


def _resources(sized: Sized, gpu_resource: str) -> core.v1.ResourceRequirementsArgs:
    machine = sized.fit.machine
    share = sized.fit.gpus * MACHINE_PERCENT
    processors = max(1, machine.vcpus * share // (machine.gpus * 100))
    memory = f"{machine.memory_gib * share // (machine.gpus * 100)}Gi"
    return core.v1.ResourceRequirementsArgs(
        limits={gpu_resource: str(sized.fit.gpus), "memory": memory},
        requests={gpu_resource: str(sized.fit.gpus), "cpu": str(processors), "memory": memory},
    )


def _health(*, period: int, failures: int, timeout: int = 1) -> core.v1.ProbeArgs:
    return core.v1.ProbeArgs(
        http_get=core.v1.HTTPGetActionArgs(path="/health", port=serving.PORT),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=timeout,
    )
