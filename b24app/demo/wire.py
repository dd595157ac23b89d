"""PHP's way of putting nested values into a form (`data[FIELDS][ID]=7`), both ways."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"\[([^\]]*)\]")


def flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings and lists as (name, text) pairs of a form."""
    if isinstance(values, dict | list | tuple):
        inner = values.items() if isinstance(values, dict) else enumerate(values)
        for key, value in inner:
            yield from flatten(value, f"{prefix}[{key}]" if prefix else str(key))
    else:
        yield prefix, "" if values is None else str(values)


def unflatten(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested value of form pairs; runs of keys 0, 1, 2.. become lists, as in PHP's JSON."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        path = [head, *_PART.findall(bracket + rest)]
        node = tree
        for part in path[:-1]:
            child = node.setdefault(part or str(len(node)), {})
            if not isinstance(child, dict):
                child = node[part] = {}
            node = child
        node[path[-1] or str(len(node))] = value
    return {key: _listed(value) for key, value in tree.items()}


def parse_query(query: str) -> dict[str, Any]:
    """A query string or a batch command's parameters."""
    return unflatten(parse_qsl(query, keep_blank_values=True))


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(part) for key, part in value.items()}
    if inner and list(inner) == [str(index) for index in range(len(inner))]:
        return list(inner.values())
    return inner
