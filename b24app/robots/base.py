"""What a robot owes: `code`, `Params`, `apply(call, params) -> Touched` and `answer(call, params) -> Answer`.

A robot is a module of this folder; being there registers it. `apply` runs once, in the transaction that counts it;
`answer` only reads and may be repeated. Bitrix24 sends properties as text in its own forms: the types here take them.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import product
from math import floor
from typing import Annotated, Any, Literal, Protocol, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from b24app import robots
from b24app.facts import queries as facts
from b24app.facts.rules import Cell
from b24app.lib import registry
from b24app.lib.clock import epoch
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as calendars
from b24app.periods.rules import Period, local_day, period_at, previous
from b24app.portal import queries as staff
from b24app.portal.rules import SubjectType
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Version, applies_to, in_force
from b24app.scores import queries as scores
from b24app.scores.rules import ResultRow, ScoreRow, Slice

ACTIVITY = "_activity"
"""A robot `CODE` is also registered as a workflow activity `CODE_activity`."""

DECIMALS = 6

NOON = time(12)
SITE_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "")


@dataclass(frozen=True, slots=True)
class Call:
    """One robot call from the inbox. A call without a date means `arrived_at`, however late it is worked off."""

    portal_id: int
    event_token: str
    document: str
    """The record the workflow runs on: `DEAL_12`, `CONTACT_9`, .."""
    properties: Mapping[str, Any]
    arrived_at: datetime
    now: datetime
    time_zone: str
    language: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back into the workflow: text values by name, and a sentence for its log if something is to be said."""

    values: Mapping[str, str]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a call changed: cells whose numbers it may move, and slices to be computed anew from the records."""

    cells: frozenset[Cell] = frozenset()
    slices: tuple[Slice, ...] = ()


NOTHING = Touched()


class Params(BaseModel):
    """The properties of a robot, parsed. What it does not know is left alone: an older version may still send it."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Robot(Protocol):
    code: str
    Params: type[Params]
    Returns: tuple[str, ...]

    def apply(self, call: Call, params: Any) -> Touched: ...

    def answer(self, call: Call, params: Any) -> Answer: ...


def find(code: str) -> Robot:
    """The robot of this code, or of this code as a workflow activity. Invalid when there is none."""
    found = {robot.code: robot for robot in cast(tuple[Robot, ...], registry.modules(robots))}
    try:
        return found[code.removesuffix(ACTIVITY)]
    except KeyError as cause:
        raise Invalid(_("This version of the app has no robot %(code)s.", code=code)) from cause


def parse(robot: Robot, call: Call) -> Any:
    """The call's properties as the robot's Params. Invalid with a sentence for the workflow's log."""
    given = {name: value for name, raw in call.properties.items() if (value := _single(raw)) not in (None, "")}
    context = {"time_zone": call.time_zone, "language": call.language}
    try:
        return robot.Params.model_validate(given, context=context)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> Invalid:
    faults = [
        Fault(".".join(map(str, fault["loc"])), _sentence(fault["type"], fault["msg"]))
        for fault in error.errors(include_url=False)
    ]
    listed = "; ".join(f"{fault.path}: {fault.message}" for fault in faults)
    return Invalid(_("The robot's settings are not right: %(faults)s.", faults=listed), faults)


def _sentence(kind: str, message: str) -> str:
    """The types below speak for themselves; these are pydantic's own."""
    match kind:
        case "missing":
            return _("it is required")
        case "literal_error" | "string_too_long" | "string_too_short":
            return _("this value is not possible here")
        case _:
            return message


def _single(raw: Any) -> Any:
    """The first of a multiple value, as PHP may write one: a list, or a map of positions."""
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    if isinstance(raw, list | tuple):
        raw = raw[0] if raw else None
    return raw.strip() if isinstance(raw, str) else raw


# --- what a robot counts and reads


def employee_of(call: Call, named: int | None) -> int:
    """The employee the robot is about: the one named, else the record's responsible. Invalid when there is neither."""
    if named is not None:
        if named not in staff.structure(call.portal_id).people:
            raise Invalid(_("There is no employee %(id)s.", id=named))
        return named
    kind, _dash, id = call.document.rpartition("_")
    deal = facts.deal(call.portal_id, int(id)) if kind == "DEAL" and id.isdecimal() else None
    if deal is None or deal.responsible_id is None:
        raise Invalid(_("Choose an employee in the robot's settings: the responsible of this record is not known."))
    return deal.responsible_id


@dataclass(frozen=True, slots=True)
class Place:
    """Whose numbers a robot gives: an employee's, in one scorecard and period, and of one of its indicators if any."""

    employee_id: int
    scorecard: str
    indicator: str | None
    period: Period


def place(
    call: Call,
    employee_id: int,
    moment: datetime,
    choose: Callable[[Version], str | None],
    scorecard: str | None = None,
    period: Literal["current", "previous"] = "current",
) -> Place | None:
    """Of the scorecards in force for the employee, by code: the one named, else the first in which `choose` finds an
    indicator, else the first of all. None when there is none."""
    found = places(call, employee_id, moment, choose, scorecard, period)
    return next((one for one in found if one.indicator), found[0] if found else None)


