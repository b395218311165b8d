"""The functions (invokes) of `gcp` that follow from their arguments and the provider's configuration alone. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.standin.cloud import Function, Settings
from rehearsal.standin.synthesis import digest

#: Stands for the project when neither the resource nor the provider's configuration names one.
PROJECT = "rehearsal"
# Zones of a region by their letters: the two in Japan, and what is usual elsewhere.
ZONES = {"asia-northeast1": "abc", "asia-northeast2": "abc"}


def project(settings: Settings) -> str:
    """The project that the provider acts in."""
    return str(settings.get("project") or PROJECT)


def project_number(name: str) -> str:
    """A project's number: twelve digits of which the first eight are zeros."""
    return "00000000" + str(int(digest(name)[:8], 16) % 10_000).zfill(4)


def service_agent(name: str, service: str) -> str:
    """The e-mail of the account by which a service of Google acts in a project."""
    return f"service-{project_number(name)}@{service}.iam.gserviceaccount.com"


def _get_project(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    name = str(args.get("projectId") or project(settings))
    return {
        "autoCreateNetwork": False,
        "billingAccount": "000000-000000-000000",
        "deletionPolicy": "PREVENT",
        "effectiveLabels": {},
        "folderId": "",
        "id": f"projects/{name}",
        "labels": {},
        "name": name,
        "number": project_number(name),
        "orgId": "",
        "projectId": name,
        "pulumiLabels": {},
        "tags": {},
    }


def _get_client_config(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "accessToken": "rehearsal",
        "defaultLabels": settings.get("defaultLabels") or {},
        "id": "rehearsal",
        "project": project(settings),
        "region": str(settings.get("region") or ""),
        "zone": str(settings.get("zone") or ""),
    }


def _get_zones(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    region = str(args.get("region") or settings.get("region") or "")
    names = [f"{region}-{letter}" for letter in ZONES.get(region, "abc")]
    return {**args, "id": region, "names": names, "project": project(settings), "region": region}


def _get_storage_account(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    name = str(args.get("project") or project(settings))
    email = service_agent(name, "gs-project-accounts")
    return {"id": email, "emailAddress": email, "member": f"serviceAccount:{email}", "project": name, **args}


def _get_iam_policy(args: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    policy = {
        key: value
        for key, value in (("bindings", args.get("bindings")), ("auditConfigs", args.get("auditConfigs")))
        if value
    }
    text = json.dumps(policy, sort_keys=True)
    return {**args, "id": digest(text)[:10], "policyData": text}


FUNCTIONS: Mapping[str, Function] = {
    "gcp:compute/getZones:getZones": _get_zones,
    "gcp:organizations/getClientConfig:getClientConfig": _get_client_config,
    "gcp:organizations/getIAMPolicy:getIAMPolicy": _get_iam_policy,
    "gcp:organizations/getProject:getProject": _get_project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _get_storage_account,
}
