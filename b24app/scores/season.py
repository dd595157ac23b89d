"""The seasonal curve of a forecast (semantics 10): which share of a period's value had come by this day in the last
twelve closed periods. Found from the facts in one evaluation per scorecard, whatever the number of people, and kept
with the results of the open period, so that no page computes it.

`find` only reads, and takes the longer the more happened in those periods: to be asked outside of any write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, repeat

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update

from b24app.facts import queries as facts
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import table_of
from b24app.metrics import queries as metrics
from b24app.metrics.parts import Parts
from b24app.metrics.rules import Part, Plan, settle
from b24app.periods.rules import (
    ONE_DAY,
    Calendar,
    Mark,
    Period,
    Span,
    elapsed_share,
    local_day,
    mark,
    midnight,
    period_at,
    previous,
)
from b24app.portal.rules import Subject
from b24app.scorecards.rules import Indicator, Version, in_force
from b24app.scores.context import Context, Work
from b24app.scores.pace import HISTORY, Pace, season
from b24app.scores.rules import CauseKind
from b24app.scores.tables import Result

UNDONE_BY = frozenset({CauseKind.DEFINITION, CauseKind.CALENDAR, CauseKind.SETTING})
"""What makes a season that was found before say nothing."""


@dataclass(frozen=True, slots=True)
class Season:
    """What was found for one scorecard in its open period."""

    version: Version
    period: Period
    at: int
    shares: Mapping[tuple[Subject, str], Fraction]
    """By subject and indicator; what is not here goes by the straight line."""


def stale(context: Context) -> tuple[str, ...]:
    """The scorecards of which a season is to be found: another day began, a result is new, or the past has changed.

    Nothing while the portal is being read.
    """
    if not context.complete:
        return ()
    return tuple(code for code in context.scorecards if (asked := _open(context, code)) and _is_stale(context, *asked))


def find(context: Context, code: str) -> Season | None:
    """The shares of everybody the scorecard scores; None when no version of it is in force."""
    asked = _open(context, code)
    if asked is None:
        return None
    version, period = asked
    found = Season(version, period, epoch(context.now), {})
    first = facts.first_at(context.portal_id)
    if first is None or local_day(first, context.settings) >= _before(context, period)[-1].end:
        return found
    past = _Past(context, version, period)
    shares = {
        (subject, one.code): share
        for subject in context.work(version, period).subjects
        for one in past.indicators
        if (share := past.share(subject, one)) is not None
    }
    return replace(found, shares=shares)


def keep(portal_id: int, found: Season) -> None:
    """Write it to the results of the version it was found for; the caller has the portal's row and commits."""
    table = table_of(Result)
    mine = and_(_in(portal_id, found.version.code, found.period.start), table.c.version_id == found.version.id)
    db.session.execute(update(table).where(mine).values(season=None, season_at=found.at))
    rows = [
        {"of_type": subject.type.value, "of_id": subject.id, "of_indicator": code, "share": str(share)}
        for (subject, code), share in found.shares.items()
    ]
    if rows:
        one = and_(
            mine,
            table.c.subject_type == bindparam("of_type"),
            table.c.subject_id == bindparam("of_id"),
            table.c.indicator == bindparam("of_indicator"),
        )
        db.session.connection().execute(update(table).where(one).values(season=bindparam("share")), rows)


def forget(portal_id: int, periods: Iterable[tuple[str, str]]) -> None:
    """What the results of these (scorecard, start) are computed by is another: until a season is found again the
    straight line serves."""
    table = table_of(Result)
    for code, start in periods:
        mine = and_(_in(portal_id, code, date.fromisoformat(start)), table.c.season_at.is_not(None))
        db.session.execute(update(table).where(mine).values(season=None, season_at=None))


def _open(context: Context, code: str) -> tuple[Version, Period] | None:
    """The version in force now, and the period it scores now."""
    versions = context.scorecards.get(code, ())
    period = period_at(versions[-1].kind, context.today, context.settings) if versions else None
    version = in_force(versions, period.start) if period else None
    return (version, period) if version and period else None


def _is_stale(context: Context, version: Version, period: Period) -> bool:
    table = table_of(Result)
    known = select(func.count(), func.min(func.coalesce(table.c.season_at, -1)))
    moved = select(func.max(table.c.changed_at))
    starts = [one.start for one in _before(context, period)]
    count, at = db.session.execute(known.where(_in(context.portal_id, version.code, period.start))).one()
    if not count:
        return False
    past = or_(*(_in(context.portal_id, version.code, start) for start in starts))
    changed = db.session.scalar(moved.where(table.c.portal_id == context.portal_id, past))
    return bool(at < midnight(context.today, context.settings) or (changed is not None and changed >= at))


