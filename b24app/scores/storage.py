"""How results and scores are kept: compared with what is stored, upserted in one statement a table, and read back."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Table, Text, and_, bindparam, delete, or_, select, update

from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.storage import AMONG, OF_PORTAL, table_of, upsert
from b24app.periods.rules import Period
from b24app.portal.rules import COMPANY, Subject, SubjectType
from b24app.scorecards.rules import Version
from b24app.scores.rows import Finding
from b24app.scores.rules import ScoreValue, half_up
from b24app.scores.tables import Result, Score

MILLIONTHS = 1_000_000
FEW = 300
"""Up to so many subjects are named in the query; of more, all rows of the period are read."""

Key = tuple[Any, ...]
"""The first columns of a row, or all of them."""
Periods = Collection[tuple[str, str]]
"""(scorecard, start) pairs."""

Model = type[Result] | type[Score]

COMPARED: Mapping[Model, slice] = {Result: slice(7, 13), Score: slice(7, 10)}
"""A row moved when one of these columns did, all but what tells whose it is and when it came about. Of a score the copy
for sorting is left out."""

SEASON = ("season", "season_at")
"""The last columns of a result, which season.py writes: what is computed here leaves them as they are."""


def result_values(portal_id: int, findings: Iterable[Finding], now: datetime) -> list[Key]:
    """The rows of `result`, column by column. What neighbours share is worked out once."""
    rows: list[Key] = []
    started = code = text = indicator = period = target = None
    at = epoch(now)
    for one in findings:
        if one.period is not period:
            period, started = one.period, one.period.start.isoformat()
        if one.indicator is not indicator:
            indicator, code = one.indicator, one.indicator.code
        if one.target is not target:
            target, text = one.target, None if one.target is None else str(one.target)
        version, subject, value = one.version, one.subject, one.computed
        moment = at if one.computed_at is None else epoch(one.computed_at)
        rows.append(
            (
                portal_id, version.code, started, subject.type._value_, subject.id, code,
                version.id, one.numerator, one.denominator, None if value is None else str(value), one.facts, text,
                one.reason, moment, moment,
            )
        )  # fmt: skip
    return rows


def score_values(portal_id: int, finding: Finding, value: ScoreValue, at: int) -> Key:
    """The row of `score` of the subject, scorecard and period of any of its findings, column by column."""
    version, subject, score = finding.version, finding.subject, value.score
    return (
        portal_id, version.code, finding.period.start.isoformat(), subject.type._value_, subject.id,
        version.id, None if score is None else int(half_up(score, 6) * MILLIONTHS),
        None if score is None else str(score), value.preliminary, value.with_data, at,
    )  # fmt: skip


def stored_periods(portal_id: int, asked: Iterable[tuple[str, date]]) -> set[tuple[str, date]]:
    """Those of the (scorecard, start) pairs that have been computed: the company has a score in each of them."""
    pairs = {(code, start.isoformat()) for code, start in asked}
    if not pairs:
        return set()
    starts = _by_scorecard(pairs)
    rows = db.session.execute(_of_company(len(starts)), {"portal": portal_id, **_said(starts)})
    return {(code, date.fromisoformat(start)) for code, start in rows}


@cache
def _of_company(width: int) -> Select[Any]:
    table = table_of(Score)
    of_company = table.c.portal_id == OF_PORTAL, table.c.subject_type == COMPANY.type.value
    return select(table.c.scorecard, table.c.start).where(*of_company, _open_periods(table, width))


def all_periods(portal_id: int) -> set[tuple[str, date]]:
    """Every (scorecard, start) of which anything is stored."""
    query = select(Score.scorecard, Score.start).where(Score.portal_id == portal_id).distinct()
    return {(row.scorecard, date.fromisoformat(row.start)) for row in db.session.execute(query)}


def remove_periods(portal_id: int, periods: Collection[tuple[str, date]]) -> int:
    """Everybody's results and scores in these periods; returns of how many periods."""
    if periods:
        pairs = {(code, start.isoformat()) for code, start in periods}
        for table in (table_of(Result), table_of(Score)):
            db.session.execute(delete(table).where(table.c.portal_id == portal_id, _in_periods(table, pairs)))
    return len(periods)


def results_in(portal_id: int, periods: Periods, indicators: Collection[str]) -> list[Row[Any]]:
    """The stored results of everybody in some indicators and periods."""
    table = table_of(Result)
    if not periods or not indicators:
        return []
    mine = and_(table.c.portal_id == portal_id, table.c.indicator.in_(indicators))
    return list(db.session.execute(select(table).where(mine, _in_periods(table, periods))))


class Move(NamedTuple):
    """A row that moved, by its place among those given, and how it was stored; None when it is the first of its key."""

    place: int
    row: Key
    before: Row[Any] | None


