"""The scorecard document of the public API (interfaces 4): its shape, and everything that can be wrong with it.

`parse` reports all faults at once, each with its path. What needs the database (the portal's periods and people) is
checked by `operations.save`.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.metrics.amounts import Amounts
from b24app.metrics.catalogue import FORMULA
from b24app.metrics.plans import defaults
from b24app.metrics.plans import plan as plan_of
from b24app.metrics.rules import AnyPlan, Plan
from b24app.periods.rules import YEARS, Kind
from b24app.portal.rules import Subject, SubjectType
from b24app.scorecards import checks, formulas, refresh

DECIMALS = 6
DIGITS = 15
"""A number of so many digits is the same number in every program that reads JSON."""


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


def _number(value: Any, info: ValidationInfo) -> Decimal:
    """A JSON number as an exact decimal. Text is a number only in what we stored ourselves."""
    stored = isinstance(value, str) and bool(info.context and info.context.get("stored"))
    if isinstance(value, bool) or not (stored or isinstance(value, int | float | Decimal)):
        raise _wrong(_("A number is needed here."))
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite():
        raise _wrong(_("A number is needed here."))
    _sign, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    if -exponent > DECIMALS:
        raise _wrong(_("At most 6 decimals are kept."))
    if len(digits) + max(exponent, 0) > DIGITS:
        raise _wrong(_("This number is too large."))
    return number


def _text(value: Decimal) -> str:
    return format(value, "f")


def _name(value: Any) -> Any:
    texts = list(value.values()) if isinstance(value, dict) else [value]
    if not texts or not all(isinstance(text, str) and text.strip() and len(text) <= 255 for text in texts):
        raise _wrong(_('A name is a text, or a text per language like {"en": "Sales"}.'))
    return value


def _day(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with suppress(ValueError):
            day = date.fromisoformat(value)
            if day.year in YEARS:
                return day
    raise _wrong(_("A date like 2026-11-01 is needed here."))


def _refresh(value: Any, info: ValidationInfo) -> Any:
    """What we stored ourselves was looked at when it was saved."""
    is_stored = bool(info.context and info.context.get("stored"))
    if not is_stored and (wrong := refresh.fault(value if isinstance(value, str) else "")):
        raise _wrong(wrong)
    return value


def _options(value: Any) -> Any:
    try:
        return plain(value)
    except RecursionError:
        raise _wrong(_("This is nested too deep.")) from None


def plain(value: Any) -> Any:
    """The same with decimals as JSON numbers, whole ones without a point; exact up to 15 digits."""
    match value:
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
        case _:
            return value


Number = Annotated[Decimal, BeforeValidator(_number), PlainSerializer(_text, when_used="json")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Id = Annotated[int, Field(strict=True, gt=0)]
Name = Annotated[str | dict[str, str], BeforeValidator(_name)]
Day = Annotated[date, BeforeValidator(_day)]
Options = Annotated[dict[str, Any], BeforeValidator(_options)]


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class People(Document):
    departments: tuple[Id, ...] = ()
    employees: tuple[Id, ...] = ()


class Subjects(People):
    exclude: People = People()


class ZonesDocument(Document):
    done: Number = Decimal(100)
    close: Number = Decimal(80)


class Critical(Document):
    limit: Number
    share: Number


class OperandDocument(Document):
    """A number that a formula names; without `metric` the name is that of the metric."""

    metric: str | None = None
    options: Options = {}
    where: Options = {}
    owner: str | None = None


class IndicatorDocument(Document):
    code: Code
    name: Name
    metric: str
    options: Options = {}
    date: str | None = None
    owner: str | None = None
    where: Options = {}
    formula: str | None = None
    operands: dict[str, OperandDocument] = {}
    direction: Literal["up", "down"] = "up"
    target: Number | None = None
    target_per: Literal["period", "working_day"] = "period"
    baseline: Number | None = None
    floor: Number | None = None
    cap: Number = Decimal(150)
    steps: tuple[tuple[Number, Number], ...] | None = None
    weight: Number
    critical: Critical | None = None
    empty: Literal["zero", "no_data"] | None = None
    min_count: Annotated[int, Field(strict=True, gt=0)] | None = None
    refresh: Annotated[str, BeforeValidator(_refresh)] = "live"
    notify: StrictBool = True

    def plan(self) -> Plan:
        """What is measured. Invalid, with paths inside the indicator, when the metric cannot be understood.

        A formula is planned together with the indicators it may name: `ScorecardDocument.plans`.
        """
        return plan_of(self.metric, self.options, self.date, self.owner, self.where)


class ScorecardDocument(Document):
    code: Code
    name: Name
    status: Literal["draft", "shadow", "active", "archived"] = "active"
    period: Literal["day", "week", "month", "quarter", "half_year", "year"]
    effective_from: Day
    subjects: Subjects
    missing: Literal["skip", "zero"] = "skip"
    prorate: StrictBool = False
    zones: ZonesDocument = ZonesDocument()
    indicators: tuple[IndicatorDocument, ...] = ()

    @property
    def kind(self) -> Kind:
        return Kind(self.period)

    def plans(self, amounts: Amounts) -> tuple[AnyPlan, ...]:
        """What is computed for each of the indicators, which knows what is money on the portal."""
        return formulas.plans(self.indicators, amounts)

    def stored(self) -> dict[str, Any]:
        """As kept in the database; decimals as text, so that they come back exactly."""
        return self.model_dump(mode="json")

    def as_json(self) -> dict[str, Any]:
        """As the public API gives it, defaults filled in."""
        answer: dict[str, Any] = plain(self.model_dump())
        return answer


class SubjectDocument(Document):
    type: SubjectType
    id: Annotated[int, Field(strict=True, ge=0)]

    def subject(self) -> Subject:
        return Subject(self.type, self.id)


class TargetDocument(Document):
    """One target; `start` None repeats in every period, `target` None removes."""

    scorecard: str
    indicator: str
    subject: SubjectDocument
    period: Literal["day", "week", "month", "quarter", "half_year", "year"]
    start: Day | None = None
    target: Number | None


def load(stored: Mapping[str, Any]) -> ScorecardDocument:
    """The document that `stored()` gave."""
    return ScorecardDocument.model_validate(stored, context={"stored": True})


def parse(raw: Any) -> ScorecardDocument:
    """The document somebody wrote. Invalid with every fault in it."""
    document, faults = _validated(ScorecardDocument, raw)
    indicators = dict(enumerate(document.indicators)) if document else _readable_indicators(raw)
    for position, indicator in indicators.items():
        faults += [
            Fault(f"indicators[{position}].{fault.path}", fault.message) for fault in checks.indicator(indicator)
        ]
    faults += checks.repeated(indicators)
    faults += formulas.faults(indicators)
    if document:
        faults += checks.scorecard(document)
    if faults or document is None:
        raise Invalid(_("The scorecard has faults and was not saved."), faults)
    return document.model_copy(update={"indicators": tuple(map(_filled, document.indicators))})


def _filled(indicator: IndicatorDocument) -> IndicatorDocument:
    """With the date and owner that the metric takes when none is named, and the metrics of operands."""
    if indicator.metric == FORMULA.code:
        named = {
            name: one.model_copy(update={"metric": one.metric or name}) for name, one in indicator.operands.items()
        }
        return indicator.model_copy(update={"operands": named})
    date_, owner = defaults(indicator.metric, indicator.options)
    return indicator.model_copy(update={"date": indicator.date or date_, "owner": indicator.owner or owner})


def parse_targets(raw: Any) -> tuple[TargetDocument, ...]:
    """A list of targets. Invalid with every fault in it."""
    if not isinstance(raw, list):
        raise Invalid(_("A list of targets is needed here."))
    read = [_validated(TargetDocument, one) for one in raw]
    faults = [
        Fault(f"[{position}]" + (f".{fault.path}" if fault.path else ""), fault.message)
        for position, (_document, found) in enumerate(read)
        for fault in found
    ]
    if faults:
        raise Invalid(_("No target was saved: some have faults."), faults)
    return tuple(document for document, _found in read if document)


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], raw: Any) -> tuple[Model | None, list[Fault]]:
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, [Fault(_path(fault["loc"]), _sentence(fault)) for fault in error.errors()]


def _readable_indicators(raw: Any) -> dict[int, IndicatorDocument]:
    """Of a document that is wrong somewhere, the indicators that can be read, so that their faults are told too."""
    given = raw.get("indicators") if isinstance(raw, dict) else None
    if not isinstance(given, list | tuple):
        return {}
    read = {position: _validated(IndicatorDocument, one)[0] for position, one in enumerate(given)}
    return {position: indicator for position, indicator in read.items() if indicator}


def _path(loc: Iterable[str | int]) -> str:
    """('indicators', 0, 'weight') -> indicators[0].weight"""
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _sentence(fault: Any) -> str:
    """What pydantic found, in the reader's language."""
    match fault["type"]:
        case "missing":
            return _("This field is required.")
        case "extra_forbidden":
            return _("There is no such field.")
        case "literal_error" | "enum":
            return _("One of these is needed here: %(choices)s.", choices=fault["ctx"]["expected"].replace("'", ""))
        case "string_pattern_mismatch":
            return _("A code begins with a Latin letter; letters, digits and _ . - follow, 64 characters at most.")
        case "greater_than" | "greater_than_equal" | "int_type" | "int_from_float" | "int_parsing":
            return _("A whole positive number is needed here.")
        case "tuple_type" | "list_type":
            return _("A list is needed here.")
        case "dict_type" | "model_type" | "model_attributes_type":
            return _("An object is needed here.")
        case "string_type":
            return _("A text is needed here.")
        case "bool_type":
            return _("true or false is needed here.")
        case "too_long":
            return _("Too many values are given here.")
        case _:
            return str(fault["msg"])
