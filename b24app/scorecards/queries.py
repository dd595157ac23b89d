"""What can be asked of scorecards and targets. Documents are parsed here once; past this point nobody sees raw JSON."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Row, Text, bindparam, cast, literal, null, select

from b24app.facts.approval import approval
from b24app.facts.rules import Cell
from b24app.facts.tables import Entry
from b24app.ingest.extras import types_of
from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import OF_PORTAL, table_of
from b24app.metrics.amounts import MONEY, Amounts
from b24app.metrics.needs import Need
from b24app.periods import queries as periods
from b24app.periods.rules import Kind
from b24app.portal import queries as portals
from b24app.portal.rules import Subject, SubjectType
from b24app.scorecards import documents, formulas, rules
from b24app.scorecards.documents import ScorecardDocument
from b24app.scorecards.rules import Indicator, Lock, Version
from b24app.scorecards.tables import PeriodLock, ScorecardVersion, Target
from b24app.scorecards.targets import Targets

MILLIONTHS = 1_000_000


class TargetRow(NamedTuple):
    """One stored target, as the public API lists them."""

    id: int
    scorecard: str
    indicator: str
    subject: Subject
    period: str
    start: date | None
    target: Fraction


def versions(portal_id: int, code: str | None = None) -> tuple[Version, ...]:
    """Every version of every scorecard (of one), by code and the day it comes into force."""
    query = select(ScorecardVersion).where(ScorecardVersion.portal_id == portal_id)
    if code is not None:
        query = query.where(ScorecardVersion.code == code)
    # Not by the database: each has its own order of texts.
    rows = sorted(db.session.scalars(query), key=lambda row: (row.code, row.effective_from))
    read = [documents.load(row.document) for row in rows]
    known = amounts(portal_id, read)
    return tuple(_version(row, one, indicators(one, known)) for row, one in zip(rows, read, strict=True))


def standing(portal_id: int) -> tuple[tuple[Version, ...], dict[tuple[str, date], Lock]]:
    """Every version, and the periods that are locked now."""
    rows: Sequence[Any] = db.session.execute(_standing(), {"portal": portal_id}).all()
    ordered = sorted(rows, key=lambda row: (row.code, row.effective_from))
    held = sorted((row for row in rows if not row.is_version), key=lambda row: (row.effective_from, row.code))
    read = [(row, _read(row.text)) for row in ordered if row.is_version]
    known = amounts(portal_id, (document for _row, document in read))
    return (
        tuple(_version(row, document, _indicators(row.text, known)) for row, document in read),
        {(row.code, date.fromisoformat(row.effective_from)): _lock(*row[1:7], *row[8:]) for row in held},
    )


@cache
def _standing() -> CompoundSelect[*tuple[Any, ...]]:
    """Both in one statement, because nearly every page and change needs them."""
    one, lock, no_text = table_of(ScorecardVersion).c, table_of(PeriodLock).c, cast(null(), Text)
    of_versions = select(
        literal(True).label("is_version"), one.id, one.code, one.version, one.effective_from, one.author, one.saved_at,
        cast(one.document, Text).label("text"), no_text.label("kind"), no_text.label("currency"),
    ).where(one.portal_id == OF_PORTAL)  # fmt: skip
    of_locks = select(
        literal(False), lock.id, lock.scorecard, lock.version, lock.start, lock.locked_by, lock.locked_at,
        no_text, lock.kind, lock.currency,
    ).where(lock.portal_id == OF_PORTAL, lock.unlocked_at.is_(None))  # fmt: skip
    return of_versions.union_all(of_locks)


@lru_cache(maxsize=500)
def _read(text: str) -> ScorecardDocument:
    """A stored document, as every page needs it. Kept by its text, so what is kept can never be an older one."""
    return documents.load(json.loads(text))


@lru_cache(maxsize=500)
def _indicators(text: str, known: Amounts) -> tuple[Indicator, ...]:
    """Those of a stored document. Kept by what is money, too, so that another word of the portal holds at once."""
    return indicators(_read(text), known)


def version(row: ScorecardVersion) -> Version:
    document = documents.load(row.document)
    return _version(row, document, indicators(document, amounts(row.portal_id, [document])))


def _version(
    row: ScorecardVersion | Row[Any], document: ScorecardDocument, indicators: tuple[Indicator, ...]
) -> Version:
    return Version(
        id=row.id,
        number=row.version,
        effective_from=date.fromisoformat(row.effective_from),
        author=row.author,
        saved_at=row.saved_at,
        document=document,
        indicators=indicators,
    )


def indicators(document: ScorecardDocument, known: Amounts) -> tuple[Indicator, ...]:
    """With their plans; those of a document that is not computed have none."""
    plans = document.plans(known) if rules.is_counted(document) else ()
    return tuple(map(Indicator, document.indicators, plans))


def amounts(portal_id: int, counting: Iterable[ScorecardDocument]) -> Amounts:
    """What is money among what these scorecards count, as the portal says at this moment.

    A field whose type is not known may be one of money.
    """
    fields = frozenset[Need]().union(*(formulas.fields_counted(one.indicators) for one in counting))
    types = types_of(portal_id, fields)
    codes = approval(portals.get(portal_id).settings).money_codes
    return Amounts(codes, frozenset(field for field in fields if types.get(field, MONEY) == MONEY))


def locks(portal_id: int, scorecard: str | None = None) -> dict[tuple[str, date], Lock]:
    """The periods that are locked now, by scorecard and start."""
    query = select(*_LOCK).where(PeriodLock.portal_id == portal_id, PeriodLock.unlocked_at.is_(None))
    if scorecard is not None:
        query = query.where(PeriodLock.scorecard == scorecard)
    rows = db.session.execute(query.order_by(PeriodLock.start, PeriodLock.scorecard))
    return {(row.scorecard, date.fromisoformat(row.start)): _lock(*row) for row in rows}


_LOCK = (
    *(PeriodLock.id, PeriodLock.scorecard, PeriodLock.version, PeriodLock.start),
    *(PeriodLock.locked_by, PeriodLock.locked_at, PeriodLock.kind, PeriodLock.currency),
)
"""All but the documents, which are long."""


def _lock(
    id: int, scorecard: str, version: int, start: str, locked_by: str, locked_at: int, kind: str, currency: str
) -> Lock:
    return Lock(
        id=id,
        scorecard=scorecard,
        kind=Kind(kind),
        start=date.fromisoformat(start),
        version=version,
        currency=currency,
        at=locked_at,
        by=locked_by,
    )


def locked_version(portal_id: int, lock: Lock) -> Version:
    """The scorecard as it was when the period was locked. Its id is no version's: the lock's, below zero."""
    query = select(PeriodLock.document).where(PeriodLock.portal_id == portal_id, PeriodLock.id == lock.id)
    document = documents.load(db.session.execute(query).scalar_one())
    return Version(
        id=-lock.id,
        number=lock.version,
        effective_from=document.effective_from,
        author=lock.by,
        saved_at=lock.at,
        document=document,
        indicators=indicators(document, amounts(portal_id, [document])),
    )


def by_code(found: Iterable[Version]) -> dict[str, tuple[Version, ...]]:
    """The same versions, those of a scorecard together."""
    grouped: dict[str, list[Version]] = defaultdict(list)
    for one in found:
        grouped[one.code].append(one)
    return {code: tuple(those) for code, those in grouped.items()}


def entry_codes(portal_id: int, asked: Collection[str]) -> frozenset[str]:
    """Those of the codes that entries of the portal have, or that an indicator of one of its scorecards counts."""
    mine = Entry.portal_id == portal_id
    posted = {code for code in asked if db.session.scalar(select(Entry.id).where(mine, Entry.code == code).limit(1))}
    counted = (formulas.codes_counted(one.document.indicators) for one in versions(portal_id))
    return frozenset(asked) & posted.union(*counted)


def counted(portal_id: int) -> dict[str, tuple[Version, ...]]:
    """The versions of every scorecard that is or was computed, by code."""
    return computed(by_code(versions(portal_id)))


def computed(grouped: Mapping[str, tuple[Version, ...]]) -> dict[str, tuple[Version, ...]]:
    """Those scorecards of which a version is counted."""
    return {code: those for code, those in grouped.items() if any(one.is_counted for one in those)}


def latest(portal_id: int) -> tuple[Version, ...]:
    """Of every scorecard the version that comes into force last: the one people edit."""
    return tuple(those[-1] for those in by_code(versions(portal_id)).values())


def get(portal_id: int, code: str, as_of: date | None = None) -> Version:
    """The version people edit, or the one in force on a day. NotFound when there is none."""
    found = versions(portal_id, code)
    one = found[-1] if found and as_of is None else rules.as_of(found, as_of or date.max)
    if one is None:
        raise NotFound(_("There is no scorecard %(code)s.", code=code))
    return one


def in_money(portal_id: int) -> frozenset[tuple[str, str]]:
    """(scorecard, indicator) of what is a sum of money, or tells of some, in the latest version that has it."""
    found: dict[tuple[str, str], bool] = {}
    every = [one.document for one in versions(portal_id)]
    known = amounts(portal_id, every)
    for document in every:
        plans = zip(document.indicators, document.plans(known), strict=True)
        found |= {(document.code, one.code): plan.is_money for one, plan in plans}
    return frozenset(place for place, is_money in found.items() if is_money)


def touched(portal_id: int, cells: Iterable[Cell]) -> dict[tuple[str, date], set[Subject]]:
    """(scorecard, period start) -> whose facts the cells are."""
    return rules.touched(counted(portal_id), cells, periods.settings(portal_id))


def target_rows(
    portal_id: int, scorecards: Collection[str] | None = None, indicator: str | None = None
) -> tuple[TargetRow, ...]:
    columns = Target.id, Target.scorecard, Target.indicator, Target.subject_type, Target.subject_id
    query = select(*columns, Target.period, Target.start, Target.target).where(Target.portal_id == portal_id)
    if scorecards is not None:
        query = query.where(Target.scorecard.in_(scorecards))
    if indicator is not None:
        query = query.where(Target.indicator == indicator)
    return tuple(
        TargetRow(
            row.id,
            row.scorecard,
            row.indicator,
            Subject(SubjectType(row.subject_type), row.subject_id),
            row.period,
            date.fromisoformat(row.start) if row.start else None,
            Fraction(row.target, MILLIONTHS),
        )
        for row in db.session.execute(query.order_by(Target.id))
    )


_TARGET = table_of(Target).c
_TARGETS = (
    select(*(_TARGET[name] for name in ("scorecard", "indicator", "subject_type", "subject_id", "start", "target")))
    .where(_TARGET.portal_id == OF_PORTAL, _TARGET.scorecard.in_(bindparam("codes", expanding=True)))
    .order_by(_TARGET.id)
)


def targets(portal_id: int, scorecards: Sequence[str]) -> Targets:
    """The targets somebody set in these scorecards."""
    return Targets(
        {
            (code, indicator, Subject(SubjectType(type_), id), date.fromisoformat(start) if start else None):
                Fraction(target, MILLIONTHS)
            for code, indicator, type_, id, start, target in db.session.execute(
                _TARGETS, {"portal": portal_id, "codes": scorecards}
            )
        }
    )  # fmt: skip