def replace(portal_id: int, model: Model, rows: Sequence[Key], whole: Periods) -> list[Move]:
    """Upsert the rows and, in the periods that are `whole`, remove all others. Returns the rows that moved.

    Of whole periods only what is different is written row by row; that the rest was computed again is said at once.
    """
    table = table_of(model)
    stored = _stored(portal_id, table, rows, whole)
    width, seen = len(table.primary_key), COMPARED[model]
    names = [column.name for column in table.c if column.name not in SEASON]
    version, moment = names.index("version_id"), names.index("computed_at")
    moved, written = [], []
    at_once = bool(whole) and len({row[moment] for row in rows}) == 1
    for place, row in enumerate(rows):
        before = stored.pop(row[:width], None)
        if before is None or before[seen] != row[seen]:
            moved.append(Move(place, row, before))
            written.append(dict(zip(names, row, strict=True)))
        elif not at_once or before[version] != row[version]:
            written.append(dict(zip(names, row, strict=True)))
            if "changed_at" in written[-1]:
                written[-1]["changed_at"] = before.changed_at
    if at_once:
        _stamp(portal_id, table, whole, rows[0][moment])
    upsert(model, written)
    pairs = set(whole)
    _remove(table, [key for key, row in stored.items() if (row.scorecard, row.start) in pairs])
    return moved


def _stamp(portal_id: int, table: Table, periods: Periods, at: int) -> None:
    """All that is stored of these periods has been computed again and is as it was."""
    mine = and_(table.c.portal_id == portal_id, _in_periods(table, periods))
    db.session.execute(update(table).where(mine).values(computed_at=at))


def kept(portal_id: int, scorecard: str, start: date) -> dict[str, list[dict[str, Any]]]:
    """All that is stored of a period, as JSON values."""
    found = {}
    for name, model in (("results", Result), ("scores", Score)):
        table = table_of(model)
        columns = [column for column in table.c if column.name not in ("portal_id", "scorecard", "start")]
        query = select(*columns).where(table.c.portal_id == portal_id, _in_periods(table, {(scorecard, str(start))}))
        ordered = query.order_by(*(column for column in columns if column.primary_key))
        found[name] = [dict(row) for row in db.session.execute(ordered).mappings()]
    return found


def _stored(portal_id: int, table: Table, rows: Iterable[Key], whole: Periods) -> dict[Key, Row[Any]]:
    """By their keys, which are the first columns of a table."""
    pairs = {row[1:3] for row in rows} | set(whole)
    if not pairs:
        return {}
    starts, subjects = _by_scorecard(pairs), {row[4] for row in rows}
    of_few = not whole and len(subjects) <= FEW
    named = {"portal": portal_id, **_said(starts), **({"ids": [*subjects]} if of_few else {})}
    width = len(table.primary_key)
    return {row[:width]: row for row in db.session.execute(_all_of(table, len(starts), of_few), named).all()}


@cache
def _all_of(table: Table, width: int, of_few: bool) -> Select[Any]:
    mine = [table.c.portal_id == OF_PORTAL, _open_periods(table, width)]
    return select(*table.c).where(*mine, *([table.c.subject_id.in_(AMONG)] if of_few else []))


def _open_periods(table: Table, width: int) -> ColumnElement[bool]:
    """The periods of so many scorecards that `_said` says when the statement is sent."""
    return or_(
        *(
            and_(
                table.c.scorecard == bindparam(f"scorecard_{at}", type_=Text),
                table.c.start.in_(bindparam(f"starts_{at}", type_=Text, expanding=True)),
            )
            for at in range(width)
        )
    )


def _said(starts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    numbered = list(enumerate(starts.items()))
    return {f"scorecard_{at}": code for at, (code, _those) in numbered} | {
        f"starts_{at}": those for at, (_code, those) in numbered
    }


def _by_scorecard(pairs: Periods) -> dict[str, list[str]]:
    starts: dict[str, list[str]] = defaultdict(list)
    for scorecard, start in sorted(pairs):
        starts[scorecard].append(start)
    return starts


def _in_periods(table: Table, pairs: Periods) -> ColumnElement[bool]:
    starts = _by_scorecard(pairs)
    return or_(*(and_(table.c.scorecard == code, table.c.start.in_(those)) for code, those in starts.items()))


def _remove(table: Table, keys: Sequence[Key]) -> None:
    if keys:
        columns = list(table.primary_key)
        statement = delete(table).where(*(column == bindparam(f"key_{column.name}") for column in columns))
        names = [f"key_{column.name}" for column in columns]
        db.session.connection().execute(statement, [dict(zip(names, key, strict=True)) for key in keys])


def finding_of(version: Version, period: Period, row: Row[Any]) -> Finding | None:
    """A stored result as it was found; None of an indicator the version no longer has."""
    indicator = version.indicator(row.indicator)
    if indicator is None:
        return None
    return Finding(
        version=version,
        period=period,
        indicator=indicator,
        subject=Subject(SubjectType(row.subject_type), row.subject_id),
        numerator=row.numerator,
        denominator=row.denominator,
        facts=row.facts,
        computed=Fraction(row.value) if row.value is not None else None,
        reason=row.reason,
        target=exact(row.target) if row.target is not None else None,
        computed_at=moment(row.computed_at),
        season=exact(row.season) if row.season is not None else None,
        season_at=row.season_at or 0,
    )


@lru_cache(maxsize=10_000)
def exact(text: str) -> Fraction:
    """A stored `p/q`. Reading them takes long, and many are the same: targets above all."""
    return Fraction(text)
