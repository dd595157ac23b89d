"""What records and entries are called and whose they are, for those who are told that one of them moved a number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from b24app.facts import details, records
from b24app.facts.kinds import Kind, kind_of
from b24app.facts.rules import DEAL, ENTRY
from b24app.facts.tables import Deal, Entry
from b24app.lib.db import db
from b24app.lib.storage import chunks


def page_of(entity: str) -> str | None:
    """Where the portal shows a record, with `{id}`; activities are shown inside the card they hang on."""
    if entity == DEAL:
        return "/crm/deal/details/{id}/"
    kind = kind_of(entity)
    return kind.page if kind else None


@dataclass(frozen=True, slots=True)
class Titled:
    """A record by its name. `owners` are all who may call it theirs, the present responsible first."""

    entity: str
    id: int
    title: str
    owners: tuple[int, ...]
    is_deleted: bool = False


def titled(portal_id: int, records: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Titled]:
    """Those of the records that are known, by entity and id; one query for each kind and some hundreds of them."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entity, id in records:
        wanted[entity].add(id)
    found = [*_deals(portal_id, wanted[DEAL]), *_entries(portal_id, wanted[ENTRY])]
    for entity, ids in wanted.items():
        if kind := kind_of(entity):
            found += _records(portal_id, kind, ids)
    return {(one.entity, one.id): one for one in found}


def _deals(portal_id: int, ids: Iterable[int]) -> Iterable[Titled]:
    owners = Deal.responsible_id, Deal.closed_by_id, Deal.created_by_id
    for part in chunks(sorted(ids)):
        query = select(Deal.id, Deal.title, Deal.deleted_at, *owners).where(
            Deal.portal_id == portal_id, Deal.id.in_(part)
        )
        credits = details.load_credits(portal_id, part)
        for id, title, deleted_at, *whose in db.session.execute(query):
            shared = (one.employee_id for one in credits.get(id, ()))
            yield Titled(DEAL, id, title, _known((*whose, *shared)), deleted_at is not None)


def _records(portal_id: int, kind: Kind, ids: Iterable[int]) -> Iterable[Titled]:
    columns = records.table_of(kind).c
    owners = (columns[f"{owner}_id"] for owner in kind.owners)
    query = select(columns.id, columns[kind.title], columns.deleted_at, *owners).where(
        *records.of_kind(portal_id, kind)
    )
    for part in chunks(sorted(ids)):
        for id, title, deleted_at, *whose in db.session.execute(query.where(columns.id.in_(part))):
            yield Titled(kind.entity, id, title, _known(whose), deleted_at is not None)


def _entries(portal_id: int, ids: Iterable[int]) -> Iterable[Titled]:
    for part in chunks(sorted(ids)):
        query = select(Entry.id, Entry.comment, Entry.code, Entry.employee_id).where(
            Entry.portal_id == portal_id, Entry.id.in_(part)
        )
        for id, comment, code, employee_id in db.session.execute(query):
            yield Titled(ENTRY, id, comment or code, _known((employee_id,)))


def _known(owners: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(id for id in owners if id))
