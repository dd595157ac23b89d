"""Locks of periods, what changed after them, and the journal of what moved a number."""

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from b24app.facts import titles
from b24app.facts.titles import Titled, page_of
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Kind, Period, named
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.portal.rules import Subject, SubjectType, Viewer
from b24app.scorecards.rules import Indicator, Lock
from b24app.scores import history, late, locks
from b24app.scores.context import Context, version_for
from b24app.scores.locks import Lockable
from b24app.web.api import closing, shapes
from b24app.web.api.calls import call
from b24app.web.api.paging import after, cut, opened, sealed
from b24app.web.api.shapes import Page
from b24app.web.api.times import PortalClock

TAG = "Periods"


@call("GET", "/periods", tag=TAG, query=closing.PeriodsQuery, answer=Page[closing.ClosedPeriod])
def periods(viewer: Viewer, query: closing.PeriodsQuery) -> Page[closing.ClosedPeriod]:
    """The closed periods of the scorecards: which are locked, and which could be. Open ones cannot be locked."""
    time = PortalClock.of(viewer.portal_id)
    kind = None if query.period is None else Kind(query.period)
    rows = locks.closed(viewer.portal_id, clock.now(), kind, query.scorecard)
    page, next_cursor = cut(rows, lambda row: (row.scorecard, row.period.start.isoformat()), query)
    may_lock = Context(viewer.portal_id, clock.now()).complete
    return Page(items=[_closed(row, may_lock, time) for row in page], next_cursor=next_cursor)


@call("POST", "/periods/lock", tag=TAG, body=closing.LockBody, answer=closing.LockState)
def lock_period(viewer: Viewer, body: closing.LockBody) -> closing.LockState:
    """Freeze a closed period as it is shown: nothing moves its numbers, targets and weights until it is unlocked.

    Of a period that is locked already the answer says when and by whom. A period that is open is refused with 409, and
    so is every one until the portal has been read completely.
    """
    time, now = PortalClock.of(viewer.portal_id), clock.now()
    period = named(Kind(body.period), body.start, time.settings)
    with write():
        portals.lock(viewer.portal_id)
        held = locks.lock(viewer.portal_id, period, body.scorecard, viewer.actor, now)
    return _state(period, held, time)


@call("POST", "/periods/unlock", tag=TAG, body=closing.UnlockBody, answer=closing.LockState)
def unlock_period(viewer: Viewer, body: closing.UnlockBody) -> closing.LockState:
    """Let a period live again, for a reason: it is computed before the answer. What was locked is kept as history.

    A period that is not locked is refused with 409.
    """
    time, now = PortalClock.of(viewer.portal_id), clock.now()
    period = named(Kind(body.period), body.start, time.settings)
    with write():
        portals.lock(viewer.portal_id)
        locks.unlock(viewer.portal_id, period, body.scorecard, body.reason, viewer.actor, now)
    return _state(period, (), time)


@call("GET", "/late-changes", tag=TAG, query=closing.LateChangesQuery, answer=Page[closing.LateChange])
def late_changes(viewer: Viewer, query: closing.LateChangesQuery) -> Page[closing.LateChange]:
    """The records that changed after their period was locked and would have moved numbers of the subject."""
    time = PortalClock.of(viewer.portal_id)
    start, subject = time.period(query).start, Subject(SubjectType(query.subject), query.subject_id)
    rows = late.listed(
        viewer.portal_id,
        query.scorecard,
        start,
        subject,
        query.indicator,
        limit=query.limit + 1,
        after=_record(query.cursor) if query.cursor else None,
    )
    page = rows[: query.limit]
    known = titles.titled(viewer.portal_id, [(row.entity, row.id) for row in page])
    url = tenants.get(viewer.portal_id).client_endpoint
    items = [
        closing.LateChange(
            **_named((row.entity, row.id), known, url).model_dump(),
            indicators=list(row.indicators),
            changed_at=time.at(row.at),
        )
        for row in page
    ]
    more = len(rows) > len(page)
    return Page(items=items, next_cursor=sealed((page[-1].entity, page[-1].id)) if more else None)


