"""What `kokunai rehearse` does: up, status, shell, down; each site on its own and all of them side by side.

Safe to repeat: what is there and unchanged is left alone, what a killed run left behind is put right. Nothing here
decides what is deployed; the program does, and the engine runs it. What is printed is up to the caller (`report`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from catalog.load import SITES, SiteName, catalogue
from components.plan import plan
from core.descriptor import Descriptor
from core.errors import EnvironmentFault, InputError, KokunaiError
from core.estate import Estate, load_estate
from core.files import write_whole
from core.fingerprint import canonical
from core.lock import Lock
from core.yamlfile import parse
from failover import publish, signing
from rehearsal import credentials as credentials_
from rehearsal import edge, locking, plugins, project, settled
from rehearsal.cluster import ControlPlane
from rehearsal.credentials import Credentials
from rehearsal.engine import Engine, environment
from rehearsal.layout import VARIABLE, Layout
from rehearsal.machines import node_pools
from rehearsal.processes import LOOPBACK, Ports, Supervisor, exclusive
from rehearsal.standing import Standing, standing
from rehearsal.toolchain import Toolchain

Stage = Literal["prepare", "cluster", "stack", "edge", "publish", "done"]
Report = Callable[[str, Stage, str], None]
FREE_DISK = 2 * 1024**3
"""Bytes that four clusters, their logs and states may take."""
ANSWER_SECONDS = 30.0
OPERATION = re.compile(r"^\s*\S{1,3}\s+(?P<resource>\S+:\S+ \S+) (?:created|updated|replaced|deleted)\b")
"""A line with which the engine says that it did something to a resource."""
REGION_KEYS: dict[SiteName, str] = {
    "aws": "aws:region",
    "azure": "azure-native:location",
    "gcp": "gcp:region",
    "onprem": "kokunai:region",
}
"""Where a stack's file says its region."""


