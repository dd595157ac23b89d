"""What can be wrong with a scorecard document whose fields are all readable: sums, order, and sense. Pure.

Each check returns all the faults it finds; paths of an indicator's faults are inside the indicator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import FORMULA
from b24app.metrics.rules import Plan

if TYPE_CHECKING:
    from b24app.scorecards.documents import IndicatorDocument, ScorecardDocument

WHOLE = Decimal(100)
CENT = Decimal("0.01")


def indicator(document: IndicatorDocument) -> list[Fault]:
    if document.metric == FORMULA.code:
        is_additive, faults = False, _computed(document)
    else:
        plan, faults = _plan(document)
        is_additive = plan is None or plan.additive
    faults += _curve(document)
    if document.weight < 0:
        faults.append(Fault("weight", _("A weight cannot be negative.")))
    if document.weight != document.weight.quantize(CENT):
        faults.append(Fault("weight", _("A weight has at most 2 decimals.")))
    if not is_additive and document.target_per == "working_day":
        faults.append(Fault("target_per", _("Only counts and sums can have a target per working day.")))
    if document.refresh == "manual" and document.metric != "entries":
        faults.append(Fault("refresh", _("Values are entered by hand into the metric entries: choose it here.")))
    if document.critical and not (0 <= document.critical.share <= WHOLE):
        faults.append(Fault("critical.share", _("A share of the bonus is between 0 and 100 percent.")))
    return faults


def target(document: IndicatorDocument, value: Decimal | Fraction) -> str | None:
    """Why this cannot be a target of the indicator, as a sentence."""
    code = wrong_target(document, value)
    return said_of_target(code) if code else None


def wrong_target(document: IndicatorDocument, value: Decimal | Fraction) -> str | None:
    """Why this cannot be a target of the indicator, as the code of a sentence (semantics 7)."""
    if document.baseline is None:
        return "zero_target" if value == 0 and document.direction == "down" else None
    if document.direction == "up":
        return "not_above" if value <= document.baseline else None
    return "not_below" if value >= document.baseline else None


def said_of_target(code: str) -> str:
    match code:
        case "zero_target":
            return _("A target of 0 for less-is-better needs a baseline.")
        case "not_above":
            return _("The target has to be above the baseline.")
        case _:
            return _("The target has to be below the baseline.")


def repeated(indicators: Mapping[int, IndicatorDocument]) -> list[Fault]:
    codes = Counter(document.code for document in indicators.values())
    return [
        Fault(f"indicators[{position}].code", _("Another indicator of this scorecard has the same code."))
        for position, document in indicators.items()
        if codes[document.code] > 1
    ]


def scorecard(document: ScorecardDocument) -> list[Fault]:
    faults = []
    if not document.zones.done > document.zones.close >= 0:
        faults.append(Fault("zones", _("The zone done has to begin above the zone close, and both above 0.")))
    if document.status == "draft":
        return faults
    if not document.indicators:
        faults.append(Fault("indicators", _("At least one indicator is needed.")))
        return faults
    faults += [
        Fault(f"indicators[{position}].weight", _("A weight has to be above 0."))
        for position, one in enumerate(document.indicators)
        if one.weight == 0
    ]
    total = sum((one.weight for one in document.indicators), Decimal(0))
    if total != WHOLE:
        message = _("The weights add up to %(total)s; they have to add up to exactly 100.", total=f"{total:f}")
        faults.append(Fault("indicators", message))
    return faults


def _plan(document: IndicatorDocument) -> tuple[Plan | None, list[Fault]]:
    faults = [
        Fault(field, _("Only the metric formula has this field."))
        for field in ("formula", "operands")
        if getattr(document, field)
    ]
    try:
        return document.plan(), faults
    except Invalid as error:
        return None, faults + list(error.errors or (Fault("metric", error.message),))


def _computed(document: IndicatorDocument) -> list[Fault]:
    """What a formula cannot have. What its names mean is read in formulas.py."""
    faults = []
    if document.options:
        faults.append(Fault("options", _("A formula has no options: write them to its operands.")))
    if document.date is not None:
        faults.append(
            Fault("date", _("A formula has no date of its own: each operand counts by the date of its metric."))
        )
    if document.min_count is not None:
        message = _("A formula has no records of its own to count: set this in the indicators it names.")
        faults.append(Fault("min_count", message))
    return faults


def _curve(document: IndicatorDocument) -> Iterator[Fault]:
    if document.target is not None and (wrong := target(document, document.target)):
        yield Fault("target", wrong)
    if document.floor is not None and document.floor < 0:
        yield Fault("floor", _("The floor cannot be negative."))
    if document.cap <= 0:
        yield Fault("cap", _("The cap has to be above 0."))
    if document.steps is None:
        return
    starts = [start for start, _result in document.steps]
    if not starts or any(later <= earlier for earlier, later in pairwise(starts)):
        yield Fault("steps", _("Steps are pairs [from percent, result percent], sorted by from."))
    if any(start < 0 or result < 0 for start, result in document.steps):
        yield Fault("steps", _("Steps cannot be negative."))