@call("GET", "/changes", tag=TAG, query=shapes.ExplainQuery, answer=Page[closing.Change])
def changes(viewer: Viewer, query: shapes.ExplainQuery) -> Page[closing.Change]:
    """What moved a number, the latest first: from what to what, why, by which records and whom. Kept for 400 days.

    The journal is of the scorecard's own kind of period.
    """
    time = PortalClock.of(viewer.portal_id)
    period, subject = time.period(query), Subject(SubjectType(query.subject), query.subject_id)
    indicator = _indicator(Context(viewer.portal_id, clock.now()), query, period)
    rows = history.changes(
        viewer.portal_id,
        query.scorecard,
        query.indicator,
        subject,
        period.start,
        limit=query.limit + 1,
        before=after(query) if query.cursor else None,
    )
    page = rows[: query.limit]
    shown = viewer.sees_money or not indicator.plan.is_money
    known = titles.titled(viewer.portal_id, [record for row in page for record in row.records])
    url = tenants.get(viewer.portal_id).client_endpoint
    items = [
        closing.Change(
            id=row.id,
            at=time.at(row.at),
            before=row.before if shown else None,
            after=row.after if shown else None,
            target_before=row.target_before if shown else None,
            target_after=row.target_after if shown else None,
            cause=row.cause.value,
            actor=row.actor,
            count=row.count,
            records=[_named(record, known, url) for record in row.records],
        )
        for row in page
    ]
    return Page(items=items, next_cursor=sealed((page[-1].id,)) if len(rows) > len(page) else None)


def _indicator(context: Context, query: shapes.ExplainQuery, period: Period) -> Indicator:
    """NotFound without such an indicator in the period; Invalid for a period of which no journal is kept."""
    versions = context.shown.get(query.scorecard)
    if versions and versions[-1].kind != period.kind:
        message = _("The periods of this scorecard are of the kind %(kind)s.", kind=versions[-1].kind.value)
        raise Invalid(message, [Fault("period", message)])
    version = version_for(context, versions, period) if versions else None
    indicator = version.indicator(query.indicator) if version else None
    if indicator is None:
        raise NotFound(_("There is no such number: the subject has no result of this indicator in the period."))
    return indicator


def _closed(row: Lockable, may_lock: bool, time: PortalClock) -> closing.ClosedPeriod:
    return closing.ClosedPeriod(
        scorecard=row.scorecard,
        period=row.period.kind,
        start=row.period.start,
        end=row.period.end,
        locked=row.lock is not None,
        locked_at=time.at(row.lock.at) if row.lock else None,
        locked_by=row.lock.by if row.lock else None,
        can_be_locked=may_lock and row.lock is None,
        changed_after_lock=row.late,
    )


def _state(period: Period, held: Sequence[Lock], time: PortalClock) -> closing.LockState:
    """Of several scorecards the lock that came last."""
    latest = max(held, key=lambda lock: (lock.at, lock.id), default=None)
    return closing.LockState(
        period=period.kind,
        start=period.start,
        locked=latest is not None,
        locked_at=time.at(latest.at) if latest else None,
        locked_by=latest.by if latest else None,
    )


def _named(record: tuple[str, int], known: Mapping[tuple[str, int], Titled], portal_url: str) -> closing.RecordNamed:
    (entity, id), one = record, known.get(record)
    page = page_of(entity) if one and not one.is_deleted else None
    return closing.RecordNamed(
        entity=entity,
        id=id,
        title=one.title if one else None,
        employee_id=one.owners[0] if one and one.owners else None,
        url=urljoin(portal_url, page.format(id=id)) if page else None,
    )


def _record(cursor: str) -> tuple[str, int]:
    match opened(cursor):
        case (str(entity), int(id)):
            return entity, id
        case _:
            message = _("This cursor is not one of ours.")
            raise Invalid(message, [Fault("cursor", message)])