@dataclass
class Rehearsal:
    """One rehearsal on this machine: what its commands share."""

    layout: Layout
    estate: Path
    report: Report = lambda site, stage, detail: None
    _clusters: threading.Lock = field(default_factory=threading.Lock)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.layout.processes)

    @property
    def ports(self) -> Ports:
        return Ports(self.layout.ports)

    @property
    def toolchain(self) -> Toolchain:
        return Toolchain(self.layout.project)

    def cluster(self, site: SiteName) -> ControlPlane:
        """The control plane that stands for a site's."""
        return ControlPlane(site, self.layout.site(site), self.toolchain)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.layout.secrets)

    def up(self, sites: Sequence[SiteName]) -> tuple[Descriptor, ...]:
        """Bring `sites` up and publish their endpoints.

        Raises:
            KokunaiError: what stood in the way, of every site that failed; the others stay up.
        """
        with exclusive(self.layout.mutex, wait=600):
            began = time.monotonic()
            estate = self._prepare(sites)
            self.report("", "prepare", f"{time.monotonic() - began:.1f} s")
            with ThreadPoolExecutor(len(sites)) as pool:
                futures = {site: pool.submit(self._site, site, estate) for site in sites}
            problems = [error for future in futures.values() if (error := future.exception())]
            for error in problems:
                if not isinstance(error, KokunaiError):
                    raise error
            if problems:
                raise (
                    problems[0]
                    if len(problems) == 1
                    else InputError([e for e in problems if isinstance(e, KokunaiError)])
                )
            return tuple(descriptor for future in futures.values() for descriptor in future.result())

    def status(self) -> tuple[Standing, ...]:
        """Every published endpoint: whether its descriptor verifies and it answers now."""
        paths = sorted(self.layout.descriptors.glob("*.json"))
        if not paths:
            return ()
        keys = signing.trusted(self.layout.root / "trusted")
        context = publish.context(self.credentials.ca)
        key = self.credentials.client_key.read_text("utf-8").strip()
        with httpx.Client(verify=context, trust_env=False, timeout=5) as client, ThreadPoolExecutor(8) as pool:
            standings = pool.map(lambda path: standing(client, publish.read(path), keys, key), paths)
            return tuple(sorted(standings, key=lambda each: (SITES.index(each.site), each.service)))

    def shell(self) -> tuple[dict[str, str], Path]:
        """The environment in which `pulumi` works on the rehearsed stacks, and the directory to be in.

        Raises:
            EnvironmentFault: there is no rehearsal.
        """
        if not self.layout.workspace.is_dir():
            raise EnvironmentFault(
                "no rehearsal here", where=str(self.layout.root), fix="run `kokunai rehearse up` first"
            )
        engine = environment(self.layout, self.credentials)
        first, _, rest = engine["PATH"].partition(os.pathsep)
        return {
            **engine,
            "PATH": os.pathsep.join((first, str(Path(sys.executable).parent), rest)),
            "SSL_CERT_FILE": str(self.credentials.ca),
            "KOKUNAI_PROJECT": str(self.layout.project),
            "KOKUNAI_ESTATE": str(self.estate),
            VARIABLE: str(self.layout.root),
        }, self.layout.workspace

    def inherited(self) -> dict[str, str]:
        """The caller's environment without what leads to real clouds."""
        return plugins.inherited(os.environ)

    def down(self, *, purge: bool, force: bool) -> None:
        """Destroy what the stacks created, then end every process; with `purge`, remove the rehearsal's directory.

        Raises:
            KokunaiError: a stack could not be destroyed; its cluster still runs, so that it can be tried again.
        """
        if not self.layout.root.exists():
            return
        with exclusive(self.layout.mutex, wait=600):
            sites = [site for site in SITES if self.layout.site(site).exists()]
            engine = Engine.of(self.layout, self.credentials)
            known = engine.stacks() if not force else frozenset()
            problems: list[KokunaiError] = []
            with ThreadPoolExecutor(len(SITES)) as pool:
                for error in pool.map(lambda site: self._down(site, engine, site in known), sites):
                    problems += [error] if error else []
            if problems:
                raise problems[0] if len(problems) == 1 else InputError(problems)
            for left in (self.layout.backend, self.layout.clusters, self.layout.descriptors):
                _remove(left)
            for site in sites:
                _remove(self.layout.site(site))
            if purge:
                _remove(self.layout.root)

    def _down(self, site: SiteName, engine: Engine, destroy: bool) -> KokunaiError | None:
        cluster = self.cluster(site)
        try:
            if destroy:
                self.report(site, "stack", "destroying")
                cluster.start()
                engine.unlock(site)
                engine.run("state", "unprotect", "--all", "--yes", "--stack", site)
                engine.run(
                    "destroy", "--yes", "--skip-preview", "--stack", site, log=self.layout.logs / f"{site}.down.log"
                )
                engine.run("stack", "rm", "--yes", "--stack", site)
        except KokunaiError as error:
            return error
        for name in self.supervisor.names():
            if name.startswith(f"{site}-"):
                self.supervisor.stop(name)
        cluster.stop()
        self.report(site, "done", "down")
        return None

    def _prepare(self, sites: Sequence[SiteName]) -> Estate:
        """All that is common to the sites and needs no process."""
        self.layout.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(self.layout.root).free
        if free < FREE_DISK:
            raise EnvironmentFault(
                f"{free // 1024**2} MiB free, {FREE_DISK // 1024**2} MiB needed",
                where=str(self.layout.root),
                fix="free space on that disk",
            )
        facts = catalogue()
        estate = load_estate(self.estate, facts)
        haproxy = self.toolchain.program("haproxy")
        locking.write(self.layout.lock, locking.lock(estate.services, haproxy, facts))
        plugins.install(self.layout.home, Path(sys.executable), self.toolchain.program("pulumi"))
        credentials_.prepare(self.layout.secrets, {site: f"llm-{site}.rehearsal.invalid" for site in SITES})
        key = self.layout.secrets / "signing.key"
        if not key.exists():
            signing.generate(key, self.layout.root / "trusted" / "rehearsal.pub")
        return estate

    def _site(self, site: SiteName, estate: Estate) -> tuple[Descriptor, ...]:
        began = time.monotonic()

        def report(stage: Stage, detail: str) -> None:
            self.report(site, stage, f"{detail} ({time.monotonic() - began:.1f} s)")

        report("cluster", "starting")
        settings = self._settings(site)
        site_plan = plan(
            site, settings["region"], tuple(settings["zones"]), estate.services, estate.tags, Lock(), catalogue()
        )
        cluster = self.cluster(site)
        cluster.start()
        cluster.nodes(node_pools(site_plan))
        self._register(site, cluster)
        report("stack", "preparing")
        engine = Engine.of(self.layout, self.credentials)
        self._stack(site, engine, cluster)
        if not settled.is_settled(self.layout, self.estate, site):
            self._update(site, engine, report)
            settled.settle(self.layout, self.estate, site)
        outputs = engine.outputs(site)
        report("edge", "starting")
        with closing(cluster.api()) as api:
            deployed = edge.read(api)
        port = edge.run(
            site, deployed, self.layout.site(site), self.toolchain.program("haproxy"), self.supervisor, self.ports
        )
        address = f"{LOOPBACK}:{port}"
        edge.wait_ready(address, deployed.models, self.credentials.ca, seconds=ANSWER_SECONDS)
        report("publish", "probing")
        descriptors = publish.publish(
            site,
            publish.read_outputs(outputs, where=f"stack {site}"),
            key=self.credentials.client_key.read_text("utf-8").strip(),
            signer=signing.signer(self.layout.secrets / "signing.key"),
            directory=self.layout.descriptors,
            environment="rehearsal",
            ca=self.credentials.ca,
            address=address,
        )
        report("done", f"{len(descriptors)} endpoints")
        return descriptors

    def _update(self, site: SiteName, engine: Engine, report: Callable[[Stage, str], None]) -> None:
        """`pulumi up` of one stack, telling what it does."""
        done: set[str] = set()

        def progress(line: str) -> None:
            if operation := OPERATION.match(line):
                done.add(operation["resource"])
                report("stack", f"{len(done)} resources, {operation['resource'].rsplit(' ', 1)[-1]}")

        # A preview protects what is there; of a stack that is still empty, it would only run everything twice.
        preview = () if engine.outputs(site) else ("--skip-preview",)
        engine.run("up", "--yes", *preview, "--stack", site, on_line=progress, log=self.layout.logs / f"{site}.up.log")

    def _settings(self, site: SiteName) -> dict[str, Any]:
        """Region and zones as the stack's own file says them."""
        path = self.layout.project / "stacks" / f"Pulumi.{site}.yaml"
        config = (parse(path).data or {}).get("config") or {}
        region = config.get(REGION_KEYS[site])
        if not region:
            raise KokunaiError(f"{REGION_KEYS[site]} is missing", where=str(path), fix="say where the site is")
        return {"region": str(region), "zones": config.get("kokunai:zones") or ()}

    def _register(self, site: SiteName, cluster: ControlPlane) -> None:
        """Tell the stand-in providers which API server is the site's."""
        with self._clusters:
            known = json.loads(self.layout.clusters.read_text("utf-8")) if self.layout.clusters.exists() else {}
            known[site] = {
                "server": cluster.address,
                "certificate_authority": cluster.ca,
                "token_file": str(cluster.deployer_token_file),
            }
            write_whole(self.layout.clusters, json.dumps(known, indent=1))

    def _stack(self, site: SiteName, engine: Engine, cluster: ControlPlane) -> None:
        """The stack exists, is not locked by the dead, and has its secrets."""
        credentials = self.credentials
        plain = {"kokunai:estate": str(self.estate.resolve()), "kokunai:lock": str(self.layout.lock)}
        project.prepare(self.layout, Path(sys.executable), {site: plain})
        engine.prepare(site)
        secrets = {
            "kokunai:edgeCertificate": credentials.certificate(site).read_text("utf-8"),
            "kokunai:edgePrivateKey": credentials.private_key(site).read_text("utf-8"),
            f"kokunai:edgeKeys.{credentials_.CLIENT}": credentials.client_key_hash(),
        }
        if site == "onprem":
            secrets["kokunai:kubeconfig"] = json.dumps(_kubeconfig(cluster))
        # The engine is asked only when something changed: each question takes it half a second.
        seal = self.layout.secrets / f"{site}.sealed"
        digest = hashlib.sha256(canonical({"file": str(project.stack_file(self.layout, site)), **secrets})).hexdigest()
        if not project.is_sealed(self.layout, site) or not seal.exists() or seal.read_text("utf-8") != digest:
            engine.seal(site, secrets)
            write_whole(seal, digest)


def _kubeconfig(cluster: ControlPlane) -> dict[str, Any]:
    """What an organisation would hand over for its own cluster; without a token, since the stand-in brings its own."""
    authority = base64.b64encode(cluster.ca.encode()).decode("ascii")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "onprem", "cluster": {"server": cluster.address, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "deployer", "user": {}}],
        "contexts": [{"name": "onprem", "context": {"cluster": "onprem", "user": "deployer"}}],
        "current-context": "onprem",
    }


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
