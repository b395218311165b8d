"""The stand-in against a real API server, as the engine drives it."""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from core.wire import SECRET, SIGNATURE
from rehearsal.cluster import Api, ControlPlane
from rehearsal.kubernetes_provider.servicer import KubernetesStandIn
from rehearsal.standin import wire
from rehearsal.standin.wire import UNKNOWN
from tests.rehearsal.cluster.running import until
from tests.rehearsal.kubernetes_provider.engine import Engine, Log, Refused, serving, urn

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET_KIND = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"
CUSTOM = "kubernetes:example.com/v1:"
MUTABLE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}


@pytest.fixture
def engine(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Engine]:
    with serving(control_plane, tmp_path, **MUTABLE) as found:
        yield found


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of the test's own, left behind: the cluster goes anyway."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    until(lambda: api.find(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    return name


def config(namespace: str, name: str = "c", **data: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "data": data}


def deployment(namespace: str, *, gpus: str = "", **metadata: Any) -> dict[str, Any]:
    limits = {"memory": "0.5Gi", **({"nvidia.com/gpu": gpus} if gpus else {})}
    return {
        "metadata": {"namespace": namespace, "name": "d", **metadata},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                    "containers": [
                        {
                            "name": "c",
                            "image": "registry.invalid/c",
                            "ports": [{"containerPort": 8000}],
                            "resources": {"limits": limits},
                        }
                    ],
                },
            },
        },
    }


def by_hand(api: Api, path: str, body: dict[str, Any]) -> None:
    """What `kubectl edit` does."""
    api.merge(path, body, fieldManager="kubectl-edit")


def changes(answer: Any) -> list[str]:
    return sorted(answer.detailedDiff)


def test_an_object_is_made_read_back_unchanged_and_taken_away(engine: Engine, api: Api, namespace: str) -> None:
    made = engine.create(CONFIG_MAP, "c", config(namespace, a="1"))
    assert made.id == f"{namespace}/c"
    assert made.values["data"] == {"a": "1"}
    assert made.values["metadata"]["uid"]
    assert "managedFields" not in made.values["metadata"]
    read = engine.read(made)
    assert read is not None
    assert read.inputs == made.inputs
    assert engine.diff(made, config(namespace, a="1")).changes == provider_pb2.DiffResponse.DIFF_NONE
    engine.delete(made)
    assert api.find(f"/api/v1/namespaces/{namespace}/configmaps/c") is None
    assert engine.read(made) is None
    engine.delete(made)


def test_an_update_changes_what_is_named_and_removes_what_no_longer_is(
    engine: Engine, api: Api, namespace: str
) -> None:
    made = engine.create(CONFIG_MAP, "c", config(namespace, a="1", b="2"))
    by_hand(api, f"/api/v1/namespaces/{namespace}/configmaps/c", {"data": {"theirs": "x"}})
    wanted = config(namespace, a="3")
    diff = engine.diff(made, wanted)
    assert changes(diff) == ["data.a", "data.b"]
    assert not diff.replaces
    assert engine.update(made, wanted, preview=True).values["data"] == {"a": "3", "theirs": "x"}
    assert api.get(f"/api/v1/namespaces/{namespace}/configmaps/c")["data"]["a"] == "1"
    assert engine.update(made, wanted).values["data"] == {"a": "3", "theirs": "x"}


