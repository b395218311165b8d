"""From a provider's configuration to the API server that it may talk to, and no other.

A kubeconfig is read for one thing only: which server it means. Its users, exec plug-ins and tokens are left alone. The server
must be one that the rehearsal wrote into the file that `KOKUNAI_REHEARSAL_CLUSTERS` names; the token is that file's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from core.errors import EnvironmentFault, KokunaiError
from rehearsal.kubernetes_provider.differences import Mutability

CLUSTERS: Final = "KOKUNAI_REHEARSAL_CLUSTERS"
DEFAULT_NAMESPACE: Final = "default"


@dataclass(frozen=True)
class Connection:
    """An API server of the rehearsal, and how the program wants it to be used."""

    site: str
    server: str
    certificate_authority: str
    token: str
    namespace: str = DEFAULT_NAMESPACE
    """Where objects go that name no namespace."""
    mutability: Mutability = field(default_factory=Mutability)
    force: bool = False
    """Whether fields that somebody else owns are taken over instead of refused."""
    upsert: bool = False
    """Whether an object that is there already is taken over instead of refused."""


def connect(config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Connection:
    """The connection that a provider with these inputs has.

    Raises:
        KokunaiError: the kubeconfig is missing, cannot be read, or means a cluster that is none of the rehearsal's.
    """

    def flag(name: str, variable: str) -> bool:
        value = config.get(name)
        if value is None:
            value = environ.get(variable, "false")
        return str(value).lower() in ("true", "1")

    if str(config.get("enableServerSideApply", "true")).lower() == "false":
        raise KokunaiError(
            "enableServerSideApply is off; a rehearsal applies on the server only", fix="remove the setting"
        )
    if config.get("renderYamlToDirectory"):
        raise KokunaiError(
            "renderYamlToDirectory: a rehearsal applies objects, it does not render them", fix="remove it"
        )
    text = _text(str(config.get("kubeconfig") or environ.get("KUBECONFIG", "")))
    server, namespace = _meant(_parsed(text), config.get("context"), config.get("cluster"))
    site, entry = _known(server, environ)
    return Connection(
        site=site,
        server=entry["server"],
        certificate_authority=entry["certificate_authority"],
        token=_token(entry["token_file"]),
        namespace=str(config.get("namespace") or namespace or DEFAULT_NAMESPACE),
        mutability=Mutability(
            config_maps=flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
            secrets=flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        ),
        force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    )


def _text(value: str) -> str:
    if not value:
        raise KokunaiError(
            "no kubeconfig",
            where="provider kubernetes",
            fix="give the provider the kubeconfig of its site's cluster; the one in your home is not used in a rehearsal",
        )
    if "\n" in value or value.lstrip().startswith("{"):
        return value
    try:
        return Path(value).expanduser().read_text("utf-8")
    except OSError as error:
        raise KokunaiError(f"cannot read the kubeconfig: {error.strerror}", where=value) from error


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        parsed = YAML(typ="safe").load(text)
    except YAMLError:
        parsed = None
    if not isinstance(parsed, dict):
        # The text may hold credentials, so it is not quoted.
        raise KokunaiError(
            "the kubeconfig is neither YAML nor JSON", where="provider kubernetes", fix="check its value"
        )
    return parsed


def _meant(kubeconfig: Mapping[str, Any], context: str | None, cluster: str | None) -> tuple[str, str | None]:
    """The server that a kubeconfig means, and the namespace of its context."""

    def entry(kind: str, name: str | None) -> Mapping[str, Any]:
        for each in kubeconfig.get(f"{kind}s") or []:
            if each.get("name") == name:
                found: Mapping[str, Any] = each.get(kind) or {}
                return found
        raise KokunaiError(f"the kubeconfig has no {kind} {name!r}", where="provider kubernetes")

    chosen = entry("context", context or kubeconfig.get("current-context"))
    return str(entry("cluster", cluster or chosen.get("cluster")).get("server", "")), chosen.get("namespace")


def _known(server: str, environ: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    path = environ.get(CLUSTERS, "")
    if not path:
        raise EnvironmentFault(f"{CLUSTERS} is not set", fix="use the environment that `kokunai rehearse shell` gives")
    try:
        clusters: Mapping[str, Mapping[str, str]] = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            "cannot read which clusters are rehearsed",
            where=path,
            fix="run `kokunai rehearse up` again; it writes the file",
        ) from error
    address = urlsplit(server).netloc
    for site, entry in clusters.items():
        if urlsplit(entry["server"]).netloc == address:
            return site, entry
    raise KokunaiError(
        f"{server or 'no server'} is none of this rehearsal's clusters ({', '.join(sorted(clusters)) or 'none'}): not contacted",
        where="provider kubernetes, kubeconfig",
        fix="run `kokunai rehearse up`; after a restart of a cluster, refresh the stack that holds its address",
    )


def _token(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise EnvironmentFault(
            f"cannot read the cluster's token: {error.strerror}", where=path, fix="run `kokunai rehearse up` again"
        ) from error
