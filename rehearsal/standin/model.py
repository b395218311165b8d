"""What a stand-in answers: the life of one resource as pure functions of a cloud, a schema and inputs.

`server` puts them on the wire. A resource's outputs are a function of its id, inputs and settings, so an update needs no
memory, and nothing is kept between runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rehearsal.standin.checks import Problem, check
from rehearsal.standin.cloud import Cloud, Naming, Resource
from rehearsal.standin.schema import Kind, Property, Schema, Shape
from rehearsal.standin.synthesis import Synthesis
from rehearsal.standin.wire import UNKNOWN


def checked(
    cloud: Cloud, resource: Resource, previous: Mapping[str, Any], naming: Naming
) -> tuple[dict[str, Any], list[Problem]]:
    """The inputs with what the real provider adds, and everything wrong with them."""
    whole = replace(resource, inputs={**resource.inputs, **cloud.defaults(resource, previous, naming)})
    problems = [*check(resource.schema, whole.inputs), *cloud.problems(whole)]
    if problems:
        return dict(whole.inputs), problems
    return {**whole.inputs, **cloud.remarks(whole)}, []


def created(cloud: Cloud, resource: Resource) -> tuple[str, dict[str, Any]]:
    """The id and the outputs of a new resource."""
    identity = cloud.identity(resource)
    return identity, outputs(cloud, resource, identity)


def outputs(cloud: Cloud, resource: Resource, identity: str) -> dict[str, Any]:
    """The outputs of the resource that has this id: inputs, and everything that the cloud computes."""
    # Two resources may have the same id (a bucket and its policy), but not with the same type.
    seed = f"{resource.token} {identity}"
    synthesis = Synthesis(resource.schema, seed, generous=cloud.generous, named=cloud.makers(resource, identity))
    return _outputs(cloud, resource, synthesis.output, synthesis.member, cloud.assigned(resource, identity))


def previewed(cloud: Cloud, resource: Resource) -> dict[str, Any]:
    """The outputs as far as they are known before the resource exists: what the cloud computes is unknown."""
    assigned = dict.fromkeys(cloud.assigned(resource, ""), UNKNOWN)
    return _outputs(cloud, resource, lambda _: UNKNOWN, lambda *_: UNKNOWN, assigned)


def _outputs(
    cloud: Cloud,
    resource: Resource,
    output: Callable[[Property], Any],
    member: Callable[[Property, str, str], Any],
    assigned: Mapping[str, Any],
) -> dict[str, Any]:
    schema = resource.schema
    given = {**resource.inputs, **cloud.derived(resource)}
    values = {
        name: _completed(value, schema.outputs[name].shape, name, schema, member) if name in schema.outputs else value
        for name, value in given.items()
    }
    values.update({each.name: output(each) for each in schema.computed(given)})
    for path, value in assigned.items():
        if _exists(schema, path) and at(given, path) is None:
            # What the cloud computes as a whole has room for it; what the program gave may not.
            _put(values, path, value, make_room=path.partition(".")[0] not in given)
    return {name: value for name, value in values.items() if value is not None}


def _completed(value: Any, shape: Shape, path: str, schema: Schema, member: Callable[[Property, str, str], Any]) -> Any:
    """A value as the program gave it, with the members that the cloud always adds to such an object."""
    if isinstance(value, list) and shape.kind is Kind.MAP and shape.item is not None:
        # Azure takes a resource's identities as a list of ids, and gives a map from each id to whose it is.
        if UNKNOWN in value:
            return UNKNOWN
        return {each: _completed({}, shape.item, f"{path}.{each}", schema, member) for each in value}
    if isinstance(value, list) and shape.item is not None:
        return [_completed(each, shape.item, f"{path}[{index}]", schema, member) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if shape.item is not None:
        return {key: _completed(each, shape.item, f"{path}.{key}", schema, member) for key, each in value.items()}
    if shape.kind is not Kind.OBJECT:
        return value
    properties = schema.types[shape.type]
    completed = {
        name: _completed(each, properties[name].shape, f"{path}.{name}", schema, member) if name in properties else each
        for name, each in value.items()
    }
    for name, each in properties.items():
        if each.required and name not in completed:
            completed[name] = member(each, f"{path}.{name}", shape.type)
    return completed


def moved(cloud: Cloud, resource: Resource, identity: str, state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Outputs in `state` that are no longer true although nobody changed the resource, with what is true now."""
    paths = cloud.moving(resource)
    if not paths:
        return
    now = outputs(cloud, resource, identity)
    for path in paths:
        value = at(now, path)
        if value is not None and value != at(state, path):
            yield path, value


def refreshed(cloud: Cloud, resource: Resource, identity: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The state as a look into the cloud would find it: the same, but for what has moved."""
    fresh = {name: _copied(value) for name, value in state.items()}
    for path, value in moved(cloud, resource, identity, state):
        _put(fresh, path, value)
    return fresh


def at(values: Mapping[str, Any], path: str) -> Any:
    """The value at a path of objects; None when there is none."""
    value: Any = values
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _put(values: dict[str, Any], path: str, value: Any, *, make_room: bool = False) -> None:
    *parents, last = path.split(".")
    owner: Any = values
    for name in parents:
        if make_room and owner.get(name) is None:
            owner[name] = {}
        owner = owner.get(name)
        if not isinstance(owner, dict):
            return  # not known yet, or not asked for
    owner[last] = value


def _exists(schema: Schema, path: str) -> bool:
    properties: Mapping[str, Property] = schema.outputs
    for name in path.split("."):
        if name not in properties:
            return False
        properties = schema.types.get(properties[name].shape.type, {})
    return True


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
