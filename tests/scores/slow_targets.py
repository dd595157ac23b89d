"""Targets read the slow, obvious way from the stored rows: one day, one person and one period at a time (semantics 6).

Shares no code with the app: calendars are walked day by day, periods are searched for, membership is replayed.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from b24app.lib.db import db
from b24app.periods.tables import Absence, CalendarDay
from b24app.portal.tables import Department, Employee, Membership, Portal
from b24app.scorecards.tables import Target
from tests.scores.world import PORTAL

DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
Told = tuple[Fraction | None, tuple[int, int] | None]


class SlowTargets:
    def __init__(self, card: dict[str, Any], now: datetime) -> None:
        self.card, self.now = card, int(now.timestamp())
        portal = db.session.get_one(Portal, PORTAL)
        self.zone, self.week_start, self.year_start = ZoneInfo(portal.time_zone), portal.week_start, portal.year_start
        self.own_days = {row.day: row.working for row in _rows(CalendarDay)}
        self.away = [(row.employee_id, row.first, row.last) for row in _rows(Absence)]
        self.parents = {row.id: row.parent_id for row in _rows(Department)}
        self.people = [row.id for row in _rows(Employee)]
        self.journal = sorted((row.since, row.employee_id, row.department_ids, row.active) for row in _rows(Membership))
        self.set = {
            (row.indicator, row.subject_type, row.subject_id, row.start): Fraction(row.target, 1_000_000)
            for row in _rows(Target)
            if row.scorecard == card["code"]
        }

    def of(self, indicator: dict[str, Any], additive: bool, type_: str, id: int, start: date, end: date) -> Told:
        """In any days from `start` to `end`, not included: whole own periods, parts of them, or both."""
        overlapping = list(self.own_periods(start, end))
        if overlapping == [(start, end)]:
            return self._of_own(indicator, additive, type_, id, start, end)
        if type_ == "employee" and not self.days(id, start, end):
            return None, None
        total, weights, people = Fraction(0), Fraction(0), None
        for first, last in overlapping:
            days = self.days(None, max(first, start), min(last, end))
            if not days:
                continue
            target, people = self._of_own(indicator, additive, type_, id, first, last)
            if target is None:
                continue
            total += target * days / (self.days(None, first, last) if additive else 1)
            weights += days
        if not weights:
            return None, people
        return (total if additive else total / weights), people

    def _of_own(self, indicator, additive, type_, id, start, end) -> Told:
        if type_ == "employee":
            return self._of_person(indicator, additive, id, start, end), None
        if not self.days(None, start, end):
            return None, None
        for key in (start.isoformat(), ""):
            if (indicator["code"], type_, id, key) in self.set:
                return self.set[indicator["code"], type_, id, key], None
        at = min(self.instant(end) - 1, self.now)
        scored = [
            person
            for person in self.people
            if self.is_active(person, at)
            and self.applies(person, at)
            and (type_ == "company" or self.in_(person, id, at))
        ]
        theirs = [self._of_person(indicator, additive, person, start, end) for person in scored]
        known = [target for target in theirs if target is not None]
        if not known:
            return None, (0, len(scored))
        return (sum(known) if additive else sum(known) / len(known)), (len(known), len(scored))

    def _of_person(self, indicator, additive, id, start, end) -> Fraction | None:
        present = self.days(id, start, end)
        if not present:
            return None
        if (indicator["code"], "employee", id, start.isoformat()) in self.set:
            return self.set[indicator["code"], "employee", id, start.isoformat()]
        prorated = additive and self.card.get("prorate", False)
        worked = self.days(id, start, end, employed=True)
        repeating = self.set.get((indicator["code"], "employee", id, ""))
        target = repeating if repeating is not None else indicator.get("target")
        if target is None or (prorated and not worked):
            return None
        if repeating is None and indicator.get("target_per") == "working_day":
            return Fraction(target) * (worked if prorated else present)
        return Fraction(target) * worked / self.days(None, start, end) if prorated else Fraction(target)

    def days(self, person: int | None, start: date, end: date, employed: bool = False) -> int:
        count, day = 0, start
        while day < end:
            text = day.isoformat()
            works = self.own_days.get(text, day.weekday() < 5)
            if any(id == person and first <= text <= last for id, first, last in self.away):
                works = False
            if works and employed:
                works = self.was_here(person, day)
            count += works
            day += DAY
        return count

    def was_here(self, person: int, day: date) -> bool:
        first, last = self.instant(day), self.instant(day + DAY)
        moments = [
            first,
            *(since for since, id, _units, _active in self.journal if id == person and first < since < last),
        ]
        return any(self._employed(person, moment) for moment in moments)

    def _employed(self, person: int, at: int) -> bool:
        """Whom the journal did not know at its beginning was not here before they appeared in it."""
        mine = [(since, active) for since, id, _units, active in self.journal if id == person]
        if at < mine[0][0]:
            return mine[0][1] and mine[0][0] == self.journal[0][0]
        return [active for since, active in mine if since <= at][-1]

    def _row(self, person: int, at: int) -> tuple[list[int], bool]:
        mine = [(since, units, active) for since, id, units, active in self.journal if id == person]
        before = [row for row in mine if row[0] <= at]
        _since, units, active = before[-1] if before else mine[0]
        return units, active

    def is_active(self, person: int, at: int) -> bool:
        return self._row(person, at)[1]

    def in_(self, person: int, department: int, at: int) -> bool:
        for unit in self._row(person, at)[0]:
            while unit is not None:
                if unit == department:
                    return True
                unit = self.parents.get(unit)
        return False

    def applies(self, person: int, at: int) -> bool:
        def named(people: dict[str, Any]) -> bool:
            units = people.get("departments", [])
            return person in people.get("employees", []) or any(self.in_(person, unit, at) for unit in units)

        return named(self.card["subjects"]) and not named(self.card["subjects"].get("exclude", {}))

    def instant(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp())

    def own_periods(self, start: date, end: date) -> Iterator[tuple[date, date]]:
        """Those of the card's kind that overlap the days, found by walking over them."""
        day = start
        while day < end:
            first, last = day, day + DAY
            while not self._begins(first):
                first -= DAY
            while not self._begins(last):
                last += DAY
            yield first, last
            day = last

    def _begins(self, day: date) -> bool:
        kind = self.card["period"]
        if kind == "day":
            return True
        if kind == "week":
            return day.weekday() == self.week_start
        return day.day == 1 and (day.month - self.year_start) % MONTHS[kind] == 0


def _rows(table: Any) -> list[Any]:
    return list(db.session.scalars(select(table).where(table.portal_id == PORTAL)))
