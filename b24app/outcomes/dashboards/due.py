"""Values that are due: their period is about to end, and people enter them and have not yet.

Of those an indicator scores (metric `entries`), whoever has no value in the open period. Codes that robots or programs
post to are nobody's duty, and what is entered for a department or the company as a whole is there for all in it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from b24app.facts import entries
from b24app.facts.approval import BY_PEOPLE, approval
from b24app.lib.clock import epoch
from b24app.lib.i18n import pick
from b24app.periods import queries as periods
from b24app.periods.rules import Calendar, Period, Settings, local_day, period_at, previous, span, working_days
from b24app.portal import queries as portals
from b24app.portal.rules import Action, Structure, Viewer, can, employee
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Version, applies_to, in_force

NEAR = 3
"""On so many of its last working days the values of a period are due; of a week on the last one."""


@dataclass(frozen=True, slots=True)
class Due:
    """An indicator in a period, and of whom it has no value yet."""

    scorecard: str
    scorecard_name: Any
    """A text, or a text per language."""
    indicator: str
    indicator_name: Any
    entry_code: str
    period: Period
    people: frozenset[int]

    @property
    def until(self) -> date:
        return self.period.end - timedelta(days=1)


class Held(NamedTuple):
    """That the ledger has a value of somebody, or of a department or the company as a whole."""

    entry_code: str
    employee_id: int | None
    department_id: int | None
    origin: str
    is_now: bool
    """Of the period that is open, not the one before it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one indicator still needs of whom the viewer may enter, and where in the form they are together."""

    name: str
    entry_code: str
    period: Period
    until: date
    people: int
    department: int | None


def lines(
    viewer: Viewer, structure: Structure, departments: Sequence[int], chosen: int | None, now: datetime
) -> tuple[Line, ...]:
    """Those due that the viewer may enter. `departments` are those of the form, `chosen` the one that is shown."""
    decided = approval(portals.get(viewer.portal_id).settings)
    found = []
    for one in due(viewer.portal_id, structure, now):
        mine = frozenset(id for id in one.people if can(viewer, Action.ENTER, employee(id)))
        if not mine or (decided.is_money(one.entry_code) and not viewer.sees_money):
            continue
        ordered = sorted(departments, key=lambda id: id != chosen)  # the shown one, where it holds as many as any
        best = max(ordered, key=lambda id: len(mine & structure.members(id)), default=None)
        found.append(Line(pick(one.indicator_name), one.entry_code, one.period, one.until, len(mine), best))
    return tuple(found)


def due(portal_id: int, structure: Structure, now: datetime) -> tuple[Due, ...]:
    """In the order of scorecards and their indicators."""
    settings = periods.settings(portal_id)
    today = local_day(epoch(now), settings)
    counted = scorecards.counted(portal_id)
    wanted = list(expected(counted, structure, *periods.calendars(portal_id), today, settings))
    codes: dict[Period, set[str]] = defaultdict(set)
    for one in wanted:
        codes[one.period].add(one.entry_code)
    held = {period: _held(portal_id, period, named, settings) for period, named in codes.items()}
    found = (replace(one, people=missing(one, held[one.period], structure)) for one in wanted)
    return tuple(one for one in found if one.people)


def _held(portal_id: int, period: Period, codes: set[str], settings: Settings) -> list[Held]:
    now = span(period, settings)
    found = entries.present(portal_id, codes, span(previous(period, settings), settings).start, now.start, now.end)
    return [Held(*row) for row in found]


def is_near(calendar: Calendar, period: Period, today: date) -> bool:
    """Whether a period is about to end. One of a day or two never is: its values come when they come."""
    days = working_days(calendar, period.start, period.end)
    return today in period and working_days(calendar, today, period.end) <= min(NEAR, (days + 2) // 5)


def expected(
    counted: Mapping[str, Sequence[Version]],
    structure: Structure,
    calendar: Calendar,
    own: Mapping[int, Calendar],
    today: date,
    settings: Settings,
) -> Iterator[Due]:
    """What the scorecards in force count of the ledger, of everybody they score, in periods about to end.

    `own` are the calendars of those who are or were away: of whoever is so all of a period nothing is due.
    """
    for code, versions in counted.items():
        period = period_at(versions[-1].kind, today, settings)
        version = in_force(versions, period.start)
        if version is None or version.document.status != "active" or not is_near(calendar, period, today):
            continue
        away = {id for id, theirs in own.items() if not working_days(theirs, period.start, period.end)}
        people = applies_to(version.document.subjects, structure) - away
        for one in version.indicators:
            if one.document.metric == "entries" and (entry_code := one.document.options.get("code")):
                yield Due(code, version.document.name, one.code, one.document.name, str(entry_code), period, people)


def missing(wanted: Due, held: Sequence[Held], structure: Structure) -> frozenset[int]:
    """Of whom nobody has entered a value."""
    mine = [one for one in held if one.entry_code == wanted.entry_code]
    if any(one.origin not in BY_PEOPLE for one in mine):
        return frozenset()
    present = [one for one in mine if one.is_now]
    if any(one.employee_id is one.department_id is None for one in present):
        return frozenset()
    people = {one.employee_id for one in present}
    wholes = {one.department_id for one in present if one.employee_id is None}
    return frozenset(id for id in wanted.people - people if wholes.isdisjoint(structure.ancestors(id)))
