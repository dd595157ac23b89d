"""What records and entries are called and whose they are, for those who are told that one of them moved a number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from b24app.facts.rules import ACTIVITY, DEAL, ENTRY
from b24app.facts.tables import Activity, Deal, Entry
from b24app.lib.db import db
from b24app.lib.storage import chunks


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
    found = [
        *_deals(portal_id, wanted[DEAL]),
        *_activities(portal_id, wanted[ACTIVITY]),
        *_entries(portal_id, wanted[ENTRY]),
    ]
    return {(one.entity, one.id): one for one in found}


def _deals(portal_id: int, ids: Iterable[int]) -> Iterable[Titled]:
    owners = Deal.responsible_id, Deal.closed_by_id, Deal.created_by_id
    for part in chunks(sorted(ids)):
        query = select(Deal.id, Deal.title, Deal.deleted_at, *owners).where(
            Deal.portal_id == portal_id, Deal.id.in_(part)
        )
        for id, title, deleted_at, *whose in db.session.execute(query):
            yield Titled(DEAL, id, title, _known(whose), deleted_at is not None)


def _activities(portal_id: int, ids: Iterable[int]) -> Iterable[Titled]:
    owners = Activity.responsible_id, Activity.created_by_id
    for part in chunks(sorted(ids)):
        query = select(Activity.id, Activity.subject, Activity.deleted_at, *owners).where(
            Activity.portal_id == portal_id, Activity.id.in_(part)
        )
        for id, title, deleted_at, *whose in db.session.execute(query):
            yield Titled(ACTIVITY, id, title, _known(whose), deleted_at is not None)


def _entries(portal_id: int, ids: Iterable[int]) -> Iterable[Titled]:
    for part in chunks(sorted(ids)):
        query = select(Entry.id, Entry.comment, Entry.code, Entry.employee_id).where(
            Entry.portal_id == portal_id, Entry.id.in_(part)
        )
        for id, comment, code, employee_id in db.session.execute(query):
            yield Titled(ENTRY, id, comment or code, _known((employee_id,)))


def _known(owners: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(id for id in owners if id))
