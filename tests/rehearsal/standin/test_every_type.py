"""Every resource type of every SDK can be rehearsed: read, checked, previewed, created."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.standin import model
from rehearsal.standin.__main__ import CLOUDS
from rehearsal.standin.cloud import Naming, Resource
from rehearsal.standin.schema import Kind, Schema, Shape
from rehearsal.standin.sdk_schema import Sdk
from rehearsal.standin.wire import UNKNOWN, has_unknown
from tests.rehearsal.standin.wired import SETTINGS, urn

SAMPLES: Mapping[Kind, Any] = {
    Kind.ANY: "any",
    Kind.BOOLEAN: True,
    Kind.INTEGER: 1.0,
    Kind.MAP: {},
    Kind.NUMBER: 1.5,
    Kind.STRING: "given",
    Kind.ASSET: {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": ""},
}


def sample(shape: Shape, schema: Schema) -> Any:
    """The least that a program may give for a value of this shape."""
    if shape.allowed:
        return shape.allowed[0]
    if shape.kind is Kind.UNION:
        return sample(shape.options[0], schema)
    if shape.kind is Kind.LIST:
        return []
    if shape.kind is Kind.OBJECT:
        return least(schema.types[shape.type], schema)
    return SAMPLES[shape.kind]


def least(properties: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    return {name: sample(each.shape, schema) for name, each in properties.items() if each.required}


@pytest.mark.slow
@pytest.mark.parametrize("package", ["aws", "azure-native", "gcp"])
def test_every_type_can_be_rehearsed(package: str) -> None:
    sdk, cloud = Sdk(package), CLOUDS[package]()
    assert len(sdk.tokens) > 1000
    for token in sdk.tokens:
        schema = sdk.schema(token)
        assert schema is not None
        given = Resource(urn(token), schema, least(schema.inputs, schema), SETTINGS[package])
        inputs, problems = model.checked(cloud, given, {}, Naming())
        assert problems == [], token
        resource = Resource(given.urn, schema, inputs, given.settings)
        identity, outputs = model.created(cloud, resource)
        assert identity
        assert UNKNOWN not in identity
        assert not identity.startswith("arn:") or outputs.get("arn", identity) == identity, token
        assert not has_unknown(outputs), token
        assert outputs.keys() <= model.previewed(cloud, resource).keys(), token
        assert all(each.name in outputs for each in schema.outputs.values() if each.required), token
