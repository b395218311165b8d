"""The workload of a service: each promise of the pod template, as the cluster would read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.foundation import Identity, VolumeSource
from core import naming
from core.lock import Lock
from core.values import UNKNOWN
from tests.components import building
from tests.components.building import declare, service, site_plan
from tests.components.recording import Deployment, Registered

Deploy = Callable[..., Deployment]
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


@pytest.fixture(scope="module")
def made() -> Deployment:
    from tests.components.recording import run

    found = run(lambda: declare(site_plan(service())), preview=False)
    if found.error:
        raise found.error
    return found


def pod(made: Deployment, name: str = "small") -> Mapping[str, Any]:
    spec: Mapping[str, Any] = made.one(DEPLOYMENT, f"{name}-deployment").props["spec"]["template"]["spec"]
    return spec


def container(made: Deployment) -> Mapping[str, Any]:
    (only,) = pod(made)["containers"]
    found: Mapping[str, Any] = only
    return found


def waits_for(made: Deployment, resource: Registered) -> set[str]:
    return {each.name for each in made.requests if each.urn in resource.options.dependencies}


def test_the_image_is_named_by_digest_in_the_sites_registry(made: Deployment) -> None:
    assert container(made)["image"] == f"{building.REGISTRY}/vllm-openai@{building.IMAGE}"


def test_the_server_is_started_with_the_weights_of_the_locked_revision(made: Deployment) -> None:
    assert container(made)["command"] == ["vllm", "serve", f"/models/{building.MODEL}/{building.REVISION}"]
    assert "--served-model-name=small" in container(made)["args"]
    assert "--shutdown-timeout=45" in container(made)["args"]
    assert not [each for each in container(made)["args"] if "trust-remote-code" in each]


def test_what_is_not_locked_is_unknown_and_never_a_made_up_digest(deploy: Deploy) -> None:
    found = deploy(lambda: declare(site_plan(service(), lock=Lock())))
    assert container(found)["image"] is UNKNOWN
    assert container(found)["command"][2] is UNKNOWN
    assert pod(found, "platform-edge")["containers"][0]["image"] is UNKNOWN
    assert not [each.name for each, text in found.walk() if "@unknown" in text or "/unknown" in text]


def test_serving_is_offline(made: Deployment) -> None:
    environment = {each["name"]: each["value"] for each in container(made)["env"]}
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"
    assert environment["VLLM_NO_USAGE_STATS"] == environment["DO_NOT_TRACK"] == "1"


def test_a_user_that_the_image_does_not_know_has_a_name_and_a_home(made: Deployment) -> None:
    environment = {each["name"]: each["value"] for each in container(made)["env"]}
    scratch = next(each["mountPath"] for each in container(made)["volumeMounts"] if each["name"] == "scratch")
    assert environment["USER"]
    assert environment["HOME"] == scratch
    assert environment["VLLM_CACHE_ROOT"].startswith(f"{scratch}/")


def test_no_pod_gets_a_token_of_the_cluster(made: Deployment) -> None:
    for each in made.of_type(DEPLOYMENT):
        assert each.props["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    for each in made.of_type("kubernetes:core/v1:ServiceAccount"):
        assert each.props["automountServiceAccountToken"] is False


def test_serving_and_synchronising_have_accounts_of_their_own(made: Deployment) -> None:
    accounts = {each.props["metadata"]["name"] for each in made.of_type("kubernetes:core/v1:ServiceAccount")}
    assert accounts == {naming.SERVING_ACCOUNT, naming.SYNC_ACCOUNT}
    assert pod(made)["serviceAccountName"] == naming.SERVING_ACCOUNT


def test_identities_reach_the_account_and_the_pod_they_are_for(deploy: Deploy) -> None:
    reader = Identity(annotations={"identity": "reader"}, pod_labels={"use-identity": "true"})
    changes = {"serving": {"small": reader}, "syncing": {"small": Identity(annotations={"identity": "writer"})}}
    found = deploy(lambda: declare(site_plan(service()), **changes))
    account = "kubernetes:core/v1:ServiceAccount"
    assert found.one(account, "small-serve").props["metadata"]["annotations"] == {"identity": "reader"}
    assert found.one(account, "small-sync").props["metadata"]["annotations"] == {"identity": "writer"}
    template = found.one(DEPLOYMENT, "small-deployment").props["spec"]["template"]["metadata"]
    assert template["labels"]["use-identity"] == "true"
    edge = found.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]["template"]["metadata"]
    assert "use-identity" not in edge["labels"]


def test_pods_pass_pod_security_restricted(made: Deployment) -> None:
    for deployment in made.of_type(DEPLOYMENT):
        spec = deployment.props["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert {kind for each in spec["volumes"] for kind in each} <= {
            "name", "emptyDir", "persistentVolumeClaim", "projected",
        }  # fmt: skip
        for each in spec["containers"]:
            assert each["securityContext"]["allowPrivilegeEscalation"] is False
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for namespace in made.of_type("kubernetes:core/v1:Namespace"):
        assert namespace.props["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_services_of_the_namespace_are_not_injected_as_variables(made: Deployment) -> None:
    assert pod(made)["enableServiceLinks"] is False


def test_a_slow_start_is_not_ended_by_the_liveness_probe(made: Deployment) -> None:
    startup, liveness = container(made)["startupProbe"], container(made)["livenessProbe"]
    allowed = startup["periodSeconds"] * startup["failureThreshold"]
    assert allowed == 30 * 60
    assert made.one(DEPLOYMENT, "small-deployment").props["spec"]["progressDeadlineSeconds"] > allowed
    readiness = container(made)["readinessProbe"]
    tolerated = [each["periodSeconds"] * each["failureThreshold"] for each in (readiness, liveness)]
    assert tolerated[0] < tolerated[1], "a pod is taken out of service long before it is killed"
    for each in (startup, liveness, readiness):
        assert each["httpGet"] == {"path": "/health", "port": 8000}


def test_a_pod_has_the_time_to_finish_what_it_answers(made: Deployment) -> None:
    shutdown = next(int(each.split("=")[1]) for each in container(made)["args"] if each.startswith("--shutdown"))
    drain = container(made)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert drain >= container(made)["readinessProbe"]["periodSeconds"]
    assert pod(made)["terminationGracePeriodSeconds"] > drain + shutdown


def test_a_rollout_needs_no_spare_gpu(made: Deployment) -> None:
    strategy = made.one(DEPLOYMENT, "small-deployment").props["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def test_the_pod_asks_for_what_sizing_found_and_leaves_room_for_the_node(made: Deployment) -> None:
    (sized,) = site_plan(service()).sized
    resources = container(made)["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == str(sized.fit.gpus)
    assert resources["limits"]["memory"] == resources["requests"]["memory"]
    machine = sized.fit.machine
    pods = sized.fit.replicas_per_machine
    assert int(resources["requests"]["cpu"]) * pods <= machine.vcpus * 0.8
    assert int(resources["limits"]["memory"].removesuffix("Gi")) * pods <= machine.memory_gib * 0.8


def test_the_pod_goes_where_the_sites_placement_says(made: Deployment) -> None:
    assert pod(made)["nodeSelector"] == {"kokunai.jp/service": "small"}
    assert pod(made)["tolerations"] == [building.TOLERATION]
    keys = [each["topologyKey"] for each in pod(made)["topologySpreadConstraints"]]
    assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert {each["whenUnsatisfiable"] for each in pod(made)["topologySpreadConstraints"]} == {"ScheduleAnyway"}


def test_weights_are_read_only_whatever_the_site_says(deploy: Deploy) -> None:
    writable = VolumeSource({"csi": {"driver": "d", "volumeHandle": "v", "readOnly": False}}, ["noatime"])
    found = deploy(lambda: declare(site_plan(service()), weights={"small": writable}))
    volume = found.one("kubernetes:core/v1:PersistentVolume").props["spec"]
    assert volume["csi"] == {"driver": "d", "volumeHandle": "v", "readOnly": True}
    assert volume["accessModes"] == ["ReadOnlyMany"]
    assert volume["mountOptions"] == ["noatime"]
    mounts = {each["name"]: each for each in container(found)["volumeMounts"]}
    assert mounts["weights"] == {"name": "weights", "mountPath": "/models", "readOnly": True}
    claimed = next(each for each in pod(found)["volumes"] if each["name"] == "weights")
    assert claimed["persistentVolumeClaim"]["readOnly"] is True


def test_volume_and_claim_are_bound_to_each_other_and_to_nothing_else(made: Deployment) -> None:
    volume = made.one("kubernetes:core/v1:PersistentVolume").props
    claim = made.one("kubernetes:core/v1:PersistentVolumeClaim").props
    assert volume["spec"]["claimRef"] == {"namespace": "llm-small", "name": claim["metadata"]["name"]}
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"] == ""
    assert claim["spec"]["resources"]["requests"] == volume["spec"]["capacity"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_two_services_share_neither_volume_nor_namespace(deploy: Deploy) -> None:
    found = deploy(lambda: declare(site_plan(service(), service(name="other"))))
    volumes = {each.props["metadata"]["name"] for each in found.of_type("kubernetes:core/v1:PersistentVolume")}
    assert volumes == {"weights-small", "weights-other"}
    homes = {each.props["metadata"]["namespace"] for each in found.of_type("kubernetes:core/v1:PersistentVolumeClaim")}
    assert homes == {"llm-small", "llm-other"}


@pytest.mark.parametrize(("least", "budgets"), [(1, 0), (2, 1)])
def test_a_single_replica_has_no_disruption_budget(deploy: Deploy, least: int, budgets: int) -> None:
    found = deploy(lambda: declare(site_plan(service(replicas={"min": least, "max": 3}))))
    own = [
        each
        for each in found.of_type("kubernetes:policy/v1:PodDisruptionBudget")
        if each.props["metadata"]["namespace"] == "llm-small"
    ]
    assert len(own) == budgets
    assert all(each.props["spec"]["maxUnavailable"] == 1 for each in own)
    assert found.one(DEPLOYMENT, "small-deployment").props["spec"]["replicas"] == least


def test_the_quota_holds_the_largest_number_of_replicas_and_one_waiting(made: Deployment) -> None:
    hard = made.one("kubernetes:core/v1:ResourceQuota").props["spec"]["hard"]
    (sized,) = site_plan(service()).sized
    assert int(hard["requests.nvidia.com/gpu"]) == (3 + 1) * sized.fit.gpus
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


def test_the_model_is_reached_from_the_edge_only_and_reaches_nothing(made: Deployment) -> None:
    own = [each.props["spec"] for each in made.of_type(POLICY) if each.props["metadata"]["namespace"] == "llm-small"]
    denied = [each for each in own if each["podSelector"] == {}]
    assert [set(each["policyTypes"]) for each in denied] == [{"Ingress", "Egress"}]
    assert "ingress" not in denied[0]
    assert "egress" not in denied[0]
    (opened,) = [each for each in own if each["podSelector"] != {}]
    assert opened["policyTypes"] == ["Ingress"]
    (rule,) = opened["ingress"]
    assert rule["ports"] == [{"port": 8000, "protocol": "TCP"}]
    (source,) = rule["from"]
    assert source["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": naming.EDGE_NAMESPACE}
    edge = made.one(DEPLOYMENT, "platform-edge-deployment").props["spec"]["template"]["metadata"]["labels"]
    assert source["podSelector"]["matchLabels"].items() <= edge.items()


def test_a_side_car_that_mounts_weights_gets_its_ways_out_and_no_more(deploy: Deploy) -> None:
    source = VolumeSource({"csi": {"driver": "d"}}, pod_annotations={"mount": "yes"}, egress={"10.1.0.0/28": (443,)})
    found = deploy(lambda: declare(site_plan(service()), weights={"small": source}))
    rules = found.one(POLICY, "small-to-weights").props["spec"]["egress"]
    blocks = [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
    assert blocks == ["10.1.0.0/28"]
    assert rules[1]["ports"] == [{"port": 443, "protocol": "TCP"}]
    template = found.one(DEPLOYMENT, "small-deployment").props["spec"]["template"]["metadata"]
    assert template["annotations"] == {"mount": "yes"}


def test_the_model_has_an_address_inside_the_cluster_only(made: Deployment) -> None:
    found = made.one("kubernetes:core/v1:Service", "small-service").props
    assert found["spec"]["type"] == "ClusterIP"
    assert found["spec"]["ports"] == [{"name": "http", "port": 8000, "targetPort": 8000}]
    host = f"{found['metadata']['name']}.{found['metadata']['namespace']}.svc.cluster.local"
    assert host == naming.model_host("small")
    labels = made.one(DEPLOYMENT, "small-deployment").props["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["selector"].items() <= labels.items()


def test_every_object_carries_the_tags_of_its_owner(made: Deployment) -> None:
    kubernetes = [each for each in made.requests if each.type.startswith("kubernetes:")]
    assert len(kubernetes) > 20
    for each in kubernetes:
        labels = each.props["metadata"]["labels"]
        owner = "sales" if each.name.startswith("small") else "platform"
        assert labels["team"] == owner, each.name
        assert labels["app.kubernetes.io/part-of"] == "kokunai"
        assert all(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", value) for value in labels.values())
    template = made.one(DEPLOYMENT, "small-deployment").props["spec"]["template"]["metadata"]["labels"]
    assert template["service"] == template[naming.SERVICE_LABEL] == "small"


def test_what_may_never_change_holds_no_tag(made: Deployment) -> None:
    for each in made.of_type(DEPLOYMENT):
        assert "team" not in each.props["spec"]["selector"]["matchLabels"]


def test_pods_start_after_what_they_need(made: Deployment) -> None:
    needed = waits_for(made, made.one(DEPLOYMENT, "small-deployment"))
    assert {
        "small-namespace", "small-weights-claim", "small-serve", "small-quota", "platform-priority",
        "small-default-deny", "small-from-edge",
    } <= needed  # fmt: skip


def test_pods_start_after_what_the_site_names(deploy: Deploy) -> None:
    import pulumi

    def program() -> None:
        pool = pulumi.CustomResource("test:index:Pool", "pool", {})
        declare(site_plan(service()), depends_on=[pool])

    found = deploy(program)
    for name in ("small-deployment", "platform-edge-deployment"):
        assert "pool" in waits_for(found, found.one(DEPLOYMENT, name))


def test_what_is_in_a_namespace_goes_with_it(made: Deployment) -> None:
    namespaces = {each.props["metadata"]["name"]: each.urn for each in made.of_type("kubernetes:core/v1:Namespace")}
    for each in made.requests:
        home = each.props.get("metadata", {}).get("namespace")
        if home:
            assert each.options.deletedWith == namespaces[home], each.name


def test_the_endpoint_publishes_what_a_descriptor_needs(made: Deployment) -> None:
    component = made.one("kokunai:index:InferenceEndpoint")
    published = made.outputs[component.urn]
    assert published["url"] == "https://llm.example.co.jp/small/v1"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", published["fingerprint"])
    assert published["data_class"] == "confidential"
    assert published["region"] == "onprem-japan"
    assert published["accelerator"] == "l40s"
    assert "--tensor-parallel-size=1" in published["placement"]


def test_every_object_goes_to_the_sites_own_cluster(made: Deployment) -> None:
    (provider,) = [each for each in made.requests if each.type == "pulumi:providers:kubernetes"]
    for each in made.requests:
        if each.type.startswith("kubernetes:"):
            assert each.options.provider.startswith(provider.urn), each.name


def test_names_are_the_services_and_stay_when_its_numbers_change(deploy: Deploy) -> None:
    one = deploy(lambda: declare(site_plan(service())))
    other = deploy(lambda: declare(site_plan(service(replicas={"min": 3, "max": 4}, concurrency=2))))
    assert {each.urn for each in one.requests} == {each.urn for each in other.requests}
