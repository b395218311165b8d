"""Waiting until an admission policy really judges: a canary that must be refused.

The API server takes up new policies and bindings about once a second; whoever goes on at once may create what the policy
forbids. The server reads policies and bindings in the order in which they were written, so once it refuses a canary by a
policy written *after* the binding in question, that binding is in force as well, whatever it is about.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from rehearsal.cluster.api import Api, ApiError, Object

GROUP: Final = "admissionregistration.k8s.io/v1"
POLICIES: Final = f"/apis/{GROUP}/validatingadmissionpolicies"
BINDINGS: Final = f"/apis/{GROUP}/validatingadmissionpolicybindings"
SECONDS: Final = 15.0
PAUSE: Final = 0.1
WORD: Final = "the canary is refused"


def wait_until_in_force(api: Api, binding: Object) -> bool:
    """Wait until `binding`, a live ValidatingAdmissionPolicyBinding, is in force.

    Returns:
        False where that could not be seen: the canary itself is not allowed, or time ran out.
    """
    name = f"rehearsal-canary-{secrets.token_hex(4)}"
    bird: Object = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}}
    end = time.monotonic() + SECONDS
    with suppress(ApiError), _canary(api, name, binding):
        while time.monotonic() < end:
            try:
                api.post("/apis/coordination.k8s.io/v1/namespaces/default/leases", bird, dryRun="All")
            except ApiError as error:
                # A policy that is about everything may be the one that refuses.
                return WORD in error.what or f"'{binding['metadata']['name']}'" in error.what
            time.sleep(PAUSE)
    return False


@contextmanager
def _canary(api: Api, name: str, owner: Object) -> Iterator[None]:
    """A policy that refuses one Lease, bound; it goes afterwards, and at the latest with `owner`."""
    reference = {"uid": owner["metadata"]["uid"], "name": owner["metadata"]["name"]}
    metadata = {
        "name": name,
        "ownerReferences": [{"apiVersion": owner["apiVersion"], "kind": owner["kind"], **reference}],
    }
    resources = {"apiGroups": ["coordination.k8s.io"], "apiVersions": ["v1"], "resources": ["leases"]}
    try:
        api.post(
            POLICIES,
            {
                "apiVersion": GROUP,
                "kind": "ValidatingAdmissionPolicy",
                "metadata": metadata,
                "spec": {
                    "failurePolicy": "Fail",
                    "matchConstraints": {"resourceRules": [{**resources, "operations": ["CREATE"]}]},
                    "matchConditions": [{"name": "canary", "expression": f"object.metadata.name == '{name}'"}],
                    "validations": [{"expression": "false", "message": WORD}],
                },
            },
        )
        api.post(
            BINDINGS,
            {
                "apiVersion": GROUP,
                "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": metadata,
                "spec": {"policyName": name, "validationActions": ["Deny"]},
            },
        )
        yield
    finally:
        for collection in (BINDINGS, POLICIES):
            with suppress(ApiError):
                api.delete(f"{collection}/{name}")
