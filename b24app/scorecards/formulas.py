"""What the names in formulas mean, and what is wrong with those that mean nothing (semantics 9). Pure.

A name is looked for in four places, and the first place that knows it decides: the indicator's own operands, the
indicators of the scorecard, the metrics, the codes of ledger entries. Whether there are entries with a code only the
portal can tell: here such a name is taken for one, `operations.save` asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from b24app.facts.entities import entity_of
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics.amounts import Amounts
from b24app.metrics.catalogue import CATALOGUE, FORMULA
from b24app.metrics.formula import Formula, FormulaError, Name, cycle, order, parse
from b24app.metrics.needs import Need
from b24app.metrics.plans import plan as plan_of
from b24app.metrics.rules import AnyPlan, FormulaPlan, Plan, Sibling, Unit

if TYPE_CHECKING:
    from b24app.scorecards.documents import IndicatorDocument, OperandDocument

Indicators = Mapping[int, "IndicatorDocument"]
"""The indicators of a scorecard that can be read, by their place in the document."""

ENTRIES, ITEMS = "entries", "item_metric"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name stands for: a plan of its own, or the indicator with this code."""

    name: Name
    plan: Plan | None = None
    indicator: str | None = None
    entry_code: str | None = None
    """Set where the name was taken for a code of entries."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One formula with the meanings of its names; those that have none are among the faults."""

    formula: Formula
    meanings: tuple[Meaning, ...]
    faults: tuple[Fault, ...]
    """Paths are inside the indicator."""

    @property
    def references(self) -> dict[str, Name]:
        """The indicators that are needed, each with the first name of it."""
        return {one.indicator: one.name for one in reversed(self.meanings) if one.indicator is not None}


def plans(indicators: Iterable[IndicatorDocument], amounts: Amounts) -> tuple[AnyPlan, ...]:
    """The plan of every indicator, in their order, saying whether it tells amounts of money.

    Invalid where `faults` would find something.
    """
    known = dict(enumerate(indicators))
    readings, wrong = _readings(known)
    if wrong:
        raise Invalid(wrong[0].message, wrong)
    formulas = {known[position].code: reading for position, reading in readings.items()}
    found: dict[str, AnyPlan] = {
        one.code: amounts.told_by(one.plan()) for one in known.values() if one.code not in formulas
    }
    for code in order({code: reading.references for code, reading in formulas.items()}):
        found[code] = _planned(formulas[code], found, amounts)
    return tuple(found[one.code] for one in known.values())


def faults(indicators: Indicators) -> list[Fault]:
    """Everything that is wrong with the formulas, with paths in the scorecard."""
    return _readings(indicators)[1]


def entry_codes(indicators: Indicators) -> Iterator[tuple[str, Name, str]]:
    """Names that were taken for codes of entries: (path of the formula, name, code)."""
    for position, one in indicators.items():
        if one.metric == FORMULA.code and one.formula:
            for meaning in _read(one, indicators).meanings:
                if meaning.entry_code is not None:
                    yield f"indicators[{position}].formula", meaning.name, meaning.entry_code


def codes_counted(indicators: Iterable[IndicatorDocument]) -> frozenset[str]:
    """The codes of entries that indicators, and operands of formulas, count under the metric `entries`."""
    counted = _counted(indicators, ENTRIES)
    return frozenset(str(one.options["code"]) for one in counted if "code" in one.options)


def fields_counted(indicators: Iterable[IndicatorDocument]) -> frozenset[Need]:
    """The fields, by entity and name, whose numbers indicators and operands count under the metric `item_metric`."""
    counted = ((entity_of(one.options["entity_type_id"]), one) for one in _counted(indicators, ITEMS))
    return frozenset((entity, one.options["field"]) for entity, one in counted if entity and one.options.get("field"))


def _counted(indicators: Iterable[IndicatorDocument], metric: str) -> Iterator[IndicatorDocument | OperandDocument]:
    for one in indicators:
        if one.metric == metric:
            yield one
        yield from (operand for operand in one.operands.values() if operand.metric == metric)


def unknown(name: Name) -> str:
    """The sentence for a name that no place knows."""
    return _at(name.at, _("No indicator, metric or entry is called %(name)s.", name=name.text))


