"""What can be done to the ledger of entries: post, correct, take back, approve, refuse (semantics 4.7, 14).

Nothing in it is ever edited. A correction is a new entry in place of an earlier one, which a counter-entry takes back;
a change that needs a second person waits in the ledger and counts, or takes back, once it is approved. Every change
answers with the cells it touched; the caller has the portal's lock, recomputes and commits. Asking: entries.py.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from secrets import token_hex
from typing import Literal

from sqlalchemy import select

from b24app.facts import days
from b24app.facts.approval import MARK
from b24app.facts.cells import entry_cells
from b24app.facts.held import not_held
from b24app.facts.money import MILLIONTHS
from b24app.facts.rules import COUNTED, REFUSED, WAITING, Cell, EntryDraft
from b24app.facts.tables import Entry
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.storage import chunks
from b24app.periods.rules import YEARS

LARGEST_VALUE = 10**10
"""In millionths nine hundred such values still add up to a 64-bit number."""

OCCURRED = range(*(epoch(datetime(year, 1, 1, tzinfo=UTC)) for year in (YEARS.start, YEARS.stop)))
"""Instants whose local day exists in every time zone, and in the periods around it."""

NOTHING: frozenset[Cell] = frozenset()


@dataclass(frozen=True, slots=True)
class EntryPosted:
    """What became of one draft, by its place in what was posted."""

    index: int
    status: Literal["created", "duplicate", "error"]
    id: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EntriesPosted:
    items: tuple[EntryPosted, ...]
    cells: frozenset[Cell]


def post_entries(portal_id: int, drafts: Sequence[EntryDraft], now: datetime) -> EntriesPosted:
    """Append to the ledger, item by item: one that is wrong or came before does not stop the others.

    A handful of statements however many there are. Only what counts at once touches cells.
    """
    drafts = days.settled(portal_id, drafts)
    faults = {place: fault for place, draft in enumerate(drafts) if (fault := fault_of(draft))}
    good = {place: draft for place, draft in enumerate(drafts) if place not in faults}
    first_of = {draft.key: place for place, draft in reversed(good.items())}
    created = _append(portal_id, [good[place] for place in sorted(first_of.values())], now)
    earlier = _entry_ids(portal_id, first_of.keys() - created.keys())

    def outcome(place: int) -> EntryPosted:
        if place in faults:
            return EntryPosted(place, "error", error=faults[place])
        key = drafts[place].key
        if key in created and first_of[key] == place:
            return EntryPosted(place, "created", created[key])
        return EntryPosted(place, "duplicate", created.get(key) or earlier[key])

    items = tuple(map(outcome, range(len(drafts))))
    new = ((item.id, drafts[item.index]) for item in items if item.status == "created" and item.id)
    cells = (
        entry_cells(id, one.employee_id, one.department_id, one.occurred_at) for id, one in new if one.state == COUNTED
    )
    return EntriesPosted(items, frozenset().union(*cells))


def fault_of(draft: EntryDraft) -> str | None:
    """What is wrong with a draft, as a sentence."""
    if not draft.key or len(draft.key) > 255:
        return _("The key must have 1 to 255 characters.")
    if not draft.code or len(draft.code) > 64:
        return _("The code must have 1 to 64 characters.")
    if draft.kind not in ("add", "set"):
        return _("The kind must be add or set.")
    if value := value_fault(draft.value):
        return value
    if draft.occurred_at not in OCCURRED:
        return _("A date like 2026-11-01 is needed here.")
    return None


def value_fault(value: Decimal) -> str | None:
    if not value.is_finite() or abs(value) > LARGEST_VALUE:
        return _("The value is too large.")
    if value * MILLIONTHS % 1:
        return _("The value may have at most 6 decimals.")
    return None


def off_scale(scale: str) -> str:
    """What may be entered, as a sentence, where a value is not on its scale."""
    return _("Enter a mark from 1 to 5.") if scale == MARK else _("Enter 1 for yes or 0 for no.")


def undo_entry(
    portal_id: int, entry_id: int, author: str, now: datetime, reason: str = "", state: str = COUNTED
) -> frozenset[Cell]:
    """Take an entry back with a counter-entry: both then count for nothing. Twice changes nothing.

    `state` WAITING: a second person has to agree, and until then the entry counts on.
    """
    entry = load(portal_id, entry_id)
    if entry.undoes_id is not None:
        raise Conflict(_("This entry takes another one back and cannot be taken back itself."))
    if entry.undone or entry.state == REFUSED:
        return NOTHING
    if entry.state != COUNTED:
        return _decide(entry, REFUSED, author, now)
    _refuse_a_second_change(entry)
    _append(portal_id, [_counter(entry, author, reason, state)], now, undoes_id=entry.id)
    if state != COUNTED:
        return NOTHING
    entry.undone = True
    db.session.flush()
    return _cells(entry)


def correct_entry(
    portal_id: int, entry_id: int, value: Decimal, reason: str, author: str, now: datetime, state: str = COUNTED
) -> frozenset[Cell]:
    """A new entry with another value in the place of an earlier one, which no longer counts; if it has to wait for a
    second person, the earlier one counts on until then."""
    entry = load(portal_id, entry_id)
    if entry.undoes_id is not None or entry.undone or entry.state != COUNTED:
        raise Conflict(_("This entry does not count and cannot be corrected."))
    if fault := value_fault(value):
        raise Invalid(fault, [Fault("value", fault)])
    _refuse_a_second_change(entry)
    draft = replace(
        draft_of(entry),
        key=f"correct:{entry.id}:{token_hex(8)}",
        value=value,
        comment=reason,
        author=author,
        state=state,
        corrects_id=entry.id,
    )
    (id,) = _append(portal_id, [draft], now).values()
    if state != COUNTED:
        return NOTHING
    return _replace(entry, load(portal_id, id), author, now)


def approve(portal_id: int, entry_id: int, author: str, now: datetime) -> frozenset[Cell]:
    """What waited happens now: it counts, replaces what it corrects, or takes back what it undoes."""
    entry = _waiting(portal_id, entry_id)
    if entry.author == author:
        raise Conflict(_("Whoever entered a value cannot approve it: ask somebody else."))
    earlier_id = entry.undoes_id or entry.corrects_id
    earlier = load(portal_id, earlier_id) if earlier_id else None
    if earlier is not None and earlier.undone:
        raise Conflict(_("The entry it is about was taken back meanwhile: refuse it."))
    _decide(entry, COUNTED, author, now)
    if earlier is None:
        return _cells(entry)
    if entry.corrects_id is not None:
        return _replace(earlier, entry, author, now)
    earlier.undone = True
    db.session.flush()
    return _cells(earlier)


def refuse(portal_id: int, entry_id: int, author: str, now: datetime) -> None:
    """What waited never counts. Whoever entered it may refuse it, too: that takes it back."""
    _decide(_waiting(portal_id, entry_id), REFUSED, author, now)


def load(portal_id: int, entry_id: int) -> Entry:
    """NotFound also for another portal's entry, and for one of an import that has not ended."""
    query = select(Entry).where(Entry.portal_id == portal_id, Entry.id == entry_id, not_held(portal_id))
    entry = db.session.scalar(query.execution_options(populate_existing=True))
    if entry is None:
        raise NotFound(_("There is no such entry."))
    return entry


