"""The ready scorecards of the folder `templates`, as data: a file each, in every language."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.paths import PACKAGE
from b24app.metrics.amounts import EVERYWHERE
from b24app.metrics.rules import AnyPlan
from b24app.scorecards import documents

FOLDER = PACKAGE / "scorecards" / "templates"
FIRST = ("sales", "marketing", "support")
"""The scorecards of the article stand before the others."""

ANYBODY, ANY_DAY = {"departments": [1]}, "2024-01-01"
"""What a template leaves open, filled in where only its indicators matter."""


@dataclass(frozen=True, slots=True)
class Template:
    """A ready scorecard, and whom it is for."""

    code: str
    name: dict[str, str]
    about: dict[str, str]
    indicators: tuple[documents.IndicatorDocument, ...]
    plans: tuple[AnyPlan, ...]


def template(code: str) -> dict[str, Any]:
    """A ready scorecard as raw document, without `subjects` and `effective_from`."""
    document = _read(code)
    document.pop("about")
    return document


@cache
def templates() -> tuple[Template, ...]:
    """All of them, those of the article first."""
    codes = {path.stem for path in FOLDER.glob("*.json")}
    return tuple(map(_template, sorted(codes, key=lambda code: (_place(code), code))))


def _place(code: str) -> int:
    return FIRST.index(code) if code in FIRST else len(FIRST)


def _template(code: str) -> Template:
    raw = _read(code)
    about = raw.pop("about")
    document = documents.parse({**raw, "subjects": ANYBODY, "effective_from": ANY_DAY})
    return Template(code, raw["name"], about, document.indicators, document.plans(EVERYWHERE))


def _read(code: str) -> dict[str, Any]:
    path = FOLDER / f"{code}.json"
    if not code.isidentifier() or not path.is_file():
        raise NotFound(_("There is no template %(code)s.", code=code))
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
