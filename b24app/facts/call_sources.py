"""Where a portal's calls are counted from: its telephony or call activities, never both (semantics 4, calls).

Proposed once, by the calls of the last 30 days; from then on only a person changes it, with the day it holds from.
Calls before that day stay counted as they were.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select

from b24app.facts.rules import CALLS_FROM_ACTIVITIES, CALLS_FROM_TELEPHONY
from b24app.facts.tables import Activity, Call, CallSource
from b24app.lib import storage
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.periods import queries as periods
from b24app.periods.rules import YEARS, local_day, midnight
from b24app.portal import audit

SOURCES = (CALLS_FROM_ACTIVITIES, CALLS_FROM_TELEPHONY)
LOOKED_BACK_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Step:
    """From `since` on (epoch seconds; 0: from the beginning) calls are counted from this source."""

    since: int
    source: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """How many calls either source has of the last 30 days, and which of them is proposed."""

    telephony: int
    activities: int

    @property
    def source(self) -> str:
        """Telephony, unless people log more calls by hand than it knows."""
        return CALLS_FROM_TELEPHONY if self.telephony and self.telephony >= self.activities else CALLS_FROM_ACTIVITIES


def steps(portal_id: int) -> tuple[Step, ...]:
    """In their order; before the first one calls are counted from activities."""
    query = select(CallSource.since, CallSource.source).where(CallSource.portal_id == portal_id)
    return tuple(Step(*row) for row in db.session.execute(query.order_by(CallSource.since)))


def source_at(journal: tuple[Step, ...], moment: int) -> str:
    said = [step.source for step in journal if step.since <= moment]
    return said[-1] if said else CALLS_FROM_ACTIVITIES


def proposal(portal_id: int, now: datetime) -> Proposal:
    since = epoch(now) - LOOKED_BACK_S
    dialled = select(func.count()).where(Call.portal_id == portal_id, Call.start_at >= since, Call.deleted_at.is_(None))
    logged = select(func.count()).where(
        Activity.portal_id == portal_id,
        Activity.kind == "call",
        Activity.start_at >= since,
        Activity.completed,
        Activity.deleted_at.is_(None),
    )
    return Proposal(*db.session.execute(select(dialled.scalar_subquery(), logged.scalar_subquery())).one())


def adopt(portal_id: int, now: datetime) -> None:
    """Take what is proposed on a portal whose history has just been read for the first time."""
    proposed = proposal(portal_id, now).source
    if not steps(portal_id) and proposed != CALLS_FROM_ACTIVITIES:
        _write(portal_id, proposed, 0, "system", now)


def choose(portal_id: int, source: str, day: date | None, actor: str, now: datetime) -> bool:
    """Count calls from this source from a local day on (None: all of them); what was to hold later no longer does.

    Whether that changes anything; the caller has the portal's lock, and everything computed anew.
    """
    faults = []
    if source not in SOURCES:
        faults.append(Fault("source", _("Choose where calls are counted from.")))
    if day is not None and day.year not in YEARS:
        faults.append(Fault("day", _("A date like 2026-11-01 is needed here.")))
    if faults:
        raise Invalid(_("The setting was not saved."), faults)
    since = 0 if day is None else midnight(day, periods.settings(portal_id))
    return _write(portal_id, source, since, actor, now)


def _write(portal_id: int, source: str, since: int, actor: str, now: datetime) -> bool:
    before = steps(portal_id)
    kept = tuple(step for step in before if step.since < since)
    after = kept if source_at(kept, since) == source else (*kept, Step(since, source))
    if after == before:
        return False
    db.session.execute(delete(CallSource).where(CallSource.portal_id == portal_id, CallSource.since >= since))
    storage.upsert(
        CallSource, [{"portal_id": portal_id, "since": one.since, "source": one.source} for one in after[len(kept) :]]
    )
    db.session.flush()
    told = _told(portal_id, before), _told(portal_id, after)
    audit.record(portal_id, actor, "calls.source", source, told[0], told[1], now)
    return True


def _told(portal_id: int, journal: tuple[Step, ...]) -> dict[str, str]:
    """By the local day each step holds from; `0` from the beginning."""
    settings = periods.settings(portal_id)
    return {str(local_day(one.since, settings)) if one.since else "0": one.source for one in journal}


@dataclass(frozen=True, slots=True)
class Provider:
    """Activities of one provider: what they are taken for, how many, and when the latest one was made."""

    provider: str
    kind: str
    count: int
    latest_at: int


def providers(portal_id: int) -> tuple[Provider, ...]:
    """The portal's inventory of kinds of activities, the most frequent first (contract 7.3)."""
    count = func.count()
    query = (
        select(Activity.provider, Activity.kind, count, func.max(Activity.created_at))
        .where(Activity.portal_id == portal_id, Activity.deleted_at.is_(None))
        .group_by(Activity.provider, Activity.kind)
        .order_by(count.desc(), Activity.provider, Activity.kind)
    )
    return tuple(Provider(*row) for row in db.session.execute(query))
