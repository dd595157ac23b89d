"""PHP's way of writing nested values into a form or a query (`data[FIELDS][ID]=7`), both ways."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

_STEP = re.compile(r"\[([^\]]*)\]")
DEEPEST = 8


def query(params: Mapping[str, Any]) -> str:
    """The parameters of a batch command. `$result[..]` references keep their brackets, as the documentation does."""
    return "&".join(f"{quote(name, safe='[]')}={quote(value, safe='$[]')}" for name, value in _flat(params, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _flat(inner, f"{name}[{key}]" if name else str(key))
        case list() | tuple():
            for place, inner in enumerate(value):
                yield from _flat(inner, f"{name}[{place}]")
        case bool():
            yield name, "1" if value else "0"
        case None:
            yield name, ""
        case _:
            yield name, str(value)


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested value of form pairs. Names nested deeper than anything Bitrix24 sends are dropped."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        path = [head, *_STEP.findall(bracket + rest)]
        if len(path) > DEEPEST:
            continue
        node = tree
        for step in path[:-1]:
            inner = node.get(step)
            if not isinstance(inner, dict):
                inner = node[step] = {}
            node = inner
        node[path[-1] or str(len(node))] = value
    return tree


def mapping(value: Any) -> dict[str, Any]:
    """A map as PHP may have written it: an empty one is `[]`, one with keys 0, 1, .. a list, none at all null."""
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, list):
        return {str(place): inner for place, inner in enumerate(value)}
    return {}