def test_a_missing_name_is_made_up_and_kept(engine: Engine, namespace: str) -> None:
    inputs: dict[str, Any] = {"metadata": {"namespace": namespace}, "data": {"a": "1"}}
    made = engine.create(CONFIG_MAP, "cache", inputs)
    name = made.id.partition("/")[2]
    assert name.startswith("cache-")
    assert len(name) == len("cache-") + 8
    assert engine.diff(made, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    named = engine.diff(made, {**inputs, "metadata": {"namespace": namespace, "name": "mine"}})
    assert named.replaces == ["metadata"]
    assert not named.deleteBeforeReplace


def test_an_object_of_a_fixed_name_goes_before_its_replacement_comes(engine: Engine, namespace: str) -> None:
    made = engine.create(DEPLOYMENT, "d", deployment(namespace))
    other = deployment(namespace)
    other["spec"]["selector"]["matchLabels"]["app"] = other["spec"]["template"]["metadata"]["labels"]["app"] = "e"
    diff = engine.diff(made, other)
    assert diff.replaces == ["spec"]
    assert diff.deleteBeforeReplace
    # The preview of the replacement, while the old one is still there and its selector cannot be changed.
    assert engine.preview(DEPLOYMENT, "d", other)["spec"]["selector"]["matchLabels"] == {"app": "e"}


def test_leaving_out_the_default_namespace_is_no_change(engine: Engine, api: Api) -> None:
    name = f"c-{uuid.uuid4().hex[:6]}"
    made = engine.create(CONFIG_MAP, "c", {"metadata": {"name": name}, "data": {"a": "1"}})
    assert made.id == f"default/{name}"
    explicit = {"metadata": {"name": name, "namespace": "default"}, "data": {"a": "1"}}
    assert engine.diff(made, explicit).changes == provider_pb2.DiffResponse.DIFF_NONE
    moved = engine.diff(made, {**explicit, "metadata": {"name": name, "namespace": "kube-public"}})
    assert moved.replaces == ["metadata"]


def test_the_server_chooses_a_name_where_the_program_lets_it(engine: Engine, namespace: str) -> None:
    inputs = {"metadata": {"namespace": namespace, "generateName": "g-"}, "data": {"a": "1"}}
    made = engine.create(CONFIG_MAP, "c", inputs)
    assert made.id.startswith(f"{namespace}/g-")
    assert engine.diff(made, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    assert engine.preview(CONFIG_MAP, "c", inputs)["data"] == {"a": "1"}
    assert engine.update(made, {**inputs, "data": {"a": "2"}}).values["data"] == {"a": "2"}


def test_a_preview_asks_the_server_and_changes_nothing(engine: Engine, api: Api, namespace: str) -> None:
    found = engine.preview(DEPLOYMENT, "d", deployment(namespace))
    assert found["spec"]["replicas"] == 1, "the server's default"
    assert found["status"] == UNKNOWN
    assert found["metadata"]["uid"] == UNKNOWN
    assert api.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/d") is None
    wrong = deployment(namespace)
    wrong["spec"]["template"]["spec"]["containers"][0]["imagee"] = "typo"
    with pytest.raises(
        Refused, match=r"\.spec\.template\.spec\.containers\[name=\"c\"\]\.imagee: field not declared in schema"
    ):
        engine.preview(DEPLOYMENT, "d", wrong)


def test_what_is_not_known_yet_is_not_judged_yet(engine: Engine) -> None:
    found = engine.preview(CONFIG_MAP, "c", config(UNKNOWN, a="1"))
    assert found["data"] == {"a": "1"}


def test_an_object_whose_namespace_is_in_the_same_plan_is_not_called_valid(engine: Engine) -> None:
    found = engine.preview(CONFIG_MAP, "c", config("to-come", a="1"))
    assert found["data"] == {"a": "1"}
    assert engine.log.texts() == [
        'not validated yet: namespaces "to-come" not found; the API server judges it once its namespace is there'
    ]


def test_a_create_waits_for_a_namespace_that_comes_a_moment_later(engine: Engine, api: Api) -> None:
    name = f"t-{uuid.uuid4().hex[:8]}"
    late = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    timer = threading.Timer(0.7, lambda: api.post("/api/v1/namespaces", late))
    timer.start()
    assert engine.create(CONFIG_MAP, "c", config(name, a="1")).id == f"{name}/c"
    timer.join()


def test_a_change_by_hand_is_drift_and_what_others_add_is_not(engine: Engine, api: Api, namespace: str) -> None:
    inputs = deployment(namespace)
    made = engine.create(DEPLOYMENT, "d", inputs)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/d"
    by_hand(api, path, {"metadata": {"labels": {"theirs": "x"}}})
    read = engine.read(made)
    assert read is not None
    assert read.inputs == made.inputs, "memory 0.5Gi is 512Mi, defaults are added, a label is somebody's: no drift"
    patch = {"spec": {"template": {"spec": {"tolerations": [], "schedulerName": "other"}}}}
    by_hand(api, path, patch)
    with pytest.raises(Refused) as late:
        engine.read(made)
    made.inputs = late.value.partial.inputs
    assert changes(engine.diff(made, inputs)) == ["spec.template.spec.tolerations"]


def test_a_deleted_object_is_gone_after_a_refresh(engine: Engine, api: Api, namespace: str) -> None:
    made = engine.create(CONFIG_MAP, "c", config(namespace, a="1"))
    api.delete(f"/api/v1/namespaces/{namespace}/configmaps/c")
    assert engine.read(made) is None
    with pytest.raises(Refused, match=f"{namespace}/c is no longer in the cluster\n.*pulumi refresh"):
        engine.update(made, config(namespace, a="2"))


def test_fields_that_somebody_else_took_are_refused_unless_the_program_insists(
    engine: Engine, api: Api, namespace: str
) -> None:
    made = engine.create(CONFIG_MAP, "c", config(namespace, a="1"))
    by_hand(api, f"/api/v1/namespaces/{namespace}/configmaps/c", {"data": {"a": "theirs"}})
    with pytest.raises(Refused, match=r'conflict with "kubectl-edit" using v1: \.data\.a\n.*enablePatchForce'):
        engine.update(made, config(namespace, a="2"), preview=True)
    insisting = config(namespace, a="2")
    insisting["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    assert engine.update(made, insisting).values["data"] == {"a": "2"}


def test_an_object_that_is_somebody_elses_is_not_taken_over(engine: Engine, api: Api, namespace: str) -> None:
    api.post(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"theirs": "x"}})
    for attempt in (engine.preview, engine.create):
        with pytest.raises(Refused, match=r"ConfigMap 'c' already exists in the cluster\n.*upsertExistingObjects"):
            attempt(CONFIG_MAP, "c", config(namespace, a="1"))


def test_what_an_interrupted_run_left_is_known_again(engine: Engine, namespace: str) -> None:
    engine.create(CONFIG_MAP, "c", config(namespace, a="1"))
    again = engine.create(CONFIG_MAP, "c", config(namespace, a="2"))
    assert again.values["data"] == {"a": "2"}
    assert "taken over" in engine.log.texts(lasting=True)[0]
    with pytest.raises(Refused, match="already exists"):
        engine.create(CONFIG_MAP, "another-resource", config(namespace, a="3"))


def test_an_existing_object_is_taken_over_where_the_provider_says_so(
    control_plane: ControlPlane, api: Api, namespace: str, tmp_path: Path
) -> None:
    api.post(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"theirs": "x"}})
    with serving(control_plane, tmp_path, upsertExistingObjects="true") as upserting:
        assert upserting.create(CONFIG_MAP, "c", config(namespace, a="1")).values["data"] == {"a": "1", "theirs": "x"}


