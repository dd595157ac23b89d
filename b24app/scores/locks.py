"""Locking of closed periods and unlocking with a reason (semantics 2.4). Audited; the caller holds
the portal's row and commits.

What a lock freezes: results and scores stay in their tables and no recompute touches them; the scorecard's document and
the currency are kept with the lock, and so is what every number was made of (behind.py). What would have moved them is
in late.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Kind, Period, covering, local_day, period_at, working_days
from b24app.portal import audit
from b24app.portal import queries as portal
from b24app.portal.tables import Portal
from b24app.scorecards import queries as scorecards
from b24app.scorecards.rules import Lock, Version, in_force
from b24app.scorecards.tables import PeriodLock, ScorecardVersion
from b24app.scores import behind, late, storage
from b24app.scores.context import Context
from b24app.scores.operations import first_day, recompute_slice
from b24app.scores.rules import Cause, CauseKind, Slice

SETTING = "lock_after_days"
"""Portal setting: so many working days after its end a period locks by itself; None or 0 = never."""

LOCK_AFTER_DAYS = 5


def lock_after_days(tenant: Portal) -> int | None:
    """None when periods do not lock by themselves."""
    return tenant.settings.get(SETTING, LOCK_AFTER_DAYS) or None


def lock(portal_id: int, period: Period, scorecard: str | None, actor: str, now: datetime) -> tuple[Lock, ...]:
    """Freeze a closed period of a scorecard, or of all that have this kind of period; one that is locked stays locked.

    What is frozen is computed once more before, so that the numbers are those of the document that is kept with them.
    """
    context = Context(portal_id, now)
    asked = _asked(context, period, scorecard)
    if period.end > context.today:
        raise Conflict(_("This period is still open. It can be locked from %(day)s on.", day=period.end.isoformat()))
    if not context.complete:
        raise Conflict(_("The portal is still being read: a period can be locked when all of it is known."))
    found = []
    for code in asked:
        held = context.lock(code, period)
        version = in_force(context.scorecards.get(code, ()), period.start)
        if held:
            found.append(held)
        elif version:
            found.append(_lock(context, version, period, actor))
    if not found:
        raise Conflict(_("There is nothing to lock: no scorecard was in force in this period."))
    return tuple(found)


def _lock(context: Context, version: Version, period: Period, actor: str) -> Lock:
    portal_id, now = context.portal_id, context.now
    recompute_slice(portal_id, Slice(version.code, (period.start,)), now)
    row = PeriodLock(
        portal_id=portal_id,
        scorecard=version.code,
        kind=period.kind.value,
        start=period.start.isoformat(),
        version=version.number,
        document=version.document.stored(),
        currency=context.currency,
        locked_at=epoch(now),
        locked_by=actor,
    )
    db.session.add(row)
    db.session.flush()
    behind.keep(context, row.id, version, period)
    audit.record(portal_id, actor, "period.lock", _name(version.code, period), None, {"version": version.number}, now)
    return scorecards.locks(portal_id, version.code)[version.code, period.start]


def unlock(
    portal_id: int, period: Period, scorecard: str | None, reason: str, actor: str, now: datetime
) -> tuple[Lock, ...]:
    """Let the numbers of a period live again; what was locked is kept as history. Returns the locks that were.

    Nothing locks it again by itself: that is left to a person.
    """
    if not reason.strip():
        message = _("Say why the period is to be unlocked.")
        raise Invalid(message, [Fault("reason", message)])
    context = Context(portal_id, now)
    held = [one for code in _asked(context, period, scorecard) if (one := context.lock(code, period))]
    if not held:
        raise Conflict(_("This period is not locked."))
    for one in held:
        _unlock(one, period, reason.strip(), actor, portal_id, now)
    return tuple(held)


def _unlock(held: Lock, period: Period, reason: str, actor: str, portal_id: int, now: datetime) -> None:
    query = select(PeriodLock).where(PeriodLock.portal_id == portal_id, PeriodLock.id == held.id)
    row = db.session.scalars(query.execution_options(populate_existing=True)).one()
    row.unlocked_at, row.unlocked_by, row.reason = epoch(now), actor, reason
    row.kept = storage.kept(portal_id, held.scorecard, held.start)
    db.session.flush()
    behind.forget(portal_id, held.id)
    records = late.take(portal_id, held.scorecard, held.start)
    slice_ = Slice(held.scorecard, (held.start,))
    changes = recompute_slice(portal_id, slice_, now, Cause(CauseKind.UNLOCK, actor), records)
    before = {"locked_by": held.by, "locked_at": held.at, "version": held.version}
    after = {"reason": reason, "results_moved": len(changes.results)}
    audit.record(portal_id, actor, "period.unlock", _name(held.scorecard, period), before, after, now)


def _asked(context: Context, period: Period, scorecard: str | None) -> Sequence[str]:
    """The scorecards meant. Invalid when there are none."""
    if scorecard is None:
        found = [code for code, versions in context.shown.items() if versions[-1].kind == period.kind]
        if not found:
            message = _("No scorecard has this kind of period.")
            raise Invalid(message, [Fault("period", message)])
        return found
    versions = context.shown.get(scorecard)
    if not versions:
        message = _("There is no scorecard %(code)s.", code=scorecard)
        raise Invalid(message, [Fault("scorecard", message)])
    if versions[-1].kind != period.kind:
        message = _("The periods of this scorecard are of the kind %(kind)s.", kind=versions[-1].kind.value)
        raise Invalid(message, [Fault("period", message)])
    return [scorecard]


def _name(code: str, period: Period) -> str:
    return f"{code} {period.start.isoformat()}"


def due(portal_id: int, now: datetime) -> tuple[tuple[str, Period], ...]:
    """(scorecard, period) of what is to be locked by itself now, the oldest first; nothing while sync is incomplete.

    Only periods that ended after the scorecard became active, and only those nobody has ever locked or unlocked.
    """
    days = lock_after_days(portal.get(portal_id))
    context = Context(portal_id, now)
    if days is None or not context.complete:
        return ()
    known = _ever_locked(portal_id)
    found = [
        (code, period)
        for code, since in _active_since(portal_id).items()
        for period in _ended_since(context, code, since)
        if (code, period.start) not in known and working_days(context.calendar, period.end, context.today) >= days
    ]
    return tuple(sorted(found, key=lambda one: (one[1].end, one[0])))


def _ended_since(context: Context, code: str, since: int) -> Iterator[Period]:
    """The closed periods of a scorecard that ended after a moment, as far as an active version answers for them."""
    versions = context.scorecards.get(code, ())
    if not versions:
        return
    first = local_day(since, context.settings)
    for period in covering(versions[-1].kind, first, context.today, context.settings):
        version = in_force(versions, period.start)
        if version and version.document.status == "active" and period.end <= context.today:
            yield period


def _active_since(portal_id: int) -> dict[str, int]:
    query = (
        select(ScorecardVersion.code, func.min(ScorecardVersion.active_since))
        .where(ScorecardVersion.portal_id == portal_id, ScorecardVersion.active_since.is_not(None))
        .group_by(ScorecardVersion.code)
    )
    return {code: since for code, since in db.session.execute(query) if since is not None}


def _ever_locked(portal_id: int) -> set[tuple[str, date]]:
    query = select(PeriodLock.scorecard, PeriodLock.start).where(PeriodLock.portal_id == portal_id).distinct()
    return {(code, date.fromisoformat(start)) for code, start in db.session.execute(query)}


@dataclass(frozen=True, slots=True)
class Lockable:
    """A closed period of a scorecard: locked, or what could be."""

    scorecard: str
    period: Period
    lock: Lock | None
    late: int
    """How many records changed after the lock."""


def closed(portal_id: int, now: datetime, kind: Kind | None = None, scorecard: str | None = None) -> list[Lockable]:
    """Every closed period that scorecards have numbers of, locked or not, by scorecard and start."""
    context = Context(portal_id, now)
    first = first_day(context)
    late_records = late.records_by_period(portal_id)
    found = []
    for code, versions in context.shown.items():
        if scorecard not in (None, code) or kind not in (None, versions[-1].kind):
            continue
        since = max(versions[0].effective_from, min(first or context.today, context.today))
        held = {start for holder, start in context.locks if holder == code}
        periods = {
            *covering(versions[-1].kind, since, context.today, context.settings),
            *(one for start in held if (one := period_at(versions[-1].kind, start, context.settings)).start == start),
        }
        found += [
            Lockable(code, period, context.lock(code, period), late_records.get((code, period.start), 0))
            for period in sorted(periods)
            if period.end <= context.today and (period.start in held or in_force(versions, period.start))
        ]
    return found
