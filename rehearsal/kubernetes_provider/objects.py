"""What becomes of one declared object: checked, compared, applied, read, deleted. No gRPC here; that is `servicer`'s.

Every method takes and returns plain values. Refusals of the API server are raised with its own words, what is in a Secret
left out; an object that exists but is not ready is raised as `NotReady`, with its state, so that nothing is ever lost.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from core.errors import KokunaiError
from rehearsal.cluster.api import Answer, Api, ApiError, Object
from rehearsal.kubernetes_provider import canary
from rehearsal.kubernetes_provider.connection import Connection
from rehearsal.kubernetes_provider.differences import Difference, differences, needs_replacement
from rehearsal.kubernetes_provider.kinds import NOT_FOUND, Discovery, Kind, Served, UnknownKind, kind_of
from rehearsal.kubernetes_provider.naming import is_autonamed, named
from rehearsal.kubernetes_provider.projection import declared, owned_by, projected
from rehearsal.kubernetes_provider.readiness import AWAITED, State, Verdict
from rehearsal.kubernetes_provider.redaction import redactor
from rehearsal.kubernetes_provider.values import expected, sealed, state
from rehearsal.kubernetes_provider.waiting import (
    GONE_SECONDS,
    SKIP,
    WAIT_FOR,
    Cancelled,
    Waiting,
    annotation,
    seconds_for,
)
from rehearsal.standin.wire import UNKNOWN, has_unknown

CONFLICT: Final = 409
UNPROCESSABLE: Final = 422
LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What the API server makes names of."""
FORCE: Final = "pulumi.com/patchForce"
PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"
PROPAGATIONS: Final = {"orphan": "Orphan", "background": "Background"}
MISORDERED_SECONDS: Final = 10.0
"""How long a create is tried again whose namespace or kind is not there yet, as the official provider does."""
BINDING: Final = ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")


