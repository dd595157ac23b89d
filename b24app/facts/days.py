"""Entries that were given as a day: they stay in it, whatever time zone the portal is in (semantics 2.2).

The ledger keeps an instant of each entry, and of such ones the time on the portal's wall, too. When the zone changes,
their instants are worked out anew: everything else of the ledger stays as it was posted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, select, update

from b24app.facts.rules import EntryDraft
from b24app.facts.tables import Entry
from b24app.lib import storage
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.periods.rules import Settings, from_wall, on_wall

AT_ONCE = 5_000
"""Entries that one portion looks at."""


@dataclass(frozen=True, slots=True)
class Portion:
    """The next one begins behind this id. `moved`: how many entries have another instant now."""

    behind: int
    moved: int


def settled(portal_id: int, drafts: Sequence[EntryDraft]) -> Sequence[EntryDraft]:
    """Drafts with the instants of the present time zone: some were made before it changed. The portal is locked."""
    if not any(draft.local_at for draft in drafts):
        return drafts
    settings = periods.settings(portal_id)
    return [draft if _stands(draft, settings) else replace(draft, occurred_at=_at(draft, settings)) for draft in drafts]


def _stands(draft: Any, settings: Settings) -> bool:
    """Whether the clock shows what it is to show. An hour that it shows twice is no reason to move an entry."""
    return draft.local_at is None or on_wall(draft.occurred_at, settings) == draft.local_at


def _at(draft: Any, settings: Settings) -> int:
    return from_wall(draft.local_at, settings)


def redate(portal_id: int, after: int = 0) -> Portion | None:
    """Look at the next entries given as a day; None when there are none left. May be repeated from any place."""
    settings = periods.settings(portal_id)
    mine = Entry.portal_id == portal_id, Entry.local_at.is_not(None), Entry.id > after
    query = select(Entry.id, Entry.local_at, Entry.occurred_at).where(*mine).order_by(Entry.id).limit(AT_ONCE)
    rows = db.session.execute(query).all()
    if not rows:
        return None
    moved = [{"entry_id": row.id, "at": _at(row, settings)} for row in rows if not _stands(row, settings)]
    if moved:
        table = storage.table_of(Entry)
        mine_too = table.c.portal_id == portal_id, table.c.id == bindparam("entry_id")
        db.session.execute(update(table).where(*mine_too).values(occurred_at=bindparam("at")), moved)
    return Portion(rows[-1].id, len(moved))
