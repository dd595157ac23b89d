"""What people fill in about an indicator -> the document of its scorecard, as documents.py reads it; and back. Pure.

What the form does not ask stays as it was. Conditions are of the records that the metric counts: with others they go.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from b24app.lib import i18n
from b24app.lib.errors import Fault
from b24app.metrics.catalogue import CATALOGUE, FORMULA
from b24app.scorecards.documents import IndicatorDocument, ScorecardDocument
from b24app.scorecards.editing.inputs import Input, counted

LISTS_OF_NUMBERS = frozenset({"category_id"})
NUMBERS = frozenset({"entity_type_id"})


@dataclass(frozen=True, slots=True)
class Draft:
    """The form as it is filled in; texts as people write them. `weights` are those of the other indicators by code."""

    metric: str
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    formula: str = ""
    date: str = ""
    owner: str = ""
    direction: str = "up"
    target: str = ""
    target_per: str = "period"
    weight: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)


def draft_of(document: ScorecardDocument, code: str | None) -> Draft:
    """The form of an indicator as it is stored; of none, that of a new one."""
    weights = {one.code: _shown(one.weight) for one in document.indicators if one.code != code}
    one = find(document, code)
    if one is None:
        return Draft("deals_won_amount", owner="closed_by", date="closed_at", weights=weights)
    return Draft(
        metric=one.metric,
        name=i18n.pick(one.name),
        options=one.options,
        formula=one.formula or "",
        date=one.date or "",
        owner=one.owner or "",
        direction=one.direction,
        target="" if one.target is None else _shown(one.target),
        target_per=one.target_per,
        weight=_shown(one.weight),
        weights=weights,
    )


def find(document: ScorecardDocument, code: str | None) -> IndicatorDocument | None:
    return next((one for one in document.indicators if one.code == code), None)


def options(given: Mapping[str, Sequence[str]], asked: Sequence[Input]) -> dict[str, Any]:
    """The options of a metric as they were filled in. What cannot be understood stays as it is, to be told of."""
    return {one.name: value for one in asked if (value := _option(one, given.get(one.name, ()))) is not None}


def _option(one: Input, given: Sequence[str]) -> Any:
    filled = [text.strip() for text in given if text.strip()]
    if not filled:
        return None
    match one.shape:
        case "tick":
            return True
        case "many":
            return [_whole(text) if one.name in LISTS_OF_NUMBERS else text for text in filled]
        case "number":
            return _whole(filled[0])
        case _:
            return _whole(filled[0]) if one.name in NUMBERS else filled[0]


def changed(document: ScorecardDocument, code: str | None, draft: Draft, start: date) -> dict[str, Any]:
    """The scorecard from `start` on, with the indicator as it is drafted: a new one stands last."""
    raw, stored = _from(document, code, draft, start)
    mine = find(document, code)
    new_code = code if mine and code else free_code(document, draft.metric)
    stored[new_code] = {**stored.get(new_code, {"code": new_code}), **_answers(mine, draft)}
    raw["indicators"] = list(stored.values())
    return raw


def without(document: ScorecardDocument, code: str | None, draft: Draft, start: date) -> dict[str, Any]:
    """The scorecard from `start` on without the indicator; the others weigh what the draft says."""
    raw, stored = _from(document, code, draft, start)
    raw["indicators"] = [one for other, one in stored.items() if other != code]
    return raw


def _from(
    document: ScorecardDocument, code: str | None, draft: Draft, start: date
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The scorecard from `start` on, and its indicators by code: all but one weigh what the draft says."""
    raw = document.as_json()
    raw["effective_from"] = start.isoformat()
    stored = {one["code"]: one for one in raw["indicators"]}
    for other, weight in draft.weights.items():
        if other in stored and other != code:
            stored[other]["weight"] = number(weight)
    return raw, stored


def _answers(mine: IndicatorDocument | None, draft: Draft) -> dict[str, Any]:
    is_formula = draft.metric == FORMULA.code
    answers: dict[str, Any] = {
        "metric": draft.metric,
        "name": _named(mine, draft.name),
        "options": dict(draft.options),
        "formula": draft.formula if is_formula else None,
        "date": draft.date or None,
        "owner": draft.owner or None,
        "direction": draft.direction,
        "target": number(draft.target) if draft.target.strip() else None,
        "target_per": draft.target_per,
        "weight": number(draft.weight),
    }
    if not is_formula:
        answers["operands"] = {}
    if loses_conditions(mine, draft):
        answers["where"] = {}
    return answers


def loses_conditions(mine: IndicatorDocument | None, draft: Draft) -> bool:
    """Whether the indicator has conditions that say nothing of the records it is to count."""
    if mine is None or mine.where == type(mine.where)():
        return False
    return _records(mine.metric, mine.options) != _records(draft.metric, draft.options)


def _records(metric: str, options: Mapping[str, Any]) -> str:
    ready = CATALOGUE.get(metric)
    return counted(ready, options) if ready else metric


def _named(mine: IndicatorDocument | None, text: str) -> Any:
    """A name in several languages changes in the reader's."""
    if mine is None or isinstance(mine.name, str) or not text.strip():
        return text.strip()
    return {**mine.name, i18n.language(): text.strip()}


def free_code(document: ScorecardDocument, metric: str) -> str:
    """The first that no indicator has: `calls`, `calls_2`."""
    taken = {one.code for one in document.indicators}
    names = (metric if place == 1 else f"{metric}_{place}" for place in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def own_faults(faults: Sequence[Fault], place: int) -> Iterator[tuple[str, str]]:
    """(field of the form, sentence) of what is wrong with the document; what is at no field of it has none."""
    for fault in faults:
        path = fault.path.removeprefix(f"indicators[{place}].")
        if path == "indicators" or path.endswith("].weight"):
            yield "weights", fault.message
        elif path.startswith("options."):
            yield "option_" + path.removeprefix("options.").partition("[")[0], fault.message
        elif path in FIELDS:
            yield path, fault.message
        else:
            yield "", fault.message


FIELDS = ("metric", "name", "formula", "date", "owner", "direction", "target", "target_per", "weight", "effective_from")


def number(text: str) -> Any:
    """A number as people write it, `1 000,5`; what is none stays a text, which the document refuses."""
    try:
        return Decimal("".join(text.split()).replace(",", "."))
    except InvalidOperation:
        return text


def _whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else text


def _shown(value: Decimal) -> str:
    return f"{value.normalize():f}"
