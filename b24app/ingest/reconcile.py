"""Comparing our records with the portal's by id and modification time, to find what events and sync have lost.

What differs, and what the portal no longer lists, is put into the inbox and read again there: a list that is cut short
by rights or by a fault deletes nothing by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from b24app.bitrix.client import Client
from b24app.facts.tables import Activity, Deal
from b24app.ingest import parsing
from b24app.ingest.parsing import BadRecord
from b24app.ingest.sources import activities, deals
from b24app.lib import clock
from b24app.lib.clock import epoch
from b24app.lib.db import db

SOURCES = (deals, activities)
_TABLES: Mapping[str, Any] = {deals.entity: Deal, activities.entity: Activity}


@dataclass(frozen=True, slots=True)
class Listed:
    """What the portal lists with ids in (after, until]; without `until` to the end."""

    entity: str
    versions: Mapping[int, int]
    after: int
    until: int | None
    read_at: datetime


def read(client: Client, source: Any) -> Iterator[Listed]:
    """Ids and modification times only, 2 500 a request."""
    listing = source.listing.only(source.listing.id_field, source.listing.changed)
    after, read_at = 0, clock.now()
    for rows in listing.pages(client, {}):
        versions = {int(row[listing.id_field]): _version(row, listing.changed) for row in rows}
        until = max(versions)
        yield Listed(source.entity, versions, after, until, read_at)
        after, read_at = until, clock.now()
    yield Listed(source.entity, {}, after, None, read_at)


def _version(row: Mapping[str, Any], field: str) -> int:
    try:
        return parsing.instant(row.get(field)) or 0
    except BadRecord:
        return 0


def suspects(portal_id: int, listed: Listed) -> set[int]:
    """Ids that are missing on either side, or that the portal has in a newer version."""
    table = _TABLES[listed.entity]
    query = select(table.id, table.updated_at, table.read_at, table.deleted_at).where(
        table.portal_id == portal_id, table.id > listed.after
    )
    if listed.until is not None:
        query = query.where(table.id <= listed.until)
    found = set(listed.versions)
    began = epoch(listed.read_at)
    for row in db.session.execute(query):
        version = listed.versions.get(row.id)
        if version is None:
            if row.deleted_at is None and row.read_at <= began:
                found.add(row.id)
        elif row.deleted_at is None and row.updated_at >= version:
            found.discard(row.id)
    return found