def test_a_secret_is_sealed_in_the_state_and_absent_from_messages(engine: Engine, api: Api, namespace: str) -> None:
    inputs = {"metadata": {"namespace": namespace, "name": "s"}, "stringData": {"token": "hunter2-hunter2"}}
    made = engine.create(SECRET_KIND, "s", inputs)
    encoded = base64.b64encode(b"hunter2-hunter2").decode()
    assert made.values["data"] == {"token": encoded}
    for properties in (made.inputs, made.outputs):
        plain = wire.plain(properties)
        for field in ("data", "stringData"):
            assert field not in plain or plain[field][SIGNATURE] == SECRET
    read = engine.read(made)
    assert read is not None
    assert wire.plain(read.inputs)["stringData"][SIGNATURE] == SECRET
    assert wire.plain(read.outputs)["data"][SIGNATURE] == SECRET
    by_hand(api, f"/api/v1/namespaces/{namespace}/secrets/s", {"data": {"token": base64.b64encode(b"x").decode()}})
    changed = engine.read(made)
    assert changed is not None
    assert changes(engine.diff(changed, inputs)) == ["stringData.token"]
    with pytest.raises(Refused) as refused:
        engine.create(SECRET_KIND, "t", {**inputs, "metadata": {"namespace": namespace, "name": "hunter2-hunter2!"}})
    assert "hunter2" not in str(refused.value)
    assert "[secret]" in str(refused.value)


def test_what_the_program_marks_as_secret_stays_secret_in_any_kind(engine: Engine, namespace: str) -> None:
    inputs = config(namespace, plain="visible")
    inputs["data"]["key"] = {SIGNATURE: SECRET, "value": "hunter2-hunter2"}
    made = engine.create(CONFIG_MAP, "c", inputs)
    data = wire.plain(made.outputs)["data"]
    assert data["plain"] == "visible"
    assert data["key"] == {SIGNATURE: SECRET, "value": "hunter2-hunter2"}


