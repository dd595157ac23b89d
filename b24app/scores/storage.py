"""How results and scores are kept: compared with what is stored, upserted in one statement a table."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, delete, or_, select, update

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import table_of, upsert
from b24app.portal.rules import COMPANY
from b24app.scores.rows import Finding
from b24app.scores.rules import ScoreValue, half_up
from b24app.scores.tables import Result, Score

MILLIONTHS = 1_000_000
FEW = 300
"""Up to so many subjects are named in the query; of more, all rows of the period are read."""

Key = tuple[Any, ...]
Periods = Collection[tuple[str, str]]
"""(scorecard, start) pairs."""

Model = type[Result] | type[Score]

COMPARED: Mapping[Model, Sequence[str]] = {
    Result: ("numerator", "denominator", "value", "facts", "target", "reason"),
    Score: ("exact", "preliminary", "indicators_with_data"),
}
"""A row moved when one of these did."""


_seen_in: Mapping[Model, Callable[[Any], Any]] = {model: itemgetter(*names) for model, names in COMPARED.items()}
_stored_in: Mapping[Model, Callable[[Any], Any]] = {model: attrgetter(*names) for model, names in COMPARED.items()}


def result_values(portal_id: int, finding: Finding, now: datetime) -> dict[str, Any]:
    at = epoch(now)
    return {
        **_whose(portal_id, finding),
        "indicator": finding.indicator.code,
        "version_id": finding.version.id,
        "numerator": finding.numerator,
        "denominator": finding.denominator,
        "value": None if finding.computed is None else str(finding.computed),
        "facts": finding.facts,
        "target": None if finding.target is None else str(finding.target),
        "reason": finding.reason,
        "changed_at": at,
        "computed_at": at,
    }


def score_values(portal_id: int, finding: Finding, value: ScoreValue, now: datetime) -> dict[str, Any]:
    """The score of the subject, scorecard and period of any of its findings."""
    return {
        **_whose(portal_id, finding),
        "version_id": finding.version.id,
        "score": None if value.score is None else int(half_up(value.score, 6) * MILLIONTHS),
        "exact": None if value.score is None else str(value.score),
        "preliminary": value.preliminary,
        "indicators_with_data": value.with_data,
        "computed_at": epoch(now),
    }


def _whose(portal_id: int, finding: Finding) -> dict[str, Any]:
    """The key that a subject's results and score in a period share."""
    return {
        "portal_id": portal_id,
        "scorecard": finding.version.code,
        "start": finding.period.start.isoformat(),
        "subject_type": finding.subject.type._value_,  # `.value` is a call, and a full recompute comes here often
        "subject_id": finding.subject.id,
    }


def stored_periods(portal_id: int, asked: Iterable[tuple[str, date]]) -> set[tuple[str, date]]:
    """Those of the (scorecard, start) pairs that have been computed: the company has a score in each of them."""
    pairs = {(code, start.isoformat()) for code, start in asked}
    if not pairs:
        return set()
    table = table_of(Score)
    of_company = and_(table.c.portal_id == portal_id, table.c.subject_type == COMPANY.type.value)
    rows = db.session.execute(select(table.c.scorecard, table.c.start).where(of_company, _in_periods(table, pairs)))
    return {(code, date.fromisoformat(start)) for code, start in rows}


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
    row: dict[str, Any]
    before: Row[Any] | None


def replace(portal_id: int, model: Model, rows: Sequence[dict[str, Any]], whole: Periods) -> list[Move]:
    """Upsert the rows and, in the periods that are `whole`, remove all others. Returns the rows that moved.

    Of whole periods only what is different is written row by row; that the rest was computed again is said at once.
    """
    table = table_of(model)
    stored = _stored(portal_id, table, rows, whole)
    keys, seen, known = itemgetter(*_keys(table)), _seen_in[model], _stored_in[model]
    moved, written = [], []
    for place, row in enumerate(rows):
        before = stored.pop(keys(row), None)
        if before is None or seen(row) != known(before):
            moved.append(Move(place, row, before))
            written.append(row)
            continue
        if "changed_at" in row:
            row["changed_at"] = before.changed_at
        if row["version_id"] != before.version_id:
            written.append(row)
    moments = {row["computed_at"] for row in rows}
    if whole and len(moments) == 1:
        _stamp(portal_id, table, whole, *moments)
        upsert(model, written)
    else:
        upsert(model, rows)
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


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _stored(portal_id: int, table: Table, rows: Iterable[Mapping[str, Any]], whole: Periods) -> dict[Key, Row[Any]]:
    pairs = {(row["scorecard"], row["start"]) for row in rows} | set(whole)
    if not pairs:
        return {}
    key = _keys(table)
    columns = [table.c[name] for name in key] + [column for column in table.c if column.name not in key]
    query = select(*columns).where(table.c.portal_id == portal_id, _in_periods(table, pairs))
    subjects = {row["subject_id"] for row in rows}
    if not whole and len(subjects) <= FEW:
        query = query.where(table.c.subject_id.in_(subjects))
    width = len(key)
    return {row[:width]: row for row in db.session.execute(query)}


def _in_periods(table: Table, pairs: Periods) -> ColumnElement[bool]:
    starts: dict[str, list[str]] = defaultdict(list)
    for scorecard, start in pairs:
        starts[scorecard].append(start)
    return or_(*(and_(table.c.scorecard == code, table.c.start.in_(those)) for code, those in starts.items()))


def _remove(table: Table, keys: Sequence[Key]) -> None:
    if keys:
        columns = list(table.primary_key)
        statement = delete(table).where(*(column == bindparam(f"key_{column.name}") for column in columns))
        names = [f"key_{column.name}" for column in columns]
        db.session.connection().execute(statement, [dict(zip(names, key, strict=True)) for key in keys])
