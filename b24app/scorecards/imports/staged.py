"""The targets of an import on their way in or out: laid ready in portions, exchanged by a few statements, noted after.

    lay ready (portion by portion) -> exchange (all at once) -> note in the audit log (portion by portion)

So no transaction is long, and whoever looks sees all of the import or nothing of it. A row of `imported_target` says
what stands in a place before and after; laid ready it counts for nothing, and taking back turns it round. Set-based.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    ScalarSelect,
    String,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from b24app.lib import storage
from b24app.lib.db import Int64, db
from b24app.periods.rules import Kind
from b24app.portal.rules import Subject
from b24app.scorecards.tables import ImportedTarget, Target

AT_ONCE = 1_000
"""Targets that one portion lays ready, forgets or notes."""

Place = tuple[str, str, Subject, date | None]
"""Scorecard, indicator, whose, start of the period; None is every one."""

PLACE = ("scorecard", "indicator", "subject_type", "subject_id", "start")
_ORDER = tuple(getattr(ImportedTarget, name) for name in PLACE)

Scorecards = Mapping[str, Kind]
"""Those whose targets are exchanged, with the kind of their periods."""


def columns(place: Place) -> dict[str, Any]:
    scorecard, indicator, subject, start = place
    told = (scorecard, indicator, subject.type.value, subject.id, start.isoformat() if start else "")
    return dict(zip(PLACE, told, strict=True))


def lay_ready(portal_id: int, import_id: int, targets: Iterable[tuple[Place, int | None]]) -> None:
    """In millionths; None removes what stands there."""
    same = {"portal_id": portal_id, "import_id": import_id}
    rows = [{**same, **columns(place), "after": after} for place, after in targets]
    if rows:
        db.session.execute(insert(storage.table_of(ImportedTarget)), rows)


def clear(portal_id: int, import_id: int) -> None:
    db.session.execute(delete(ImportedTarget).where(*_mine(portal_id, import_id)))


def exchange(portal_id: int, import_id: int, scorecards: Scorecards, author: str, at: int) -> None:
    """What is laid ready stands in the plan, and what stood there is kept; what stands so already is left alone."""
    for code, kind in scorecards.items():
        ours = *_mine(portal_id, import_id), ImportedTarget.scorecard == code
        _run(update(ImportedTarget).where(*ours).values(before=_standing(kind)))
        _run(delete(ImportedTarget).where(*ours, ImportedTarget.before.is_not_distinct_from(ImportedTarget.after)))
        _put(portal_id, ours, kind, author, at)


def turn_back(
    portal_id: int, import_id: int, scorecards: Scorecards, locked: Collection[tuple[str, str]], author: str, at: int
) -> None:
    """What stood there before stands in the plan again. Rows of targets that were changed since, whose period is
    `locked`, or of no scorecard of these, are forgotten; the others say it the other way round."""
    mine = _mine(portal_id, import_id)
    _run(delete(ImportedTarget).where(*mine, ImportedTarget.scorecard.not_in(sorted(scorecards))))
    for code, kind in scorecards.items():
        ours = *mine, ImportedTarget.scorecard == code
        held = sorted(start for one, start in locked if one == code)
        is_other = _standing(kind).is_distinct_from(ImportedTarget.after)
        _run(delete(ImportedTarget).where(*ours, or_(is_other, ImportedTarget.start.in_(held))))
        _run(update(ImportedTarget).where(*ours).values(before=ImportedTarget.after, after=ImportedTarget.before))
        _put(portal_id, ours, kind, author, at)


def _put(portal_id: int, ours: tuple[ColumnElement[bool], ...], kind: Kind, author: str, at: int) -> None:
    gone = select(ImportedTarget.start).where(*ours, _same(kind), ImportedTarget.after.is_(None)).exists()
    _run(delete(Target).where(Target.portal_id == portal_id, gone))
    told = {
        **{name: getattr(ImportedTarget, name) for name in ("portal_id", *PLACE)},
        "period": literal(kind.value, String),
        "target": ImportedTarget.after,
        "author": literal(author, String),
        "saved_at": literal(at, Int64),
    }
    rows = select(*told.values()).where(*ours, ImportedTarget.after.is_not(None))
    statement = storage.insert(Target).from_select(list(told), rows)
    replaced = {name: statement.excluded[name] for name in ("target", "author", "saved_at")}
    key = ["portal_id", *PLACE, "period"]
    db.session.execute(statement.on_conflict_do_update(index_elements=key, set_=replaced))


def _standing(kind: Kind) -> ScalarSelect[int | None]:
    """What stands in the plan in the place of a row."""
    return select(Target.target).where(_same(kind)).correlate(ImportedTarget).scalar_subquery()


def _same(kind: Kind) -> ColumnElement[bool]:
    """A target and a row of the same place."""
    pairs = (getattr(Target, name) == getattr(ImportedTarget, name) for name in ("portal_id", *PLACE))
    return and_(*pairs, Target.period == kind.value)


def _run(statement: Executable) -> None:
    """Nobody has loaded these rows."""
    db.session.execute(statement, execution_options={"synchronize_session": False})


def forget(portal_id: int, import_id: int, places: Iterable[Place]) -> None:
    """These are not turned back."""
    key, gone = tuple_(*_ORDER), [tuple(columns(place).values()) for place in places]
    for first in range(0, len(gone), AT_ONCE):
        part = gone[first : first + AT_ONCE]
        _run(delete(ImportedTarget).where(*_mine(portal_id, import_id), key.in_(part)))


def count(portal_id: int, import_id: int) -> int:
    return db.session.scalar(select(func.count()).where(*_mine(portal_id, import_id))) or 0


def scorecards_of(portal_id: int, import_id: int) -> tuple[str, ...]:
    found = select(ImportedTarget.scorecard).where(*_mine(portal_id, import_id)).distinct()
    return tuple(sorted(db.session.scalars(found)))


def portion(portal_id: int, import_id: int, first: int, size: int) -> Sequence[ImportedTarget]:
    """Some rows from a place on, in a fixed order."""
    query = select(ImportedTarget).where(*_mine(portal_id, import_id)).order_by(*_ORDER)
    return db.session.scalars(query.offset(first).limit(size).execution_options(populate_existing=True)).all()


def _mine(portal_id: int, import_id: int) -> tuple[ColumnElement[bool], ...]:
    return ImportedTarget.portal_id == portal_id, ImportedTarget.import_id == import_id
