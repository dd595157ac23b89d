"""What the app has stored, as exact numbers, and in what two such readings differ."""

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from b24app.lib.db import db
from b24app.metrics.rules import Plan, value_of
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Version, in_force
from b24app.scores.tables import LateChange, Result, Score

Key = tuple[Any, ...]
"""(scorecard, start, subject, indicator); a score has the indicator ''."""

Pair = tuple[Fraction | None, Fraction | None]
"""Value and target."""


def stored(portal_id: int, only: Collection[tuple[str, str]] | None = None) -> dict[Key, Pair]:
    """Every stored result and score; or the results of `only` some (scorecard, indicator)."""
    db.session.rollback()
    answers = _Answers(portal_id)
    found: dict[Key, Pair] = {}
    results = select(*Result.__table__.columns).where(Result.portal_id == portal_id)
    if only is not None:
        results = results.where(Result.indicator.in_({indicator for _code, indicator in only}))
    for row in db.session.execute(results):
        if only is None or (row.scorecard, row.indicator) in only:
            key = (row.scorecard, row.start, (row.subject_type, row.subject_id), row.indicator)
            found[key] = answers.value(row), None if row.target is None else Fraction(row.target)
    if only is not None:
        return found
    for row in db.session.execute(select(*Score.__table__.columns).where(Score.portal_id == portal_id)):
        key = (row.scorecard, row.start, (row.subject_type, row.subject_id), "")
        found[key] = None if row.exact is None else Fraction(row.exact), None
    return found


class _Answers:
    """Which version a stored result is of, and the value that it reads in it."""

    def __init__(self, portal_id: int) -> None:
        self._versions = scorecards.by_code(scorecards.versions(portal_id))
        locks = scorecards.locks(portal_id)
        self._locked = {key: scorecards.locked_version(portal_id, lock) for key, lock in locks.items()}

    def _version(self, code: str, start: date) -> Version | None:
        return self._locked.get((code, start)) or in_force(self._versions[code], start)

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
