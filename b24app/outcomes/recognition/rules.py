"""The badges there are: names by code, as data (badges.json). Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Badge:
    code: str
    name: Mapping[str, str]


@cache
def badges() -> tuple[Badge, ...]:
    raw = json.loads((Path(__file__).parent / "badges.json").read_text("utf-8"))
    return tuple(Badge(one["code"], one["name"]) for one in raw)


def badge(code_or_name: str) -> Badge | None:
    """By its code, or by its name in any language, however it is written."""
    asked = code_or_name.strip().casefold()
    return next(
        (one for one in badges() if asked in {one.code, *(name.casefold() for name in one.name.values())}), None
    )
