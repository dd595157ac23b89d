"""What can be done to facts: upsert and forget records, keep rates and dictionaries. The ledger: ledger.py.

The only writer of records. Every change answers with the cells it touched, of the old and of the new state; repeating
one changes nothing. The caller has the portal's lock, recomputes and commits. Deals depend on each other: deals.py.
Records that do not: records.py.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete

from b24app.facts import deals, queries, records, watching, words
from b24app.facts.kinds import Kind, kind_of
from b24app.facts.money import plain
from b24app.facts.rules import (
    DEAL,
    Cell,
    DealDraft,
    MoveDraft,
    ProductDraft,
    RateDraft,
    TermDraft,
)
from b24app.facts.tables import Rate
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import midnight

# --- records of the portal


def upsert_deals(
    portal_id: int,
    drafts: Sequence[DealDraft],
    moves: Sequence[MoveDraft],
    read_at: datetime,
    asked: Collection[str] = (),
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Store deals as a read that began at `read_at` found them, with the stage moves it found.

    `asked` are the watched names it asked for; of the others what is known stays. `in_history`: after such a read all
    wins are numbered and everything is computed, so that neither is done for its parts and no cells are told.
    """
    return deals.upsert(portal_id, drafts, moves, asked, epoch(read_at), in_history=in_history)


def upsert_moves(
    portal_id: int, entity: str, moves: Sequence[MoveDraft], read_at: datetime, *, in_history: bool = False
) -> frozenset[Cell]:
    """Keep stage moves of these records; those closed by one of them get their exact closed_at."""
    if entity == DEAL:
        return deals.upsert(portal_id, (), moves, (), epoch(read_at), in_history=in_history)
    return records.upsert(portal_id, _kind(entity), (), epoch(read_at), (), moves, in_history=in_history)


def buyers(portal_id: int) -> Iterator[list[str]]:
    """All clients that have bought, in portions for `number_wins`."""
    return deals.buyers(portal_id)


def number_wins(portal_id: int, clients: Collection[str]) -> None:
    """After the history has been read: the wins of these clients in their order (semantics 3.3)."""
    deals.renumber(portal_id, clients)


def upsert_records(
    portal_id: int,
    entity: str,
    drafts: Sequence[Any],
    read_at: datetime,
    asked: Collection[str] = (),
    moves: Sequence[MoveDraft] = (),
    *,
    in_history: bool = False,
) -> frozenset[Cell]:
    """Store simple records of a kind, whichever it is (facts/kinds). `asked` and `moves` as for deals; `in_history`:
    found by a backfill, after which everything is computed, so that no cells are told."""
    return records.upsert(portal_id, _kind(entity), drafts, epoch(read_at), asked, moves, in_history=in_history)


def forget(portal_id: int, entity: str, ids: Collection[int], now: datetime) -> frozenset[Cell]:
    """The portal has these records no more, says a read that began at `now`; later reads know better."""
    if entity == DEAL:
        return deals.forget(portal_id, ids, epoch(now))
    return records.forget(portal_id, _kind(entity), ids, epoch(now))


def _kind(entity: str) -> Kind:
    kind = kind_of(entity)
    if kind is None:
        raise NotFound(_("There are no records of the kind %(entity)s.", entity=entity))
    return kind


# --- rates and dictionaries


def save_rates(portal_id: int, rates: Sequence[RateDraft], day: date) -> frozenset[Cell]:
    """Keep the copy of a local day; amounts that rest on a rate which is now another are converted again."""
    before = deals.load_rates(portal_id, {rate.currency for rate in rates})
    changed = {one.currency for one in rates if before.on(one.currency, day) != one.amount / one.count}
    rows = [
        {"portal_id": portal_id, "currency": rate.currency, "day": day.isoformat(), "amount": plain(rate.amount),
         "count": rate.count}
        for rate in rates
        if rate.currency != before.base
    ]  # fmt: skip
    storage.upsert(Rate, rows)
    changed.discard(before.base)
    if not changed:
        return frozenset()
    reaches_back = any(before.is_first(currency, day) for currency in changed)
    since = 0 if reaches_back else midnight(day, periods.settings(portal_id))
    kinds = (kind for kind in queries.kinds_of(portal_id) if kind.is_priced)
    items = (records.reconvert(portal_id, kind, changed, since) for kind in kinds)
    return deals.reconvert(portal_id, changed, since).union(*items)


def drop_rates(portal_id: int) -> None:
    """The portal counts in another base currency now: rates kept so far say nothing any more."""
    db.session.execute(delete(Rate).where(Rate.portal_id == portal_id))


def save_terms(portal_id: int, kind: str, terms: Sequence[TermDraft]) -> None:
    """The whole dictionary of a kind. Words it no longer has stay, inactive: old facts still use them."""
    words.save(portal_id, kind, terms)
    words.retire(portal_id, kind, [term.id for term in terms])


def save_products(portal_id: int, products: Sequence[ProductDraft]) -> frozenset[Cell] | None:
    """Some products of the catalogue; None when so many deals are touched that everything is to be computed anew."""
    return words.save_products(portal_id, products)


def retire_products(portal_id: int, present: Collection[str]) -> None:
    """Products no longer in the catalogue stay known: old rows still name them."""
    words.retire(portal_id, words.PRODUCT, present)


# --- what is watched


def watch(portal_id: int, fields: Iterable[str], now: datetime, entity: str = DEAL) -> frozenset[str]:
    """Read these names of records from now on; returns those not watched before, which records of the past still lack.
    `rules.RECORDS` is the name for records of a type that is not read unless something names it."""
    return watching.watch(portal_id, fields, now, entity)


def read_instants(portal_id: int, entity: str, field: str, now: datetime) -> None:
    """A field by whose dates records count: where only its days are known, it is read again."""
    watching.restart(portal_id, watching.without_instants(portal_id, {field}, entity), epoch(now), entity)
