"""Comparing our records with the portal's as a whole, to find what events and sync have lost.

Everything that is kept of a record is compared, not only its modification time: a merge of clients and an edit of
product rows leave that as it was.

What differs, and what the portal no longer lists, is put into the inbox and read again there: a list that is cut short
by rights or by a fault deletes nothing by itself.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.facts import comparison, queries
from b24app.facts.comparison import Scope
from b24app.facts.entities import moved_by
from b24app.ingest import queries as status
from b24app.ingest.records import source_of, sources_of
from b24app.ingest.sources.base import reading as reading_of
from b24app.lib import clock
from b24app.lib.clock import epoch


@dataclass(frozen=True, slots=True)
class Listed:
    """What the portal lists of one entity, and which of our records it would have listed if they were still there."""

    entity: str
    read_at: datetime
    scope: Scope
    drafts: tuple[Any, ...] = ()
    asked: frozenset[str] = frozenset()
    unreadable: frozenset[int] = frozenset()


def sources(portal_id: int) -> tuple[Any, ...]:
    """What is compared every night: all that has been read once."""
    missing = status.unread(portal_id)
    compared = (source for source in sources_of(portal_id) if getattr(source, "is_compared", True))
    return tuple(source for source in compared if source.entity not in missing)


def histories(portal_id: int) -> tuple[Any, ...]:
    """Stage moves that have been read once."""
    missing = status.unread(portal_id)
    return tuple(one for one in sources_of(portal_id) if moved_by(one.entity) and one.entity not in missing)


def read(client: Client, source: Any) -> Iterator[Listed]:
    """All records in the order of their ids, 2 500 a request. `source` asks for what is watched, too."""
    after, read_at = 0, clock.now()
    for rows in source.listing.pages(client, {}):
        until = int(rows[-1][source.listing.id_field])
        yield _listed(source, rows, read_at, Scope(after=after, until=until))
        after, read_at = until, clock.now()
    yield Listed(source.entity, read_at, Scope(after=after))


def linked(client: Client, source: Any, ids: Collection[int]) -> Listed:
    """The deals of some clients. What is watched of them is left out: it does not change with these."""
    others = source_of(source.concerns)
    read_at = clock.now()
    rows = [row for page in others.listing.pages(client, {f"@{source.link.field}": list(ids)}) for row in page]
    return _listed(others, rows, read_at, Scope(clients=frozenset(map(source.link.key, ids))))


def _listed(source: Any, rows: list[dict[str, Any]], read_at: datetime, scope: Scope) -> Listed:
    found = reading_of(source, rows, read_at)
    unreadable = frozenset(int(one.id) for one in found.rejected if one.id.isdecimal())
    return Listed(source.entity, read_at, scope, found.drafts, found.asked, unreadable)


def suspects(portal_id: int, listed: Listed) -> set[int]:
    """Ids that are missing on either side, or that are something else on the portal than here, and not older.

    What is watched is compared once it has been read for all deals; until then reading it goes on anyway.
    """
    began = epoch(listed.read_at)
    complete = {name for name, is_complete in queries.watched(portal_id, listed.entity).items() if is_complete}
    differing = comparison.differing(portal_id, listed.entity, listed.drafts, listed.asked & complete, began)
    ours = comparison.living(portal_id, listed.entity, listed.scope, began)
    return differing | listed.unreadable | (ours - {draft.id for draft in listed.drafts})
