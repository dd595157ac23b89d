"""The ledger: values pushed from outside, and taken back. What is posted is in the scores when the call is answered."""

from fractions import Fraction

from b24app import pipeline
from b24app.facts import ledger, queries
from b24app.facts.approval import Approval, approval
from b24app.facts.rules import EntryDraft
from b24app.ingest import manual
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.i18n import gettext as _
from b24app.portal import operations as portals
from b24app.portal import queries as staff
from b24app.portal.rules import Structure, Viewer
from b24app.scores.rules import Cause, CauseKind
from b24app.web.api import shapes
from b24app.web.api.calls import call
from b24app.web.api.paging import after, sealed
from b24app.web.api.shapes import Page
from b24app.web.api.times import PortalClock

TAG = "Entries"
MILLIONTHS = 1_000_000


@call("GET", "/entries", tag=TAG, query=shapes.EntriesQuery, answer=Page[shapes.Entry])
def entries(viewer: Viewer, query: shapes.EntriesQuery) -> Page[shapes.Entry]:
    """The ledger in the order of posting. An entry that was taken back and the one that does so are both marked."""
    time = PortalClock.of(viewer.portal_id)
    rows = queries.entries(
        viewer.portal_id,
        code=query.code,
        key=query.key,
        employee_id=query.employee_id,
        department_id=query.department_id,
        after=after(query),
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    next_cursor = sealed((page[-1].id,)) if len(rows) > len(page) else None
    decided = approval(staff.get(viewer.portal_id).settings)
    hides = (lambda code: False) if viewer.sees_money else decided.is_money
    return Page(items=[_entry(row, time, hides(row.code)) for row in page], next_cursor=next_cursor)


@call("POST", "/entries", tag=TAG, body=shapes.EntryList, answer=shapes.DoneList)
def post_entries(viewer: Viewer, body: list[shapes.EntryItem]) -> shapes.DoneList:
    """Post values, up to 10 000 in one call. Each item is stored or refused by itself; the same key counts once.

    `kind` is `add`, or `set` to start the period's sum anew from this value. An entry with an employee counts for them
    and their departments, one with only a department for it and the company, one with neither for the company.

    The limit above which a second person approves (Data > Kinds of values) is for what people enter and import. What a
    program posts counts at once, for an administrator made its token; unless they decide otherwise there: then an item
    above the limit is stored all the same (`created`), has the state `waiting`, and counts once somebody approves it.
    """
    now = clock.now()
    people = staff.structure(viewer.portal_id)
    with write():
        decided = approval(portals.lock(viewer.portal_id).settings)
        faults = {place: fault for place, item in enumerate(body) if (fault := _fault(item, people, decided))}
        good = [place for place in range(len(body)) if place not in faults]
        drafts = [_draft(body[place], viewer, clock.epoch(now), decided) for place in good]
        posted = ledger.post_entries(viewer.portal_id, drafts, now)
        pipeline.recompute(viewer.portal_id, posted.cells, now, Cause(CauseKind.FACT, viewer.actor))
    done = {place: shapes.Done(index=place, status="error", error=fault) for place, fault in faults.items()}
    for item in posted.items:
        place = good[item.index]
        done[place] = shapes.Done(index=place, status=item.status, id=item.id, error=item.error)
    return shapes.DoneList(items=[done[place] for place in range(len(body))])


@call("POST", "/entries/<int:entry_id>/undo", tag=TAG, answer=shapes.DoneList)
def undo_entry(viewer: Viewer, entry_id: int) -> shapes.DoneList:
    """Take an entry back by a counter-entry. Both then count for nothing; undoing twice changes nothing.

    Where values of programs wait above the limit (see posting), so does taking such a value back.
    """
    now = clock.now()
    with write():
        portals.lock(viewer.portal_id)
        cells = manual.undo(viewer, entry_id, "", now, origin="api")
        pipeline.recompute(viewer.portal_id, cells, now, Cause(CauseKind.FACT, viewer.actor))
    return shapes.DoneList(items=[shapes.Done(index=0, status="updated", id=entry_id)])


def _fault(item: shapes.EntryItem, people: Structure, decided: Approval) -> str | None:
    if item.employee_id is not None and item.employee_id not in people.people:
        return _("There is no employee %(id)s.", id=item.employee_id)
    if item.department_id is not None and item.department_id not in people.units:
        return _("There is no department %(id)s.", id=item.department_id)
    scale = decided.missed(item.code, item.value)
    return ledger.off_scale(scale) if scale else None


def _draft(item: shapes.EntryItem, viewer: Viewer, now: int, decided: Approval) -> EntryDraft:
    return EntryDraft(
        key=item.key,
        code=item.code,
        kind=item.kind,
        value=item.value,
        occurred_at=now if item.occurred_at is None else clock.epoch(item.occurred_at),
        employee_id=item.employee_id,
        department_id=item.department_id,
        source_id=item.source_id,
        comment=item.comment,
        origin="api",
        author=viewer.actor,
        state=decided.state(item.code, item.value, "api"),
    )


def _entry(row: queries.EntryRow, time: PortalClock, is_hidden: bool) -> shapes.Entry:
    return shapes.Entry(
        id=row.id,
        key=row.key,
        code=row.code,
        kind=row.kind,
        value=None if is_hidden else Fraction(row.value, MILLIONTHS),
        occurred_at=time.at(row.occurred_at),
        employee_id=row.employee_id,
        department_id=row.department_id,
        source_id=row.source_id,
        comment=row.comment,
        origin=row.origin,
        author=row.author,
        undoes_id=row.undoes_id,
        undone=row.undone,
        corrects_id=row.corrects_id,
        state=row.state,
        created_at=time.at(row.created_at),
    )