def label(name: Name) -> str:
    """How a name is told: `revenue`, `revenue.target`."""
    return name.text if name.part == "value" else f"{name.text}.{name.part}"


def operand_plan(name: str, document: OperandDocument) -> Plan:
    """Invalid, with paths inside the operand, when it cannot be understood. Without a metric its name is one."""
    metric = document.metric or name
    if metric == FORMULA.code:
        message = _("An operand cannot be a formula: make it an indicator of the scorecard and name that.")
        raise Invalid(message, [Fault("metric", message)])
    return plan_of(metric, document.options, None, document.owner, document.where)


def _fault(position: int, path: str, message: str) -> Fault:
    return Fault(f"indicators[{position}].{path}", message)


def _at(offset: int, sentence: str) -> str:
    return _("At character %(position)s: %(sentence)s", position=offset + 1, sentence=sentence)


def _planned(reading: Reading, known: Mapping[str, AnyPlan], amounts: Amounts) -> FormulaPlan:
    operands: list[Plan | Sibling] = []
    leaves: dict[Plan, None] = {}
    for one in reading.meanings:
        if one.plan is not None:
            plan = amounts.told_by(one.plan)
            operands.append(plan)
            leaves[plan] = None
        elif one.indicator is not None:
            needed = known[one.indicator]
            operands.append(_sibling(one.indicator, one.name.part, needed))
            leaves |= dict.fromkeys(() if one.name.part == "target" else needed.leaves)
    return FormulaPlan(reading.formula, tuple(operands), tuple(leaves), any(one.is_money for one in operands))


def _sibling(code: str, part: str, plan: AnyPlan) -> Sibling:
    return Sibling(code, part, Unit.PERCENT) if part == "attainment" else Sibling(code, part, plan.unit, plan.is_money)


def _readings(indicators: Indicators) -> tuple[dict[int, Reading], list[Fault]]:
    """The formulas by their places, and everything that is wrong with them."""
    readings: dict[int, Reading] = {}
    found: list[Fault] = []
    for position, one in indicators.items():
        if one.metric != FORMULA.code:
            continue
        try:
            readings[position] = _read(one, indicators)
        except FormulaError as error:
            found.append(_fault(position, "formula", _at(error.at, error.message)))
    for position, reading in readings.items():
        found += [_fault(position, fault.path, fault.message) for fault in reading.faults]
    return readings, [*found, *_cycles(indicators, readings)]


def _cycles(indicators: Indicators, readings: Mapping[int, Reading]) -> Iterator[Fault]:
    """Of every circle of formulas that need one another its first one is told."""
    places = {indicators[position].code: position for position in readings}
    references = {code: dict(readings[position].references) for code, position in places.items()}
    while around := cycle(references):
        ring = around[:-1]
        start = ring.index(min(ring, key=places.__getitem__))
        first, *others = (*ring[start:], *ring[:start])
        name = references[first].pop(others[0] if others else first)
        if others:
            circle = " → ".join((first, *others, first))
            sentence = _("These formulas need one another: %(circle)s.", circle=circle)
        else:
            sentence = _("A formula cannot name itself. Say in operands what else %(name)s is.", name=name.text)
        yield _fault(places[first], "formula", _at(name.at, sentence))


def _read(document: IndicatorDocument, indicators: Indicators) -> Reading:
    formula = parse(document.formula or "")
    own, operands, found = _Own(document), {}, []
    for key, operand in document.operands.items():
        try:
            operands[key] = operand_plan(key, operand)
        except Invalid as error:
            found += [Fault(f"operands.{key}.{fault.path}", fault.message) for fault in error.errors]
    meanings = []
    for name in formula.names:
        try:
            if meaning := _meaning(name, document, operands, indicators, own):
                meanings.append(meaning)
        except Invalid as error:
            found.append(Fault("formula", _at(name.at, error.message)))
    return Reading(formula, tuple(meanings), (*found, *own.faults()))


