"""What an evaluation knows of a portal, each thing read once and only when needed; whom a scorecard scores, in which
version; whose facts are whose.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import select

from b24app.facts import call_sources, watching
from b24app.facts.entities import moves_of
from b24app.facts.requests import queries as requests
from b24app.facts.rules import CALLS_FROM_TELEPHONY
from b24app.ingest import queries as ingest
from b24app.ingest.extras import unavailable
from b24app.ingest.queries import SyncStatus
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.metrics.needs import Need
from b24app.periods import queries as periods
from b24app.periods.rules import ONE_DAY, Calendar, Period, Settings, local_day, span, working_days
from b24app.portal import queries as portal
from b24app.portal.rules import COMPANY, Structure, Subject, SubjectType, department, employee
from b24app.portal.staff import Posting
from b24app.portal.tables import Portal
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Lock, Version, applies_to, concerned, departments_of, in_force, scored
from b24app.scorecards.targets import Days, Targets
from b24app.scores.tables import Score


class Members(NamedTuple):
    """Whose facts are a subject's: everybody in a department, scored or not; None = everybody's, of the company."""

    people: Collection[int] | None
    departments: Collection[int] = ()
    """Whose entries without an employee count too."""


@dataclass(frozen=True, slots=True)
class Work:
    """One scorecard in one period, for these subjects."""

    version: Version
    period: Period
    subjects: frozenset[Subject]
    structure: Structure

    def members(self, subject: Subject) -> Members:
        match subject.type:
            case SubjectType.EMPLOYEE:
                return Members((subject.id,))
            case SubjectType.DEPARTMENT:
                return Members(self.structure.members(subject.id), self.structure.subtree(subject.id))
            case SubjectType.COMPANY:
                return Members(None)


class Context:
    """What one evaluation knows of the portal, each read once and only when needed."""

    def __init__(self, portal_id: int, now: datetime) -> None:
        self.portal_id = portal_id
        self.now = now
        self._structures: dict[int | None, Structure] = {}
        self._days: dict[Period, Days] = {}
        self._locked: dict[int, Version] = {}
        self._scored: dict[int, frozenset[Subject]] = {}

    @cached_property
    def _portal(self) -> Portal:
        """Held, so that whoever needs its row next has it already."""
        return portal.get(self.portal_id)

    @cached_property
    def currency(self) -> str:
        return self._portal.base_currency

    @cached_property
    def settings(self) -> Settings:
        return periods.settings(self._portal.id)

    @cached_property
    def today(self) -> date:
        return local_day(epoch(self.now), self.settings)

    @cached_property
    def _calendars(self) -> tuple[Calendar, Mapping[int, Calendar]]:
        return periods.calendars(self.portal_id)

    @property
    def calendar(self) -> Calendar:
        return self._calendars[0]

    @property
    def own_calendars(self) -> Mapping[int, Calendar]:
        """Of those people who are or were away."""
        return self._calendars[1]

    def calendar_of(self, subject: Subject) -> Calendar:
        """An employee's own; the portal's of departments and the company, whoever is away (semantics 10)."""
        if subject.type is SubjectType.EMPLOYEE:
            return self.own_calendars.get(subject.id, self.calendar)
        return self.calendar

    @cached_property
    def _standing(self) -> tuple[Mapping[str, tuple[Version, ...]], Mapping[tuple[str, date], Lock]]:
        versions, locks = scorecards.standing(self.portal_id)
        return scorecards.by_code(versions), locks

    @cached_property
    def scorecards(self) -> Mapping[str, tuple[Version, ...]]:
        return scorecards.computed(self._standing[0])

    @cached_property
    def shown(self) -> Mapping[str, tuple[Version, ...]]:
        """The scorecards that are computed, and those that are no more but have periods locked: they can be seen."""
        archived = {code for code, _start in self.locks} - self.scorecards.keys()
        return {**self.scorecards, **{code: self._standing[0][code] for code in sorted(archived)}}

    @cached_property
    def listening(self) -> Mapping[str, tuple[Version, ...]]:
        """The versions that hear of a record's move: also such as answer for nothing but a locked period any more."""
        found = dict(self.shown)
        for (code, start), lock in self.locks.items():
            present = in_force(self.shown[code], start)
            if present is None or present.number != lock.version or present.saved_at >= lock.at:
                found[code] = (self.locked_version(lock), *found[code])
        return found

    @property
    def locks(self) -> Mapping[tuple[str, date], Lock]:
        return self._standing[1]

    def lock(self, code: str, period: Period) -> Lock | None:
        """The lock that holds a scorecard in exactly this period, not in one around it or within it."""
        lock = self.locks.get((code, period.start))
        return lock if lock and lock.kind == period.kind else None

    def locked_version(self, lock: Lock) -> Version:
        """What answers for a locked period, whatever has become of its version."""
        if lock.id not in self._locked:
            self._locked[lock.id] = scorecards.locked_version(self.portal_id, lock)
        return self._locked[lock.id]

    @cached_property
    def targets(self) -> Targets:
        return scorecards.targets(self.portal_id, list(self.scorecards))

    @cached_property
    def complete(self) -> bool:
        """Whether the whole history has been read. The usual answer costs one row, what is read so far many."""
        return ingest.is_complete(self.portal_id) or self.sync.complete

    @cached_property
    def sync(self) -> SyncStatus:
        return ingest.status(self.portal_id)

    @cached_property
    def has_telephony(self) -> bool:
        """Whether calls are, or once were, counted from telephony."""
        return any(step.source == CALLS_FROM_TELEPHONY for step in call_sources.steps(self.portal_id))

    @cached_property
    def unread(self) -> Mapping[str, str | None]:
        """Kinds of records that have never been read, with the portal's refusal if that is why."""
        return ingest.unread(self.portal_id)

    @cached_property
    def watched(self) -> Mapping[Need, bool]:
        """Of what is read beside the columns of records, what has been read of all of them."""
        return {(one.entity, one.field): one.complete for one in watching.everything(self.portal_id)}

    @cached_property
    def mappings(self) -> Mapping[str, str | None]:
        """What makes requests of records, by code: why not all of them are known, with all they are made of."""
        return {one.mapping.code: self._unmade(one) for one in requests.mappings(self.portal_id)}

    def _unmade(self, one: requests.Stored) -> str | None:
        entity, moves = one.mapping.entity, moves_of(one.mapping.entity)
        if one.mapping.answered_by_moves and moves in self.unread:
            return "refused" if self.unread[moves] else "not_synced"
        is_known = one.complete and all(self.watched.get((entity, name)) for name in one.mapping.watched)
        return None if is_known else "not_synced"

    @cached_property
    def unavailable(self) -> frozenset[Need]:
        return unavailable(self.portal_id)

    def structure(self, period: Period | None = None) -> Structure:
        """Who belonged where at the last instant of a period; now, while it is open or without one (semantics 4.6)."""
        at = span(period, self.settings).end - 1 if period else None
        if at is not None and at >= epoch(self.now):
            at = None
        state = None if at is None else bisect_right(self._membership_changes, at)
        if state not in self._structures:
            self._structures[state] = (
                portal.structure(self.portal_id) if at is None else portal.as_of(self.structure(), self._journal, at)
            )
        return self._structures[state]

    @cached_property
    def _journal(self) -> tuple[Posting, ...]:
        return portal.journal(self.portal_id)

    @cached_property
    def _membership_changes(self) -> list[int]:
        """When anybody's place changed: between two of these moments every structure is the same."""
        return sorted({posting.since for posting in self._journal})

    def _leavers(self, period: Period) -> frozenset[int]:
        """Who was dismissed during a period: it is the last one they are scored in (semantics 6)."""
        if all(person.active for person in self.structure(period).people.values()):
            return frozenset()
        within = span(period, self.settings)
        return frozenset(id for id, at in self._departures if within.start < at < within.end)

    @cached_property
    def _departures(self) -> list[tuple[int, int]]:
        return portal.departures(self._journal)

    def days(self, period: Period) -> Days:
        """The working days of a period: everybody's, and those of people who were away, joined or left."""
        if period not in self._days:
            whole = working_days(self.calendar, period.start, period.end)
            own = {id: working_days(one, period.start, period.end) for id, one in self.own_calendars.items()}
            worked = {id: self._days_worked(id, period) for id in self._employment}
            self._days[period] = Days(
                whole,
                {id: days for id, days in own.items() if days < whole},
                {id: days for id, days in worked.items() if days < own.get(id, whole)},
            )
        return self._days[period]

    @cached_property
    def _employment(self) -> Mapping[int, list[tuple[date, date]]]:
        """Since and until which local days, both included, those people worked here who joined or left."""
        return {
            id: [
                (
                    date.min if since is None else local_day(since, self.settings),
                    date.max if until is None else local_day(until - 1, self.settings),
                )
                for since, until in those
            ]
            for id, those in portal.employment(self._journal).items()
        }

    def _days_worked(self, employee_id: int, period: Period) -> int:
        """Of somebody's working days in a period those on which they worked here."""
        calendar = self.own_calendars.get(employee_id, self.calendar)
        days, begin = 0, period.start
        for first, last in self._employment[employee_id]:
            begin = max(begin, first)
            end = min(period.end, last + ONE_DAY if last < period.end else period.end)
            days += working_days(calendar, begin, end)
            begin = max(begin, end)
        return days

    def work(self, version: Version, period: Period, holders: Collection[Subject] | None = None) -> Work:
        """Whom the version scores in the period, the departments that hold them, and the company (semantics 4.6).

        In a locked period these are the ones who were scored. `holders`: only those whose numbers contain facts of
        theirs.
        """
        structure = self.structure(period)
        if lock := self.lock(version.code, period):
            return Work(version, period, self._scored_in(lock), structure)
        people = applies_to(version.document.subjects, structure, self._leavers(period))
        if holders is not None:
            subjects = frozenset(one for one in concerned(holders, structure) if scored(one, people, structure))
            return Work(version, period, subjects, structure)
        groups = map(department, departments_of(people, structure))
        return Work(version, period, frozenset({COMPANY, *map(employee, people), *groups}), structure)

    def _scored_in(self, lock: Lock) -> frozenset[Subject]:
        if lock.id not in self._scored:
            query = select(Score.subject_type, Score.subject_id).where(
                Score.portal_id == self.portal_id,
                Score.scorecard == lock.scorecard,
                Score.start == lock.start.isoformat(),
            )
            found = (Subject(SubjectType(row.subject_type), row.subject_id) for row in db.session.execute(query))
            self._scored[lock.id] = frozenset(found)
        return self._scored[lock.id]


def version_for(context: Context, versions: Sequence[Version], period: Period) -> Version | None:
    """The version that answers for a period: the one in force at its start (semantics 2.5).

    One of another kind that begins before the scorecard did is answered by its first version: the facts were there. A
    locked one is answered by the version that was.
    """
    if lock := context.lock(versions[-1].code, period):
        return context.locked_version(lock)
    found = in_force(versions, period.start)
    if found or period.kind == versions[-1].kind:
        return found
    later = [version for version in versions if version.is_counted and version.effective_from < period.end]
    return later[0] if later and period.start < versions[0].effective_from else None
