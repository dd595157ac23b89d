"""What can be asked of facts one by one: a deal, a dictionary, the ledger. Numbers are the business of metrics."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from sqlalchemy import exists, func, select

from b24app.facts import deals, records, watching
from b24app.facts.entities import moves_of
from b24app.facts.held import not_held
from b24app.facts.kinds import Kind, declared, kind_of
from b24app.facts.rules import DEAL, ENTRY, MOVE, DealFact
from b24app.facts.tables import Deal, Entry, StageMove, Term
from b24app.lib.db import db


@dataclass(frozen=True, slots=True)
class TermRow:
    """One word of a dictionary. `extra` of a stage: category_id, semantic, color."""

    id: str
    name: str
    sort: int
    extra: dict[str, Any]
    active: bool


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One row of the ledger; `value` in millionths."""

    id: int
    key: str
    code: str
    kind: str
    value: int
    occurred_at: int
    employee_id: int | None
    department_id: int | None
    source_id: str | None
    comment: str
    origin: str
    author: str
    undoes_id: int | None
    undone: bool
    corrects_id: int | None
    state: str
    decided_by: str | None
    decided_at: int | None
    created_at: int


def first_at(portal_id: int) -> int | None:
    """When the portal's first fact was; None without any."""
    firsts = [
        select(func.min(column)).where(column.class_.portal_id == portal_id).scalar_subquery()
        for column in (Deal.created_at, Entry.occurred_at)
    ]
    firsts += [_first_of(portal_id, kind) for kind in kinds_of(portal_id)]
    known = [first for first in db.session.execute(select(*firsts)).one() if first is not None]
    return min(known, default=None)


def kinds_of(portal_id: int) -> tuple[Kind, ...]:
    """The kinds of simple records that are read of a portal."""
    named = (kind_of(entity) for entity in watching.entities(portal_id))
    return (*declared().values(), *(kind for kind in named if kind))


def _first_of(portal_id: int, kind: Kind) -> Any:
    column = records.table_of(kind).c[f"{kind.dates[0]}_at"]
    return select(func.min(column)).where(*records.of_kind(portal_id, kind)).scalar_subquery()


def deal(portal_id: int, id: int) -> DealFact | None:
    """None for a deal we have never seen or that was deleted."""
    found = deals.load(portal_id, [id]).get(id)
    return found if found and found.deleted_at is None else None


def terms(portal_id: int, kind: str) -> tuple[TermRow, ...]:
    """In the portal's order, words no longer in use included."""
    columns = (Term.id, Term.name, Term.sort, Term.extra, Term.active)
    rows = db.session.execute(select(*columns).where(Term.portal_id == portal_id, Term.kind == kind))
    return tuple(sorted(starmap(TermRow, rows), key=lambda term: (term.sort, term.id)))


def extras(portal_id: int, words: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """What else is known of some words, by kind and id, also of such as are no longer in use; in one statement."""
    if not words:
        return {}
    kinds, ids = ({word[place] for word in words} for place in (0, 1))
    query = select(Term.kind, Term.id, Term.extra).where(
        Term.portal_id == portal_id, Term.kind.in_(sorted(kinds)), Term.id.in_(sorted(ids))
    )
    return {(kind, id): extra for kind, id, extra in db.session.execute(query) if (kind, id) in words}


def in_stages(portal_id: int, entity: str, stages: Collection[str]) -> list[int]:
    """The ids of the living records of a CRM type that are in one of these stages."""
    kind = kind_of(entity)
    if kind is None or not stages:
        return []
    columns = records.table_of(kind).c
    query = select(columns.id).where(*records.of_kind(portal_id, kind), columns.deleted_at.is_(None))
    return list(db.session.scalars(query.where(columns.stage_id.in_(sorted(stages)))))


def watched(portal_id: int, entity: str = DEAL) -> Mapping[str, bool]:
    """What is read of records beside their columns: name -> whether it has been read for all of them."""
    return {name: one.complete for name, one in watching.watches(portal_id, entity).items()}


def entries(
    portal_id: int,
    *,
    code: str | None = None,
    key: str | None = None,
    employee_id: int | None = None,
    department_id: int | None = None,
    after: int = 0,
    limit: int = 100,
    visible: Collection[int] | None = None,
) -> tuple[EntryRow, ...]:
    """Entries with an id above `after`, by id; `visible` narrows them to some employees' own."""
    columns = [getattr(Entry, name) for name in EntryRow.__slots__]
    query = select(*columns).where(Entry.portal_id == portal_id, Entry.id > after, not_held(portal_id))
    asked = {Entry.code: code, Entry.key: key, Entry.employee_id: employee_id, Entry.department_id: department_id}
    for column, wanted in asked.items():
        if wanted is not None:
            query = query.where(column == wanted)
    if visible is not None:
        query = query.where(Entry.employee_id.in_(visible))
    return tuple(EntryRow(*row) for row in db.session.execute(query.order_by(Entry.id).limit(limit)))


def codes_in_use(portal_id: int, codes: Collection[str]) -> frozenset[str]:
    """Of these codes those that have any entry."""
    wanted = sorted(codes)
    found = [exists().where(Entry.portal_id == portal_id, Entry.code == code) for code in wanted]
    row = db.session.execute(select(*found)).one() if found else ()
    return frozenset(code for code, is_there in zip(wanted, row, strict=True) if is_there)


def counts(portal_id: int) -> dict[str, int]:
    """How many living records and entries there are, by entity."""
    living = {
        DEAL: select(func.count()).where(Deal.portal_id == portal_id, Deal.deleted_at.is_(None)),
        MOVE: select(func.count()).where(StageMove.portal_id == portal_id, StageMove.entity == DEAL),
        ENTRY: select(func.count()).where(Entry.portal_id == portal_id),
    }
    for kind in kinds_of(portal_id):
        if kind.has_moves:
            mine = (StageMove.portal_id == portal_id, StageMove.entity == kind.entity)
            living[moves_of(kind.entity)] = select(func.count()).where(*mine)
        is_living = records.table_of(kind).c.deleted_at.is_(None)
        living[kind.entity] = select(func.count()).where(*records.of_kind(portal_id, kind), is_living)
    row = db.session.execute(select(*(query.scalar_subquery().label(name) for name, query in living.items()))).one()
    return dict(row._mapping)
