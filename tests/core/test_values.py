"""Reading property trees: three answers, secrets that stay marked, shapes that hide nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values import UNKNOWN, Absent, Known, Secret, Unknown, UnknownMarker, Value, at, leaves

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(UNKNOWN),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c.d", ""]), inner, max_size=3)
        | inner.map(Secret)
    ),
    max_leaves=12,
)
PATHS = st.lists(st.sampled_from(["a", "b", "a[]", "b{}", "a[].b"]), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("tree", "path", "found"),
    [
        ({"a": 1}, "a", [("a", Known(1))]),
        ({}, "a", [("a", Absent())]),
        ({"a": None}, "a", [("a", Absent())]),
        ({"a": UNKNOWN}, "a", [("a", Unknown())]),
        ({"a": {"b": 1}}, "a.b", [("a.b", Known(1))]),
        ({"a": {}}, "a.b", [("a.b", Absent())]),
        ({}, "a.b.c", [("a", Absent())]),
        ({"a": UNKNOWN}, "a.b.c", [("a", Unknown())]),
        ({"a": [1, UNKNOWN, None]}, "a[]", [("a[0]", Known(1)), ("a[1]", Unknown()), ("a[2]", Absent())]),
        ({"a": []}, "a[]", []),
        ({}, "a[]", [("a", Absent())]),
        ({"a": [{"b": 1}, {}]}, "a[].b", [("a[0].b", Known(1)), ("a[1].b", Absent())]),
        ({"a": {"x": 1, "y": UNKNOWN}}, "a{}", [("a.x", Known(1)), ("a.y", Unknown())]),
        ({"a": [[1], [2]]}, "a[][]", [("a[0][0]", Known(1)), ("a[1][0]", Known(2))]),
        ([{"b": 1}], "[].b", [("[0].b", Known(1))]),
    ],
)
def test_a_path_names_places_and_each_has_one_of_three_answers(
    tree: Any, path: str, found: list[tuple[str, Value]]
) -> None:
    assert list(at(tree, path)) == found


@pytest.mark.parametrize(
    ("tree", "path", "found"),
    [
        ({"a": {"b": 1}}, "a[].b", [("a.b", Known(1))]),
        ({"a": [{"b": 1}, {"b": 2}]}, "a.b", [("a[0].b", Known(1)), ("a[1].b", Known(2))]),
        ({"a": "x"}, "a[]", [("a", Known("x"))]),
        ({"a": "x"}, "a.b", [("a", Known("x"))]),
        ({"a": True}, "a[].b.c", [("a", Known(True))]),
    ],
)
def test_another_shape_than_the_path_expects_hides_nothing(
    tree: Any, path: str, found: list[tuple[str, Value]]
) -> None:
    assert list(at(tree, path)) == found


@pytest.mark.parametrize(
    "tree",
    [
        {"a": {"b": Secret("x")}},
        {"a": Secret({"b": "x"})},
        Secret({"a": {"b": "x"}}),
        {"a": Secret(Secret({"b": "x"}))},
    ],
)
def test_whatever_stands_inside_a_secret_is_a_secret(tree: Any) -> None:
    assert list(at(tree, "a.b")) == [("a.b", Known("x", secret=True))]
    assert list(leaves(tree)) == [("a.b", Known("x", secret=True))]


def test_a_secret_does_not_show_itself() -> None:
    assert "hidden" not in repr({"a": Secret("hidden")})
    assert "hidden" not in f"{Secret('hidden')}"


def test_there_is_one_unknown() -> None:
    assert UnknownMarker() is UNKNOWN


def test_leaves_are_every_scalar_in_order() -> None:
    tree = {"a": [1, {"b": UNKNOWN}], "c": {"d": None}, "e": []}
    assert list(leaves(tree)) == [("a[0]", Known(1)), ("a[1].b", Unknown()), ("c.d", Known(None))]


def test_depth_does_not_exhaust_the_stack() -> None:
    tree: Any = "deep"
    for _ in range(100_000):
        tree = [tree]
    assert len(list(leaves(tree))) == 1


@given(TREES, PATHS)
def test_no_tree_and_no_path_raise(tree: Any, path: str) -> None:
    for where, value in at(tree, path):
        assert isinstance(where, str)
        assert isinstance(value, Known | Absent | Unknown)


@given(TREES)
def test_an_unknown_is_never_lost(tree: Any) -> None:
    def count(node: Any) -> int:
        if isinstance(node, Secret):
            return count(node.value)
        if isinstance(node, dict):
            return sum(map(count, node.values()))
        return sum(map(count, node)) if isinstance(node, list) else int(node is UNKNOWN)

    assert sum(isinstance(value, Unknown) for _, value in leaves(tree)) == count(tree)
