"""What goes to the engine and what goes into messages."""

from __future__ import annotations

import base64
from typing import Any

from core.wire import SECRET, SIGNATURE
from rehearsal.kubernetes_provider.redaction import redactor
from rehearsal.kubernetes_provider.values import expected, opened, resealed, secrets, state, whole
from rehearsal.standin.wire import UNKNOWN


def wrapped(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def test_numbers_are_whole_again_and_nulls_are_gone() -> None:
    assert whole({"a": 2.0, "b": 0.5, "c": None, "d": [1.0, None], "e": True}) == {
        "a": 2,
        "b": 0.5,
        "d": [1, None],
        "e": True,
    }
    assert str(whole({"a": 2.0})) == "{'a': 2}"


def test_secrets_are_opened_and_sealed_again_where_they_were() -> None:
    sent: dict[str, Any] = {
        "spec": {"env": [{"name": "A", "value": wrapped("hunter2")}], "image": "x"},
        "data": wrapped({"k": "v"}),
    }
    plain: dict[str, Any] = {"spec": {"env": [{"name": "A", "value": "hunter2"}], "image": "x"}, "data": {"k": "v"}}
    assert opened(sent) == plain
    assert list(secrets(sent)) == ["hunter2", {"k": "v"}]
    found = resealed({**plain, "status": {"ready": True}}, sent)
    # The order inside a list may have changed on the way, so all of it is sealed.
    assert found["spec"]["env"] == wrapped(plain["spec"]["env"])
    assert found["spec"]["image"] == "x"
    assert found["data"] == wrapped({"k": "v"})
    assert found["status"] == {"ready": True}
    assert resealed(found, sent) == found


def test_the_state_of_a_secret_is_sealed_whatever_the_program_said() -> None:
    live = {"kind": "Secret", "metadata": {"name": "s", "managedFields": [1]}, "data": {"k": "v"}, "type": "Opaque"}
    assert state(live) == {"kind": "Secret", "metadata": {"name": "s"}, "data": wrapped({"k": "v"}), "type": "Opaque"}


def test_a_preview_knows_what_will_be_and_not_what_the_server_makes_up() -> None:
    inputs = {"kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    dry_run = {
        "kind": "Service",
        "metadata": {"name": "s", "uid": "u", "resourceVersion": "1", "managedFields": []},
        "spec": {"ports": [{"port": 80, "protocol": "TCP"}], "clusterIP": "10.0.0.1", "type": "ClusterIP"},
        "status": {"loadBalancer": {}},
    }
    found = expected(inputs, dry_run)
    assert found["spec"]["ports"] == [{"port": 80, "protocol": "TCP"}]
    assert found["spec"]["clusterIP"] == UNKNOWN
    assert found["metadata"]["uid"] == UNKNOWN
    assert found["status"] == UNKNOWN
    headless = {**inputs, "spec": {"clusterIP": "None"}}
    assert expected(headless, {**dry_run, "spec": {"clusterIP": "None"}})["spec"]["clusterIP"] == "None"


def test_what_was_not_validated_is_known_as_far_as_it_was_declared() -> None:
    found = expected({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}, None)
    assert found["data"] == {"a": "b"}
    assert found["metadata"]["name"] == "c"
    assert found["status"] == UNKNOWN


def test_messages_hold_neither_a_secrets_values_nor_their_encodings() -> None:
    encoded = base64.b64encode(b"hunter2").decode()
    redact = redactor(
        {"kind": "Secret", "stringData": {"a": "hunter2"}, "data": {"b": base64.b64encode(b"pass-word").decode()}}
    )
    assert redact(f'invalid value "hunter2" ({encoded}), "pass-word" too') == (
        'invalid value "[secret]" ([secret]), "[secret]" too'
    )


def test_messages_hold_nothing_that_the_program_marked_in_any_kind() -> None:
    redact = redactor({"kind": "ConfigMap", "data": {"plain": "visible"}}, [{"key": ["hunter2-of-the-program"]}])
    assert redact("visible hunter2-of-the-program") == "visible [secret]"


def test_short_values_do_not_garble_a_message() -> None:
    assert redactor({"kind": "Secret", "stringData": {"a": "1"}})("port 1 of 10") == "port 1 of 10"
