"""Which API object a Pulumi resource means, and where the API server keeps it.

Kinds are not listed here: the API server itself is asked (discovery), so custom resources are found like built-in ones.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import quote

from core.errors import KokunaiError
from rehearsal.cluster.api import Api, ApiError, Object

NOT_FOUND: Final = 404
AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
NOT_STOOD_IN: Final = {
    "kubernetes:yaml": "YAML files are not read in a rehearsal; declare their objects in the program",
    "kubernetes:kustomize": "kustomize directories are not read in a rehearsal; declare their objects in the program",
    "kubernetes:helm.sh/v3:Chart": "charts are not rendered in a rehearsal; use helm.v3.Release or helm.v4.Chart",
}


@dataclass(frozen=True)
class Kind:
    """An API version (`v1`, `apps/v1`) and a kind in it."""

    api_version: str
    name: str

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def path(self) -> str:
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"


@dataclass(frozen=True)
class Served:
    """How the API server serves a kind: under which plural, and whether its objects live in namespaces."""

    kind: Kind
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        where = f"/namespaces/{quote(namespace)}" if self.namespaced else ""
        return f"{self.kind.path}{where}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        return f"{self.collection(namespace)}/{quote(name, safe=':')}"


class UnknownKind(KokunaiError):
    """The API server does not serve the kind. `settled` says whether no CustomResourceDefinition can bring it."""

    def __init__(self, what: str, *, fix: str, settled: bool) -> None:
        super().__init__(what, fix=fix)
        self.settled = settled


def kind_of(token: str, inputs: Mapping[str, Any]) -> Kind:
    """The kind that a resource of type `token` declares; what its inputs say goes before what the token says.

    Raises:
        KokunaiError: the type is none of an API object, or one that is not stood in for.
    """
    for prefix, fix in NOT_STOOD_IN.items():
        if token == prefix or token.startswith((f"{prefix}:", f"{prefix}/")):
            raise KokunaiError(f"{token} is not stood in for", fix=fix)
    _, module, name = token.split(":", 2)
    version = module.removeprefix("core/")
    api_version, kind = inputs.get("apiVersion", version), inputs.get("kind", name)
    if not isinstance(api_version, str) or not isinstance(kind, str):
        raise KokunaiError("apiVersion and kind must be plain text", where=token)
    if name.endswith("Patch"):
        raise KokunaiError(
            f"{token} is not stood in for: it changes an object that somebody else declares",
            fix="declare the object itself in a rehearsal",
        )
    if kind.endswith("List"):
        raise KokunaiError(
            f"{kind} is a list: the API server keeps objects, not lists",
            where=token,
            fix="declare its items one by one",
        )
    return Kind(api_version, kind)


@dataclass
class Discovery:
    """What one API server serves, asked once per API version and again when something is missing."""

    api: Api
    _known: dict[str, dict[str, Served]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, kind: Kind) -> Served:
        """
        Raises:
            UnknownKind: it is not served; the kinds that are served there are named.
        """
        with self._lock:
            served = self._known.get(kind.api_version, {})
            if kind.name not in served:
                served = self._known[kind.api_version] = self._ask(kind)
        if kind.name in served:
            return served[kind.name]
        raise self._unknown(kind, sorted(served))

    def _ask(self, kind: Kind) -> dict[str, Served]:
        listed = self.api.find(kind.path)
        return {
            each["kind"]: Served(Kind(kind.api_version, each["kind"]), each["name"], each["namespaced"])
            for each in (listed or {}).get("resources", [])
            if "/" not in each["name"]
        }

    def _unknown(self, kind: Kind, served: list[str]) -> UnknownKind:
        near = get_close_matches(kind.name, served, n=1)
        if served:
            fix = (f"did you mean {near[0]}? " if near else "") + f"{kind.api_version} has: {', '.join(served)}"
            return UnknownKind(f"no kind {kind.name} in {kind.api_version}", fix=fix, settled=self._built_in(kind))
        versions = self._versions(kind.group)
        if versions:
            fix = f"{kind.group} is served as: {', '.join(versions)}"
            return UnknownKind(f"no version {kind.api_version}", fix=fix, settled=False)
        fix = "a CustomResourceDefinition brings it; let the object depend on it"
        return UnknownKind(f"no API group {kind.group} for {kind.name}", fix=fix, settled=False)

    def _built_in(self, kind: Kind) -> bool:
        """Whether the API version is part of Kubernetes itself: then nothing that is deployed adds kinds to it."""
        version = kind.api_version.rpartition("/")[2]
        service = self.api.find(f"/apis/apiregistration.k8s.io/v1/apiservices/{version}.{kind.group}")
        return service is not None and service["metadata"].get("labels", {}).get(AUTOMANAGED) == "onstart"

    def _versions(self, group: str) -> list[str]:
        try:
            found: Object = self.api.get(f"/apis/{group}")
        except ApiError as error:
            if error.code == NOT_FOUND:
                return []
            raise
        return [each["groupVersion"] for each in found.get("versions", [])]
