"""One encoding, valid unchanged in four grammars, and reversible."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.tags import TagKey, TagRegistry, Title, decode, encode

KUBERNETES = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
GOOGLE = re.compile(r"[a-z0-9_-]{0,63}")
AWS = re.compile(r"[A-Za-z0-9 _.:/=+@-]{0,256}")
TITLE = Title(ja="鍵", en="key")


@given(st.text())
def test_every_value_is_valid_in_all_four_grammars(value: str) -> None:
    encoded = encode(value)
    assert KUBERNETES.fullmatch(encoded)
    assert GOOGLE.fullmatch(encoded)
    assert AWS.fullmatch(encoded)


@given(st.text(max_size=12))
def test_a_short_value_comes_back(value: str) -> None:
    assert decode(encode(value)) == unicodedata.normalize("NFC", value)


@given(st.text(min_size=38))
def test_a_long_value_comes_back_through_the_registry_only(value: str) -> None:
    encoded = encode(value)
    if encoded.startswith("h--"):
        assert decode(encoded) is None
        assert decode(encoded, {encoded: value}) == value


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("cc-1042", "cc-1042"),
        ("", ""),
        ("営業第一部", "b--smbbdpl5lnjqpb74n20ej0t8"),
        ("john.doe@example.co.jp", "b--d9nmgrhechnmag35f1gmqs3cckn66rped9o0"),
    ],
)
def test_known_encodings(value: str, encoded: str) -> None:
    assert encode(value) == encoded


def test_what_was_never_encoded_is_not_decoded() -> None:
    assert decode("Not Encoded") is None
    assert decode("b--!!!") is None


def _registry(**shared: str) -> TagRegistry:
    return TagRegistry.model_validate(
        {
            "keys": {
                "team": {"title": TITLE, "values": {"sales": {"title": TITLE}}},
                "cost-center": {"title": TITLE, "pattern": r"cc-\d{4}"},
                "service": {"title": TITLE, "derived": "service"},
            },
            "shared": {"team": "sales", "cost-center": "cc-9000", **shared},
        }
    )


def test_problems_name_key_and_cause() -> None:
    problems = _registry().problems({"team": "sails", "service": "x", "owner": "y"})
    assert problems == [
        ("owner", "not a key of the tag registry"),
        ("team", "'sails' is not an allowed value"),
        ("service", "derived, not to be written"),
        ("cost-center", "required"),
    ]


def test_a_stamp_holds_declared_and_derived_values() -> None:
    stamped = _registry().stamp({"team": "sales", "cost-center": "cc-1042"}, {"service": "swallow-70b"})
    assert stamped == {"cost-center": "cc-1042", "service": "swallow-70b", "team": "sales"}


def test_a_key_has_exactly_one_source_of_values() -> None:
    with pytest.raises(ValidationError, match="exactly one of values, pattern and derived"):
        TagKey(title=TITLE)


def test_a_reserved_start_is_refused() -> None:
    with pytest.raises(ValidationError, match="reserved"):
        TagRegistry.model_validate(
            {"keys": {"aws-team": {"title": TITLE, "pattern": ".*"}}, "shared": {"aws-team": "x"}}
        )