def _before(context: Context, period: Period) -> tuple[Period, ...]:
    """The last closed periods, the latest first."""
    past = accumulate(repeat(context.settings, HISTORY), previous, initial=period)
    return tuple(past)[1:]


def _in(portal_id: int, code: str, start: date) -> ColumnElement[bool]:
    table = table_of(Result)
    return and_(table.c.portal_id == portal_id, table.c.scorecard == code, table.c.start == start.isoformat())


class _Past:
    """The closed periods before an open one: what everybody reached in each of them, and by this day of each."""

    def __init__(self, context: Context, version: Version, period: Period) -> None:
        self._context, self._version, self._period = context, version, period
        self._periods = _before(context, period)
        self._marks: dict[Calendar, Sequence[Mark] | None] = {}
        self.indicators = [one for one in version.indicators if isinstance(one.plan, Plan) and one.plan.additive]

    def share(self, subject: Subject, indicator: Indicator) -> Fraction | None:
        marks = self._marks_of(self._context.calendar_of(subject))
        if marks is None:
            return None
        pairs = []
        for period, at in zip(self._periods, marks, strict=True):
            whole = self._value(subject, indicator, period)
            if whole is None or whole <= 0:
                return None
            pairs.append((self._reached(subject, indicator, period, at), whole))
        return season(pairs)

    def _value(self, subject: Subject, indicator: Indicator, period: Period) -> Fraction | None:
        """As the indicator shows it; whether somebody was absent is no question where the value is above zero."""
        document, part = indicator.document, self._part(subject, indicator, period, period.end)
        return settle(indicator.plan, part, empty=document.empty, min_count=document.min_count).value

    def _reached(self, subject: Subject, indicator: Indicator, period: Period, at: Mark) -> Fraction:
        """What had come by the mark: of its day as much as of the day is gone, as today counts half."""
        before = self._number(subject, indicator, period, at.day)
        if not at.share:
            return before
        return before + at.share * (self._number(subject, indicator, period, at.day + ONE_DAY) - before)

    def _number(self, subject: Subject, indicator: Indicator, period: Period, until: date) -> Fraction:
        part = self._part(subject, indicator, period, until) if until > period.start else None
        return (indicator.plan.value(part) if part else None) or Fraction(0)

    def _part(self, subject: Subject, indicator: Indicator, period: Period, until: date) -> Part:
        members = self._works[period].members(subject)
        assert isinstance(indicator.plan, Plan)
        return self._parts.get(indicator.plan, self._places[period.start, until], *members)

    @cached_property
    def _works(self) -> Mapping[Period, Work]:
        """Who belonged where at the end of each."""
        structures = {period: self._context.structure(period) for period in self._periods}
        return {period: Work(self._version, period, frozenset(), then) for period, then in structures.items()}

    def _marks_of(self, calendar: Calendar) -> Sequence[Mark] | None:
        """This day in each of the periods, by somebody's calendar; None where there is no forecast, or no such day."""
        if calendar not in self._marks:
            gone = elapsed_share(calendar, self._period, self._context.today)
            marks = [mark(calendar, one, gone) for one in self._periods] if gone is not None else []
            known = [one for one in marks if one]
            begun = Pace(gone, 0, True).has_begun and len(known) == HISTORY
            self._marks[calendar] = known if begun else None
        return self._marks[calendar]

    @cached_property
    def _places(self) -> Mapping[tuple[date, date], int]:
        """Where among the spans the days of a period up to some day are. Most people have the portal's calendar, so
        that there are few days to look at in each period."""
        calendars = {self._context.calendar, *self._context.own_calendars.values()}
        ends = {(period.start, period.end): None for period in self._periods}
        for marks in filter(None, map(self._marks_of, calendars)):
            for period, at in zip(self._periods, marks, strict=True):
                days = (at.day, at.day + ONE_DAY) if at.share else (at.day,)
                ends |= {(period.start, day): None for day in days if day > period.start}
        return {key: place for place, key in enumerate(sorted(ends))}

    @cached_property
    def _parts(self) -> Parts:
        context, settings = self._context, self._context.settings
        plans = [one.plan for one in self.indicators if isinstance(one.plan, Plan)]
        spans = [Span(midnight(start, settings), midnight(end, settings)) for start, end in self._places]
        return metrics.evaluate(context.portal_id, plans, spans, epoch(context.now))