def draft_of(entry: Entry) -> EntryDraft:
    """An entry as somebody could post it again."""
    return EntryDraft(
        key=entry.key,
        code=entry.code,
        kind=entry.kind,
        value=Decimal(entry.value) / MILLIONTHS,
        occurred_at=entry.occurred_at,
        local_at=entry.local_at,
        employee_id=entry.employee_id,
        department_id=entry.department_id,
        source_id=entry.source_id,
        origin="manual",
        import_id=entry.import_id,
    )


def _counter(entry: Entry, author: str, reason: str, state: str = COUNTED) -> EntryDraft:
    """What takes an entry back."""
    draft = draft_of(entry)
    key = f"undo:{entry.id}:{token_hex(8)}"
    return replace(draft, key=key, value=-draft.value, comment=reason, author=author, state=state)


def _replace(earlier: Entry, later: Entry, author: str, now: datetime) -> frozenset[Cell]:
    _append(earlier.portal_id, [_counter(earlier, author, later.comment)], now, undoes_id=earlier.id)
    earlier.undone = True
    db.session.flush()
    return _cells(earlier) | _cells(later)


def _waiting(portal_id: int, entry_id: int) -> Entry:
    entry = load(portal_id, entry_id)
    if entry.state != WAITING:
        raise Conflict(_("Somebody has decided on this entry already."))
    return entry


def _decide(entry: Entry, state: str, author: str, now: datetime) -> frozenset[Cell]:
    entry.state, entry.decided_by, entry.decided_at = state, author, epoch(now)
    db.session.flush()
    return NOTHING


def _refuse_a_second_change(entry: Entry) -> None:
    """Two changes that wait for the same entry could not both happen."""
    about = (Entry.undoes_id == entry.id) | (Entry.corrects_id == entry.id)
    query = select(Entry.id).where(Entry.portal_id == entry.portal_id, Entry.state == WAITING, about)
    if db.session.scalar(query.limit(1)) is not None:
        raise Conflict(_("A change of this entry waits for a second person already."))


def _cells(entry: Entry) -> frozenset[Cell]:
    return entry_cells(entry.id, entry.employee_id, entry.department_id, entry.occurred_at)


def _append(
    portal_id: int, drafts: Iterable[EntryDraft], now: datetime, undoes_id: int | None = None
) -> dict[str, int]:
    """The ids of the new entries by key; a key that is there already is left alone."""
    rows = [
        {
            "portal_id": portal_id,
            "key": draft.key,
            "code": draft.code,
            "kind": draft.kind,
            "value": int(draft.value * MILLIONTHS),
            "occurred_at": draft.occurred_at,
            "local_at": draft.local_at,
            "employee_id": draft.employee_id,
            "department_id": draft.department_id,
            "source_id": draft.source_id,
            "comment": draft.comment,
            "origin": draft.origin,
            "author": draft.author,
            "undoes_id": undoes_id,
            "undone": False,
            "corrects_id": draft.corrects_id,
            "import_id": draft.import_id,
            "state": draft.state,
            "created_at": epoch(now),
        }
        for draft in drafts
    ]
    if not rows:
        return {}
    statement = storage.insert(Entry).on_conflict_do_nothing(index_elements=["portal_id", "key"])
    return {row.key: row.id for row in db.session.execute(statement.returning(Entry.key, Entry.id), rows)}


def known_keys(portal_id: int, keys: Collection[str]) -> frozenset[str]:
    """Those of the keys that are in the ledger already."""
    return frozenset(_entry_ids(portal_id, keys))


def _entry_ids(portal_id: int, keys: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(keys):
        query = select(Entry.key, Entry.id).where(Entry.portal_id == portal_id, Entry.key.in_(part))
        found |= {row.key: row.id for row in db.session.execute(query)}
    return found