def test_a_rollout_is_waited_for(engine: Engine, namespace: str) -> None:
    made = engine.create(DEPLOYMENT, "d", deployment(namespace))
    assert made.values["status"]["availableReplicas"] == 1
    spec = {"selector": {"app": "d"}, "ports": [{"port": 80, "targetPort": 8000}]}
    service = {"metadata": {"namespace": namespace, "name": "s"}, "spec": spec}
    assert engine.create(SERVICE, "s", service).values["spec"]["clusterIP"]
    template = {"spec": {**deployment(namespace)["spec"]["template"]["spec"], "restartPolicy": "Never"}}
    job = {"metadata": {"namespace": namespace, "name": "j"}, "spec": {"template": template}}
    assert engine.create(JOB, "j", job).values["status"]["succeeded"] == 1


def test_a_rollout_that_cannot_be_is_told_with_its_reason_and_not_lost(engine: Engine, namespace: str) -> None:
    wish = deployment(namespace, gpus="64", annotations={"pulumi.com/timeoutSeconds": "1"})
    with pytest.raises(Refused) as late:
        engine.create(DEPLOYMENT, "d", wish)
    assert late.value.partial.id == f"{namespace}/d"
    (reason,) = late.value.partial.reasons
    assert "not ready after 1 s: 0 of 1 Pods available" in reason
    assert "Insufficient nvidia.com/gpu" in reason
    assert wire.plain(late.value.partial.properties)["metadata"]["name"] == "d"


def test_nobody_waits_who_does_not_want_to(engine: Engine, namespace: str) -> None:
    engine.create(DEPLOYMENT, "d", deployment(namespace, gpus="64", annotations={"pulumi.com/skipAwait": "true"}))


def test_a_wait_for_somebody_elses_controller_is_not_begun_and_told(engine: Engine, namespace: str) -> None:
    inputs = config(namespace, a="1")
    inputs["metadata"]["annotations"] = {"pulumi.com/waitFor": "condition=Ready"}
    engine.create(CONFIG_MAP, "c", inputs)
    assert "pulumi.com/waitFor is not evaluated in a rehearsal" in engine.log.texts(lasting=True)[0]


def test_a_cancelled_wait_ends_at_once_and_keeps_the_object(engine: Engine, namespace: str) -> None:
    began = time.monotonic()
    threading.Timer(0.5, lambda: engine.stub.Cancel(empty_pb2.Empty())).start()
    with pytest.raises(Refused, match="cancelled while waiting") as late:
        engine.create(DEPLOYMENT, "d", deployment(namespace, gpus="64"))
    assert late.value.partial.id == f"{namespace}/d"
    assert time.monotonic() - began < 30


def test_a_refusal_of_a_policy_arrives_word_for_word_at_once(engine: Engine, api: Api, namespace: str) -> None:
    group, name = "kubernetes:admissionregistration.k8s.io/v1:", f"no-{namespace}"
    resources = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    policy = {
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "resourceRules": [resources],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            },
            "validations": [{"expression": "object.data.region == 'tokyo'", "message": "国外のリージョンは禁止です"}],
        },
    }
    engine.create(f"{group}ValidatingAdmissionPolicy", "p", policy)
    binding = {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}
    engine.create(f"{group}ValidatingAdmissionPolicyBinding", "b", binding)
    wanted = f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: 国外のリージョンは禁止です"
    for attempt in (engine.create, engine.preview):
        with pytest.raises(Refused, match=wanted):
            attempt(CONFIG_MAP, "c", config(namespace, region="osaka"))
    engine.create(CONFIG_MAP, "c", config(namespace, region="tokyo"))
    policies = api.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")["items"]
    assert [each["metadata"]["name"] for each in policies if "canary" in each["metadata"]["name"]] == []
    assert engine.log.texts(lasting=True) == []


