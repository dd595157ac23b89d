"""Comparing our records with the portal's by id and modification time, to find what events and sync have lost.

Deals also by their clients: when companies are merged, their deals change without a word.

What differs, and what the portal no longer lists, is put into the inbox and read again there: a list that is cut short
by rights or by a fault deletes nothing by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
_COMPARED: Mapping[str, Mapping[str, str]] = {deals.entity: {"companyId": "company_id", "contactId": "contact_id"}}
"""Links that may change without the record's version: the portal's names and our columns."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the portal lists with ids in (after, until]; without `until` to the end."""

    entity: str
    versions: Mapping[int, int]
    after: int
    until: int | None
    read_at: datetime
    links: Mapping[int, tuple[int | None, ...]] = field(default_factory=dict)


def read(client: Client, source: Any) -> Iterator[Listed]:
    """Ids, modification times and links only, 2 500 a request."""
    compared = _COMPARED.get(source.entity, {})
    listing = source.listing.only(source.listing.id_field, source.listing.changed, *compared)
    after, read_at = 0, clock.now()
    for rows in listing.pages(client, {}):
        versions = {int(row[listing.id_field]): _version(row, listing.changed) for row in rows}
        links = {int(row[listing.id_field]): _links(row, compared) for row in rows} if compared else {}
        until = max(versions)
        yield Listed(source.entity, versions, after, until, read_at, links)
        after, read_at = until, clock.now()
    yield Listed(source.entity, {}, after, None, read_at)


def _version(row: Mapping[str, Any], field: str) -> int:
    try:
        return parsing.instant(row.get(field)) or 0
    except BadRecord:
        return 0


def _links(row: Mapping[str, Any], fields: Iterable[str]) -> tuple[int | None, ...]:
    try:
        return tuple(parsing.link(row.get(name)) for name in fields)
    except BadRecord:
        return ()


def suspects(portal_id: int, listed: Listed) -> set[int]:
    """Ids that are missing on either side, or that the portal has in a newer version or with other links."""
    table = _TABLES[listed.entity]
    links = [getattr(table, name) for name in _COMPARED.get(listed.entity, {}).values()]
    query = select(table.id, table.updated_at, table.read_at, table.deleted_at, *links).where(
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
        elif row.deleted_at is None and row.updated_at >= version and listed.links.get(row.id, ()) == row[4:]:
            found.discard(row.id)
    return found