def places(
    call: Call,
    employee_id: int,
    moment: datetime,
    choose: Callable[[Version], str | None] = lambda version: None,
    scorecard: str | None = None,
    period: Literal["current", "previous"] = "current",
) -> tuple[Place, ...]:
    """All of them, by code."""
    structure = staff.structure(call.portal_id)
    settings = calendars.settings(call.portal_id)
    day = local_day(epoch(moment), settings)
    found: list[Place] = []
    for code, versions in sorted(scorecards.counted(call.portal_id).items()):
        asked = period_at(versions[-1].kind, day, settings)
        if period == "previous":
            asked = previous(asked, settings)
        version = in_force(versions, asked.start)
        if scorecard in (None, code) and version and employee_id in applies_to(version.document.subjects, structure):
            found.append(Place(employee_id, code, choose(version), asked))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What stands at a place. None is no data."""

    result: ResultRow | None
    score: ScoreRow | None
    is_hidden: bool = False
    """Whether the result is made of amounts of money that its employee may not see: nor is their workflow told them."""

    @property
    def told(self) -> ResultRow | None:
        """The result, if its value, target and forecast may be told."""
        return None if self.is_hidden else self.result


def numbers(call: Call, place: Place) -> Numbers:
    question = (call.portal_id, place.period, SubjectType.EMPLOYEE, place.scorecard)
    results = scores.results(*question, subject_ids=[place.employee_id], now=call.now)
    standing = scores.scores(*question, subject_ids=[place.employee_id], now=call.now)
    result = next((row for row in results if row.indicator.code == place.indicator), None)
    is_hidden = result is not None and result.plan.is_money and not _sees_money(call, place.employee_id)
    return Numbers(result, next(iter(standing), None), is_hidden)


def _sees_money(call: Call, employee_id: int) -> bool:
    return staff.viewers(call.portal_id, call.language, call.now)(employee_id).sees_money


def hidden(found: Numbers) -> str:
    """What the workflow's log says where amounts are left out."""
    return _("Amounts of money are hidden from this employee, so they are not told here.") if found.is_hidden else ""


def written_result(found: Numbers) -> dict[str, str]:
    """What every robot returns that gives numbers."""
    result, score, told = found.result, found.score, found.told
    return {
        "value": written(told.value if told else None),
        "target": written(told.target if told else None),
        "attainment": written(result.attainment if result else None),
        "score": written(score.score if score else None),
    }


def nothing(returns: tuple[str, ...], message: str) -> Answer:
    """Every value empty, and why."""
    return Answer(dict.fromkeys(returns, ""), message)


def written(number: Fraction | int | None) -> str:
    """With a point and at most six decimals, half up; no data is an empty string."""
    if number is None:
        return ""
    scale = 10**DECIMALS
    exact = Decimal(floor(Fraction(number) * scale + Fraction(1, 2))) / scale
    return format(exact.normalize(), "f")


# --- properties, in the forms Bitrix24 writes them


def _user(value: Any) -> int:
    """`user_7`, `7`, or `Ann Lee [7]` as a workflow prints a person."""
    found = re.fullmatch(r"(?:user_)?(\d{1,18})|.*\[(\d{1,18})\]", str(value))
    if not found:
        raise PydanticCustomError("user", _("an employee is expected"))
    return int(found[1] or found[2])


def _decimal(value: Any) -> Decimal:
    """With a point or a comma, thousands apart or not."""
    try:
        number = Decimal(re.sub(r"[\s\u00a0\u202f]", "", str(value)).replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > 9 * 10**12 or number != round(number, DECIMALS):
        raise PydanticCustomError("decimal", _("a number with at most 6 decimals is expected"))
    return number


def _moment(value: Any, info: ValidationInfo) -> datetime:
    """ISO 8601 or the site's format; without an offset it is the portal's clock. A day alone is its noon."""
    context = info.context or {}
    zone = ZoneInfo(context.get("time_zone", "UTC"))
    text, _space, shift = str(value).partition(" [")
    parsed = _parsed(text.strip(), american=context.get("language") == "en")
    if parsed is None:
        raise PydanticCustomError("moment", _("a date is expected"))
    if parsed.tzinfo is not None:
        return parsed
    # A workflow prints `24.11.2026 10:00:00 [3600]`: the user's clock, and how far it is ahead of the site's.
    ahead = timedelta(seconds=int(shift.rstrip("]"))) if re.fullmatch(r"-?\d{1,5}\]", shift) else timedelta(0)
    return (parsed - ahead).replace(tzinfo=zone)


def is_day(moment: datetime) -> bool:
    """Whether a day was given alone: of those the portal's clock shows noon."""
    return isinstance(moment.tzinfo, ZoneInfo) and moment.time() == NOON


def _parsed(text: str, american: bool) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return datetime.combine(moment, NOON) if len(text) == len("2026-11-24") else moment
    for day, clock in product(("%d.%m.%Y", "%m/%d/%Y" if american else "%d/%m/%Y"), SITE_TIMES):
        with suppress(ValueError):
            moment = datetime.strptime(text, f"{day} {clock}".rstrip())  # noqa: DTZ007 - the caller knows the zone
            return moment if clock else datetime.combine(moment, NOON)
    return None


Employee = Annotated[int, BeforeValidator(_user)]
Quantity = Annotated[Decimal, BeforeValidator(_decimal)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Code = Annotated[str, BeforeValidator(str), StringConstraints(min_length=1, max_length=64)]
Comment = Annotated[str, BeforeValidator(str), StringConstraints(max_length=2000)]