def test_warnings_of_the_server_are_passed_on(engine: Engine, api: Api, namespace: str) -> None:
    label = {"pod-security.kubernetes.io/warn": "restricted"}
    by_hand(api, f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": label}})
    engine.preview(DEPLOYMENT, "d", deployment(namespace))
    assert 'would violate PodSecurity "restricted:latest"' in engine.log.texts(lasting=True)[0]


def test_an_unknown_kind_is_refused_with_those_that_there_are(engine: Engine) -> None:
    wish = {"apiVersion": "apps/v1", "kind": "Deploymentt", "metadata": {"name": "x"}}
    with pytest.raises(Refused, match=r"no kind Deploymentt in apps/v1\n.*did you mean Deployment\? .*StatefulSet"):
        engine.preview("kubernetes:apps/v1:Deploymentt", "x", wish)


def test_custom_resources_come_with_their_definition(engine: Engine, namespace: str) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    plural = f"{kind.lower()}s"
    widget = {"metadata": {"namespace": namespace, "name": "w"}, "spec": {"size": 3}}
    assert engine.preview(f"{CUSTOM}{kind}", "w", widget)["spec"] == {"size": 3}
    assert "not validated yet: no " in engine.log.texts()[0]
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    definition = {
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    made = engine.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "d", definition)
    w = engine.create(f"{CUSTOM}{kind}", "w", widget)
    assert w.id == f"{namespace}/w"
    with pytest.raises(Refused, match="sizee"):
        engine.preview(
            f"{CUSTOM}{kind}", "x", {**widget, "metadata": {"namespace": namespace, "name": "x"}, "spec": {"sizee": 1}}
        )
    engine.delete(made)
    engine.delete(w)
    assert engine.read(w) is None


def test_a_release_brings_its_definitions_and_never_says_that_it_runs(engine: Engine, api: Api, tmp_path: Path) -> None:
    chart, word = tmp_path / "chart", uuid.uuid4().hex[:6]
    (chart / "crds").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: c\nversion: 1.0.0\n")
    (chart / "crds" / "d.yaml").write_text(
        f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: g{word}s.example.com}}\n"
        f"spec: {{group: example.com, scope: Cluster, names: {{plural: g{word}s, kind: G{word}}}, versions: "
        "[{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n"
    )
    token = "kubernetes:helm.sh/v3:Release"
    here = engine.create(token, "here", {"chart": str(chart), "name": "here", "namespace": "default"})
    assert here.values["status"]["status"] == "rehearsal: not installed"
    assert api.find(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/g{word}s.example.com")
    there = engine.create(token, "there", {"chart": "keda", "repositoryOpts": {"repo": "https://charts.invalid"}})
    assert there.values["status"]["status"] == "rehearsal: not installed"
    told = engine.log.texts(lasting=True)
    assert "is not installed and does not run; its 1 CustomResourceDefinitions were applied" in told[0]
    assert "nothing of it was applied" in told[1]
    engine.delete(here)
    assert api.find(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/g{word}s.example.com")


def test_an_object_that_cannot_go_is_told_and_not_called_deleted(engine: Engine, api: Api, namespace: str) -> None:
    made = engine.create(CONFIG_MAP, "c", config(namespace, a="1"))
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    by_hand(api, path, {"metadata": {"finalizers": ["example.com/held"]}})
    with pytest.raises(
        Refused, match=f"{namespace}/c was told to go and is still there after 1 s: waiting for .*example.com/held"
    ):
        engine.delete(made, timeout=1)
    by_hand(api, path, {"metadata": {"finalizers": None}})
    engine.delete(made)


def test_children_go_or_stay_as_the_program_says(engine: Engine, api: Api, namespace: str) -> None:
    wish = deployment(namespace, annotations={"pulumi.com/deletionPropagationPolicy": "orphan"})
    made = engine.create(DEPLOYMENT, "d", wish)
    engine.delete(made)
    left = api.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets")["items"]
    assert len(left) == 1
    again = engine.create(DEPLOYMENT, "d", deployment(namespace))
    engine.delete(again)
    pods = api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert {each["metadata"]["ownerReferences"][0]["name"] for each in pods} <= {left[0]["metadata"]["name"]}


def test_an_import_takes_the_object_as_it_is(engine: Engine, api: Api, namespace: str) -> None:
    api.post(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "b"}})
    request = provider_pb2.ReadRequest(urn=urn(CONFIG_MAP, "c"), id=f"{namespace}/c")
    found = wire.plain(engine.stub.Read(request).inputs)
    assert found["data"] == {"a": "b"}
    assert found["metadata"] == {"name": "c", "namespace": namespace}


def test_it_invokes_nothing(engine: Engine) -> None:
    with pytest.raises(Refused, match="a rehearsal invokes nothing on a cluster"):
        engine._call("Invoke", provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode"))


def test_it_serves_rehearsed_stacks_only() -> None:
    real = {"PULUMI_BACKEND_URL": "s3://state"}
    stand_in = KubernetesStandIn(Log(), cancelled=lambda: None, environ=real)  # type: ignore[arg-type]

    class Context:
        def abort(self, code: Any, reason: str) -> None:
            raise AssertionError(reason)

    with pytest.raises(AssertionError, match="PULUMI_BACKEND_URL is not a file:// URL"):
        stand_in.Configure(provider_pb2.ConfigureRequest(), Context())
