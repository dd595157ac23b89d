"""What the app has stored, as exact numbers, and in what two such readings differ."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from b24app.lib.db import db
from b24app.metrics.rules import Plan, value_of
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Version, in_force
from b24app.scores.tables import LateChange, Result, Score

Key = tuple[Any, ...]
"""(scorecard, start, subject, indicator); a score has the indicator ''."""

Pair = tuple[Fraction | None, Fraction | None]
"""Value and target."""

Row = tuple[Any, ...]
Indicator = tuple[str, str]
"""(scorecard, indicator)."""

Starts = Mapping[str, Collection[str]]
"""The first days of periods, by scorecard."""


def stored(portal_id: int) -> dict[Key, Pair]:
    """Every stored result and score."""
    db.session.rollback()
    found = _results(portal_id, true())
    for row in db.session.execute(select(*Score.__table__.columns).where(Score.portal_id == portal_id)):
        key = (row.scorecard, row.start, (row.subject_type, row.subject_id), "")
        found[key] = None if row.exact is None else Fraction(row.exact), None
    return found


def stored_of(portal_id: int, indicators: Iterable[Indicator], starts: Starts) -> dict[Key, Pair]:
    """The stored results of some indicators, of the periods of each scorecard that begin so."""
    db.session.rollback()
    return _results(portal_id, _which(indicators, starts))


def written(portal_id: int, indicators: Iterable[Indicator], starts: Starts) -> dict[Key, Row]:
    """The same to the letter, for whoever wants to know whether anything touched them: no version is asked for."""
    db.session.rollback()
    columns = Result.numerator, Result.denominator, Result.value, Result.target, Result.reason
    query = select(*_KEY, *columns).where(Result.portal_id == portal_id, _which(indicators, starts))
    return {
        (code, start, (kind, id), indicator): tuple(row)
        for code, start, kind, id, indicator, *row in db.session.execute(query)
    }


_KEY = Result.scorecard, Result.start, Result.subject_type, Result.subject_id, Result.indicator


def _which(indicators: Iterable[Indicator], starts: Starts) -> ColumnElement[bool]:
    asked = (
        and_(Result.scorecard == code, Result.indicator == indicator, Result.start.in_(starts[code]))
        for code, indicator in indicators
        if code in starts
    )
    return or_(false(), *asked)


def _results(portal_id: int, which: ColumnElement[bool]) -> dict[Key, Pair]:
    answers = _Answers(portal_id)
    found: dict[Key, Pair] = {}
    for row in db.session.execute(select(*Result.__table__.columns).where(Result.portal_id == portal_id, which)):
        key = (row.scorecard, row.start, (row.subject_type, row.subject_id), row.indicator)
        found[key] = answers.value(row), None if row.target is None else Fraction(row.target)
    return found


class _Answers:
    """Which version a stored result is of, and the value that it reads in it."""

    def __init__(self, portal_id: int) -> None:
        self._versions = scorecards.by_code(scorecards.versions(portal_id))
        self._locks = scorecards.locks(portal_id)
        self._locked = cache(lambda lock: scorecards.locked_version(portal_id, lock))

    def _version(self, code: str, start: date) -> Version | None:
        lock = self._locks.get((code, start))
        return self._locked(lock) if lock else in_force(self._versions[code], start)

    def value(self, row: Any) -> Fraction | None:
        version = self._version(row.scorecard, date.fromisoformat(row.start))
        indicator = version.indicator(row.indicator) if version else None
        assert indicator is not None, row
        if row.reason:
            return None
        value = None if row.value is None else Fraction(row.value)
        if isinstance(indicator.plan, Plan):
            value = value_of(indicator.plan, row.numerator, row.denominator)
        return Fraction(0) if value is None and indicator.document.empty == "zero" else value


def late(portal_id: int) -> dict[Key, int]:
    """How many records changed after the lock, by the number they would have moved."""
    db.session.rollback()
    key = LateChange.scorecard, LateChange.start, LateChange.subject_type, LateChange.subject_id, LateChange.indicator
    query = select(*key, func.count()).where(LateChange.portal_id == portal_id).group_by(*key)
    return {
        (code, start, (kind, id), indicator): count
        for code, start, kind, id, indicator, count in db.session.execute(query)
    }


def differences(other: str, ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> str:
    keys = sorted((key for key in ours.keys() | theirs.keys() if ours.get(key, "-") != theirs.get(key, "-")), key=str)
    lines = [f"{key}: {ours.get(key, 'not there')} here, {theirs.get(key, 'not there')} there" for key in keys[:15]]
    return "\n".join([f"{len(keys)} of {len(theirs)} numbers differ from {other}:", *lines])