class NotReady(Exception):
    """The object was applied and is not what was declared, or not in time."""

    def __init__(self, identity: str, outputs: Object, inputs: Object, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.identity = identity
        self.outputs = outputs
        self.inputs = inputs
        self.reasons = reasons


@dataclass(frozen=True)
class Voice:
    """How a resource speaks to the user while it is worked on: a passing line, a note that stays, a warning."""

    status: Callable[[str], None]
    note: Callable[[str], None]
    warn: Callable[[str], None]

    def through(self, redact: Callable[[str], str]) -> Voice:
        """The same voice, with every text sent through `redact`."""
        return Voice(
            status=lambda text: self.status(redact(text)),
            note=lambda text: self.note(redact(text)),
            warn=lambda text: self.warn(redact(text)),
        )


@dataclass(frozen=True)
class Resource:
    """A resource of the stack: its URN, what it is called there, what it declares."""

    urn: str
    inputs: Object
    secrets: tuple[Any, ...] = ()
    """Values in the inputs that the program marked as secret."""

    @property
    def token(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3]

    @property
    def kind(self) -> Kind:
        return kind_of(self.token, self.inputs)

    def redactor(self) -> Callable[[str], str]:
        """Takes this resource's secrets out of a text."""
        return redactor(self.inputs, self.secrets)

    @property
    def manager(self) -> str:
        """Under which name the resource owns fields. Its own, so that a second resource is seen when it meddles, and an
        object that an interrupted run left is known again."""
        return f"pulumi-kubernetes-{hashlib.sha256(self.urn.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Comparison:
    """What differs between the old and the new inputs, and which of it means a replacement."""

    differences: tuple[Difference, ...]
    replacing: frozenset[Difference] = frozenset()
    delete_first: bool = False


@dataclass
class Objects:
    """The objects of one cluster, as one provider of a stack works on them."""

    connection: Connection
    api: Api
    waiting: Waiting = field(init=False)
    discovery: Discovery = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.api)
        self.discovery = Discovery(self.api)

    def compare(self, resource: Resource, identity: str, old: Object) -> Comparison:
        """How the new inputs differ from `old`, the inputs of the object with this id."""
        kind, inputs = resource.kind, resource.inputs
        before, after = self._placed(kind, old, identity), self._placed(kind, inputs, "")
        found = tuple(differences(before, after))
        replacing = frozenset(
            each for each in found if needs_replacement(kind, each, inputs, self.connection.mutability)
        )
        same_place = all(_metadata(before, key) == _metadata(after, key) for key in ("name", "namespace"))
        return Comparison(found, replacing, bool(replacing) and same_place and not is_autonamed(inputs))

    def create(self, resource: Resource, seconds: float, *, voice: Voice, preview: bool) -> tuple[str, Object]:
        """Make the object. Its id and what the state keeps of it.

        Raises:
            KokunaiError: it is there already, or the API server refuses it.
            NotReady: it was made and is not ready.
        """
        redact = resource.redactor()
        voice = voice.through(redact)
        try:
            if preview:
                return "", self._rehearsed(resource, voice, fresh=True)
            served, path, answer = self._made(resource, voice)
        except ApiError as error:
            raise _told(error, redact, f"{_label(resource.inputs)} was not created: the API server says") from error
        return self._finished(resource, served, path, answer, seconds, voice, redact)

    def update(
        self, resource: Resource, identity: str, seconds: float, *, voice: Voice, preview: bool
    ) -> tuple[str, Object]:
        """Change the object with this id to the resource's inputs. Raises as `create`."""
        redact = resource.redactor()
        voice = voice.through(redact)
        try:
            if preview:
                return identity, self._rehearsed(resource, voice, fresh=False, identity=identity)
            served = self.discovery.find(resource.kind)
            path = self._path(served, identity)
            if self.api.find(path) is None:
                raise KokunaiError(
                    f"{identity} is no longer in the cluster",
                    where=resource.name,
                    fix="run `pulumi refresh`, then again",
                )
            answer = self._apply(resource, path, identity=identity)
        except ApiError as error:
            raise _told(error, redact, f"{identity} was not changed: the API server says") from error
        return self._finished(resource, served, path, answer, seconds, voice, redact)

    def read(self, resource: Resource, identity: str) -> tuple[Object, Object] | None:
        """Inputs and state of the object as it is now; None where it is gone. Without inputs: an import.

        Raises:
            NotReady: it is there and not ready.
        """
        redact = resource.redactor()
        try:
            served = self.discovery.find(resource.kind)
            live = self.api.find(self._path(served, identity))
        except UnknownKind:
            return None
        except ApiError as error:
            raise _told(error, redact, f"{identity} could not be read: the API server says") from error
        if live is None:
            return None
        # Items of a list carry no kind of their own, and neither may an answer.
        inputs = projected(resource.inputs, live, resource.manager) if resource.inputs else declared(live)
        outputs, inputs = state(live), sealed(inputs)
        verdict = self._judged(resource, live)
        if resource.inputs and verdict.state is not State.READY:
            raise NotReady(identity, outputs, inputs, [redact(verdict.message)])
        return inputs, outputs

    def delete(self, resource: Resource, identity: str, seconds: float, *, voice: Voice) -> None:
        """Delete the object and wait until it is gone; one that is gone already is deleted.

        Raises:
            KokunaiError: the API server refuses, does not answer, or the object is held for too long.
        """
        redact = resource.redactor()
        voice = voice.through(redact)
        inputs = resource.inputs
        try:
            served = self.discovery.find(resource.kind)
        except UnknownKind:
            return
        path = self._path(served, identity)
        try:
            live = self.api.find(path)
            if live is None:
                return
            wish = (annotation(inputs, PROPAGATION) or "").lower()
            self.api.delete(path, propagation=PROPAGATIONS.get(wish, "Foreground"))
            if annotation(inputs, SKIP) != "true":
                patience = seconds_for(inputs, seconds, GONE_SECONDS)
                self.waiting.until_gone(path, live["metadata"]["uid"], patience, voice.status)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise _told(error, redact, f"{identity} was not deleted: the API server says") from error
        except TimeoutError as error:
            raise KokunaiError(f"{identity} was told to go and is {redact(str(error))}") from error
        except Cancelled:
            raise KokunaiError(f"{identity} was told to go; cancelled before it was gone") from None

    def _rehearsed(self, resource: Resource, voice: Voice, *, fresh: bool, identity: str = "") -> Object:
        """What a preview can know of the object: the API server's dry run where everything that it needs is there."""
        inputs = resource.inputs
        if has_unknown(inputs):
            return expected(inputs, None)
        try:
            served = self.discovery.find(resource.kind)
        except UnknownKind as error:
            if error.settled:
                raise
            voice.status(f"not validated yet: {error.what}")
            return expected(inputs, None)
        try:
            answer = self._dry_run(resource, served, fresh=fresh, identity=identity)
        except ApiError as error:
            if fresh and _namespace_missing(error):
                voice.status(f"not validated yet: {error.what}; the API server judges it once its namespace is there")
                return expected(inputs, None)
            raise
        for warning in answer.warnings:
            voice.warn(warning)
        return expected(inputs, answer.object)

    def _dry_run(self, resource: Resource, served: Served, *, fresh: bool, identity: str) -> Answer:
        if not fresh:
            return self._apply(resource, self._path(served, identity), identity=identity, dryRun="All")
        resource = _with_name(resource)
        path = self._path_of(resource, served)
        live = self.api.find(path)
        if live is None:
            return self._apply(resource, path, dryRun="All")
        self._refuse_foreign(resource, live)
        # Ours, and yet to be made: it is about to be replaced. A change that the server refuses is a new object's right.
        try:
            return self._apply(resource, path, dryRun="All")
        except ApiError as error:
            if error.code != UNPROCESSABLE:
                raise
        stand_in = f"{resource.inputs['metadata']['name'][:50]}-{resource.manager[-8:]}"
        metadata = {**resource.inputs["metadata"], "name": stand_in}
        other = replace(resource, inputs={**resource.inputs, "metadata": metadata})
        return self._apply(other, path.rpartition("/")[0] + f"/{stand_in}", dryRun="All")

    def _made(self, resource: Resource, voice: Voice) -> tuple[Served, str, Answer]:
        """Create the object, patient with a namespace or a kind that comes a moment later."""
        end = time.monotonic() + MISORDERED_SECONDS
        resource = _with_name(resource)
        while True:
            try:
                served = self.discovery.find(resource.kind)
                path = self._path_of(resource, served)
                live = self.api.find(path)
                if live is not None:
                    self._refuse_foreign(resource, live)
                    voice.note("it was there already, left by an interrupted run or given to this stack: taken over")
                return served, path, self._apply(resource, path)
            except UnknownKind as error:
                if error.settled or time.monotonic() > end:
                    raise
                voice.status(f"trying again: {error.what}")
            except ApiError as error:
                if not _namespace_missing(error) or time.monotonic() > end:
                    raise
                voice.status(f"trying again: {error.what}")
            if self.waiting.cancelled.wait(0.5):
                raise KokunaiError(f"{_label(resource.inputs)} was not created: cancelled")

    def _refuse_foreign(self, resource: Resource, live: Object) -> None:
        """An object that is there before it was made is somebody else's, unless this very resource began to make it."""
        if self.connection.upsert or owned_by(resource.manager, live) is not None:
            return
        raise KokunaiError(
            f"{_label(resource.inputs)} was not created: {resource.kind.name} "
            f"{live['metadata']['name']!r} already exists in the cluster",
            where=resource.name,
            fix="import it, give a renamed resource an alias, or set upsertExistingObjects on the provider",
        )

    def _apply(self, resource: Resource, path: str, *, identity: str = "", **query: str) -> Answer:
        body = {key: value for key, value in resource.inputs.items() if key != "status"}
        kind = resource.kind
        metadata = {**body.get("metadata", {})}
        if identity:
            metadata["name"] = identity.rpartition("/")[2]
        body = {**body, "apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
        force = self.connection.force or annotation(resource.inputs, FORCE) == "true"
        try:
            return self.api.apply(path, body, manager=resource.manager, force=str(force).lower(), **query)
        except ApiError as error:
            if error.code != CONFLICT or error.reason != "Conflict" or force:
                raise
            raise KokunaiError(
                f"{_label(body)} was not changed: {resource.redactor()(error.what)}",
                where=resource.name,
                fix=f"somebody else owns these fields: let them go there, or set enablePatchForce on the provider "
                f"or the annotation {FORCE}",
            ) from error

    def _finished(
        self,
        resource: Resource,
        served: Served,
        path: str,
        answer: Answer,
        seconds: float,
        voice: Voice,
        redact: Callable[[str], str],
    ) -> tuple[str, Object]:
        """Wait for the applied object, and say how it is."""
        for warning in answer.warnings:
            voice.warn(warning)
        if annotation(resource.inputs, WAIT_FOR):
            voice.note(f"{WAIT_FOR} is not evaluated in a rehearsal: the controllers that it waits for do not run")
        live, kind = answer.object, served.kind
        identity = _identity(served, live)
        try:
            verdict, live = self.waiting.until_ready(kind, path, resource.inputs, live, seconds, voice.status)
            if (kind.group, kind.name) == BINDING and not canary.wait_until_in_force(self.api, live):
                voice.warn("it could not be seen whether the policy is in force; it takes up to a second")
        except KokunaiError as error:
            # It exists: losing it from the state because nobody answers now would make it an orphan.
            raise NotReady(identity, state(live), sealed(resource.inputs), [redact(str(error))]) from error
        if verdict.state is State.READY:
            voice.status("")
            return identity, state(live)
        raise NotReady(identity, state(live), sealed(resource.inputs), [redact(verdict.message)])

    def _judged(self, resource: Resource, live: Object) -> Verdict:
        kind = resource.kind
        awaited = AWAITED.get((kind.group, kind.name))
        if awaited is None or annotation(resource.inputs, SKIP) == "true" or not resource.inputs:
            return Verdict(State.READY)
        return self.waiting.judge(awaited, live)

    def _namespace(self, inputs: Mapping[str, Any]) -> str:
        return str(_metadata(inputs, "namespace") or self.connection.namespace)

    def _path_of(self, resource: Resource, served: Served) -> str:
        """Where the object will be."""
        return served.path(self._namespace(resource.inputs), str(_metadata(resource.inputs, "name")))

    def _path(self, served: Served, identity: str) -> str:
        namespace, _, name = identity.rpartition("/")
        return served.path(namespace or self.connection.namespace, name)

    def _placed(self, kind: Kind, inputs: Object, identity: str) -> Object:
        """`inputs` with the namespace that they mean, so that leaving out the default one is no difference."""
        metadata = inputs.get("metadata")
        if not isinstance(metadata, dict) or "namespace" in metadata:
            return inputs
        namespace = identity.rpartition("/")[0]
        if not identity:
            try:
                namespace = self.connection.namespace if self.discovery.find(kind).namespaced else ""
            except UnknownKind:
                return inputs
        return {**inputs, "metadata": {**metadata, "namespace": namespace}} if namespace else inputs


def checked(resource: Resource, old: Mapping[str, Any], seed: bytes) -> Object:
    """The inputs as the state keeps them: with kind, API version and a name.

    Raises:
        KokunaiError: the type is not one of an API object, or not stood in for.
    """
    kind = resource.kind
    inputs = {**resource.inputs, "apiVersion": kind.api_version, "kind": kind.name}
    return named(inputs, old, resource.name, seed)


def _with_name(resource: Resource) -> Resource:
    """The resource with a name where it only says how one should begin. Nobody can apply to a name that is not chosen, so
    it is made here as the server would make it."""
    start = _metadata(resource.inputs, "generateName")
    if not start or _metadata(resource.inputs, "name"):
        return resource
    name = start + "".join(secrets.choice(LETTERS) for _ in range(5))
    metadata = {**resource.inputs["metadata"], "name": name}
    return replace(resource, inputs={**resource.inputs, "metadata": metadata})


def _identity(served: Served, live: Object) -> str:
    name = str(live["metadata"]["name"])
    return f"{live['metadata']['namespace']}/{name}" if served.namespaced else name


def _metadata(inputs: Mapping[str, Any], key: str) -> Any:
    metadata = inputs.get("metadata")
    return metadata.get(key) if isinstance(metadata, dict) else None


def _label(inputs: Mapping[str, Any]) -> str:
    return "/".join(str(part) for key in ("namespace", "name") if (part := _metadata(inputs, key)) and part != UNKNOWN)


def _namespace_missing(error: ApiError) -> bool:
    return error.code == NOT_FOUND and error.status.get("details", {}).get("kind") == "namespaces"


def _told(error: ApiError, redact: Callable[[str], str], what: str) -> KokunaiError:
    return KokunaiError(redact(f"{what}: {error.what}"))
