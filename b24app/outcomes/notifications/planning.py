"""From changed numbers to rows of the outbox: what was reached (pipeline.py asks), what is at risk and which values are
due (a job asks)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from b24app.facts.approval import approval
from b24app.facts.entities import type_id_of
from b24app.facts.kinds import kind_of
from b24app.facts.records import changed_by
from b24app.facts.rules import ACTIVITY, DEAL
from b24app.facts.tables import Activity, Deal
from b24app.ingest import queries as ingest
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.outcomes.dashboards.due import due
from b24app.outcomes.notifications import outbox, reminders, rules
from b24app.outcomes.notifications.rules import CRM_TYPES, Happening, Viewers, Wishes
from b24app.outcomes.notifications.tables import Webhook
from b24app.portal import queries as portals
from b24app.portal.rules import Structure
from b24app.scorecards.rules import Record
from b24app.scores.rows import name_of
from b24app.scores.rules import Changes, Reached, ResultRow

TELL_REACHED, TELL_BEHIND, TELL_DUE = "notify_reached", "notify_behind", "notify_due"
BEHIND_WORKFLOW, BEHIND_DOCUMENT = "behind_workflow", "behind_document"
"""Portal settings."""

RECORDS_KEPT = 5


def wishes(portal_id: int) -> Wishes:
    chosen = portals.get(portal_id).settings
    return Wishes(
        tell_reached=chosen.get(TELL_REACHED, True),
        tell_behind=chosen.get(TELL_BEHIND, True),
        tell_due=chosen.get(TELL_DUE, True),
        has_webhook=db.session.get(Webhook, portal_id) is not None,
        workflow=chosen.get(BEHIND_WORKFLOW),
        workflow_document=chosen.get(BEHIND_DOCUMENT) or "",
    )


def plan(portal_id: int, changes: Changes, now: datetime, document: str = "") -> int:
    """What follows from numbers that reached their target; `document` (`DEAL_12`) is the record whose workflow did it.

    Costs nothing while nothing was reached. Returns how many rows of the outbox are new.
    """
    told = [one for one in changes.reached if one.version.document.status == "active"]
    if not told:
        return 0
    structure = portals.structure(portal_id)
    currency = portals.get(portal_id).base_currency
    happenings = [_reached(portal_id, one, structure, currency, document, now) for one in told]
    return _post(portal_id, happenings, structure, now)


def plan_behind(portal_id: int, rows: Iterable[ResultRow], names: Mapping[str, Any], now: datetime) -> int:
    """What follows from numbers at risk; `names` are those of the scorecards. Found again, they are told no more.

    Until the first full sync is done nobody is behind anything (semantics 3.7).
    """
    if not ingest.is_complete(portal_id):
        return 0
    happenings = [_behind(row, names[row.scorecard], now) for row in rows if row.at_risk]
    if not happenings:
        return 0
    return _post(portal_id, happenings, portals.structure(portal_id), now)


def plan_due(portal_id: int, now: datetime) -> int:
    """Heads are reminded of values that they enter and nobody has entered. Found again, they are told no more."""
    portal = portals.get(portal_id)
    if not portal.settings.get(TELL_DUE, True):
        return 0
    structure = portals.structure(portal_id)
    values = due(portal_id, structure, now)
    if not values:
        return 0
    viewer = _viewers(portal_id, structure, now)
    plans = reminders.plans(values, structure, viewer, approval(portal.settings), epoch(now))
    return outbox.post(portal_id, plans, now)


def _post(portal_id: int, happenings: Iterable[Happening], structure: Structure, now: datetime) -> int:
    viewer = _viewers(portal_id, structure, now)
    return outbox.post(portal_id, rules.plans(happenings, wishes(portal_id), structure, viewer), now)


def _viewers(portal_id: int, structure: Structure, now: datetime) -> Viewers:
    return portals.viewers(portal_id, portals.get(portal_id).language, now, lambda: structure)


def _reached(
    portal_id: int, one: Reached, structure: Structure, currency: str, document: str, now: datetime
) -> Happening:
    indicator = one.version.indicator(one.indicator)
    assert indicator is not None
    unit = str(indicator.plan.unit)
    return Happening(
        kind=rules.REACHED,
        scorecard=one.version.code,
        scorecard_name=one.version.document.name,
        indicator=one.indicator,
        indicator_name=indicator.document.name,
        subject=one.subject,
        subject_name=name_of(one.subject, structure),
        period_kind=one.period.kind.value,
        start=one.period.start.isoformat(),
        end=one.period.end.isoformat(),
        value=one.value,
        target=one.target,
        attainment=one.attainment,
        unit=unit,
        currency=currency if unit == "money" else None,
        at=epoch(now),
        records=_records(portal_id, one.records, document),
        is_money=indicator.plan.is_money,
        is_told=indicator.document.notify,
    )


def _behind(row: ResultRow, scorecard_name: Any, now: datetime) -> Happening:
    return Happening(
        kind=rules.BEHIND,
        scorecard=row.scorecard,
        scorecard_name=scorecard_name,
        indicator=row.indicator.code,
        indicator_name=row.indicator.name,
        subject=row.subject,
        subject_name=row.subject_name,
        period_kind=row.period.kind.value,
        start=row.period.start.isoformat(),
        end=row.period.end.isoformat(),
        value=row.value,
        target=row.target,
        attainment=row.attainment_raw,
        forecast=row.forecast,
        unit=str(row.unit),
        currency=row.currency,
        at=epoch(now),
        is_money=row.plan.is_money,
        is_told=row.indicator.notify,
    )


def _records(portal_id: int, records: Iterable[Record], document: str) -> tuple[Record, ...]:
    """The CRM records behind a change, the one changed last first; of an activity the record it hangs on.

    Where no record of the CRM did it, it was the workflow's own.
    """
    ids = {entity: [id for one, id in records if one == entity and id] for entity in (DEAL, ACTIVITY)}
    found: list[tuple[int, Record]] = []
    if ids[DEAL]:
        deals = select(Deal.updated_at, Deal.id).where(Deal.portal_id == portal_id, Deal.id.in_(ids[DEAL]))
        found += [(at, (DEAL, id)) for at, id in db.session.execute(deals)]
    if ids[ACTIVITY]:
        names = {number: name for name, number in CRM_TYPES.items()}
        owners = select(Activity.updated_at, Activity.owner_type_id, Activity.owner_id).where(
            Activity.portal_id == portal_id, Activity.id.in_(ids[ACTIVITY]), Activity.owner_type_id.in_(names)
        )
        found += [(at, (names[kind], id)) for at, kind, id in db.session.execute(owners) if kind and id]
    for entity in sorted({entity for entity, _id in records if entity != DEAL and type_id_of(entity)}):
        if kind := kind_of(entity):
            last = changed_by(portal_id, kind, [id for one, id in records if one == entity and id])
            found += [(at, (entity, id)) for id, (at, _by) in last.items()]
    ordered = dict.fromkeys(record for _at, record in sorted(found, reverse=True))
    if not ordered and (own := rules.record_of(document)):
        ordered = {own: None}
    return tuple(ordered)[:RECORDS_KEPT]