def _meaning(
    name: Name, document: IndicatorDocument, operands: Mapping[str, Plan], indicators: Indicators, own: _Own
) -> Meaning | None:
    """Invalid with a sentence when the place that knows the name knows several, or nothing that can be used; None of an
    operand whose own description is wrong."""
    operand = _only(name, _called(name.text, document.operands))
    if operand is not None:
        return Meaning(_plain(name), operands[operand]) if operand in operands else None
    indicator = _only(name, _indicators_called(name, indicators))
    if indicator is not None:
        return Meaning(name, indicator=indicator)
    metric = _only(name, _called(name.text, CATALOGUE))
    if metric is not None:
        return Meaning(_plain(name), own.plan(name, metric))
    return Meaning(_plain(name), own.plan(name, ENTRIES, {"code": name.text}), entry_code=name.text)


def _only(name: Name, candidates: Collection[str]) -> str | None:
    if len(candidates) > 1:
        choices = ", ".join(sorted(candidates))
        raise Invalid(_("%(name)s can mean several things: %(choices)s. Choose one.", name=name.text, choices=choices))
    return next(iter(candidates), None)


def _called(text: str, candidates: Iterable[str]) -> list[str]:
    """The candidate that is written so, else those that differ in capitals only."""
    every = list(candidates)
    return [one for one in every if one == text] or [one for one in every if _alike(one) == _alike(text)]


def _indicators_called(name: Name, indicators: Indicators) -> list[str]:
    """The codes of those that have this code, or this name in any language. A code written plainly is never a name."""
    codes = [one.code for one in indicators.values()]
    if not name.bracketed and name.text in codes:
        return [name.text]
    by_code = set(_called(name.text, codes))
    by_name = {one.code for one in indicators.values() if _alike(name.text) in map(_alike, _names(one))}
    return sorted(by_code | by_name)


def _names(document: IndicatorDocument) -> Collection[str]:
    return document.name.values() if isinstance(document.name, dict) else (document.name,)


def _alike(text: str) -> str:
    return " ".join(normalize("NFC", text).split()).casefold()


def _plain(name: Name) -> Name:
    """Only indicators have more than a value."""
    if name.part != "value":
        raise Invalid(_("%(name)s is no indicator of this scorecard and has a value only.", name=name.text))
    return name


class _Own:
    """The conditions and the owner of a formula, for the metrics it names by their codes: each takes those it knows."""

    def __init__(self, document: IndicatorDocument) -> None:
        self._owner, self._where = document.owner, document.where
        self._parts: dict[str, dict[str, Any]] = {
            f"where.{key}": {"where": {key: value}} for key, value in document.where.items()
        }
        if document.owner is not None:
            self._parts["owner"] = {"owner": document.owner}
        self._taken: set[str] = set()
        self._refused: dict[str, tuple[Fault, ...]] = {}

    def plan(self, name: Name, metric: str, options: Mapping[str, Any] | None = None) -> Plan:
        """The metric under those parts that it knows. Invalid with a sentence when it cannot be computed by default."""
        with suppress(Invalid):
            made = plan_of(metric, options, None, self._owner, self._where)
            self._taken.update(self._parts)
            return made
        try:
            plan_of(metric, options)
        except Invalid as error:
            fault = next((f"{one.path}: {one.message}" for one in error.errors), error.message)
            raise Invalid(
                _("%(name)s needs more words in operands (%(fault)s)", name=name.text, fault=fault)
            ) from error
        taken = {path for path in self._parts if self._takes(metric, options, path)}
        self._taken |= taken
        where = {key: value for key, value in self._where.items() if f"where.{key}" in taken}
        return plan_of(metric, options, None, self._owner if "owner" in taken else None, where)

    def _takes(self, metric: str, options: Mapping[str, Any] | None, path: str) -> bool:
        try:
            plan_of(metric, options, **self._parts[path])
        except Invalid as error:
            self._refused.setdefault(path, error.errors)
            return False
        return True

    def faults(self) -> Iterator[Fault]:
        """Parts that no operand takes: a condition that is never asked must not look as if it were."""
        for path in self._parts:
            if path in self._taken:
                continue
            if path in self._refused:
                yield from self._refused[path]
            elif path == "owner" or self._where[path.removeprefix("where.")]:
                yield Fault(path, _("No operand of the formula takes this: write it to the operand it is meant for."))
