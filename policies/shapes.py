"""Finds objects inside a property tree by their shape, wherever a custom resource may have put them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.values import Secret, is_list, joined


def mappings(tree: Any) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every object of a tree, the tree itself first: concrete path, object, and whether it stands inside a secret."""
    stack: list[tuple[str, Any, bool]] = [("", tree, False)]
    while stack:
        path, node, secret = stack.pop()
        if isinstance(node, Secret):
            stack.append((path, node.value, True))
        elif isinstance(node, Mapping):
            yield path, node, secret
            stack.extend((joined(path, key), item, secret) for key, item in reversed(list(node.items())))
        elif is_list(node):
            stack.extend((f"{path}[{index}]", node[index], secret) for index in range(len(node) - 1, -1, -1))
