"""The journal of what moved numbers: from what to what, what did it, who and when (semantics 13).

Written by the transaction that moves the result, for what showed another number before.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, delete, insert, select

from b24app.facts import records
from b24app.facts.kinds import kind_of
from b24app.facts.rules import DEAL, ENTRY
from b24app.facts.tables import Deal, Entry
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.storage import AMONG, OF_PORTAL, chunks, table_of
from b24app.metrics.amounts import EVERYWHERE
from b24app.metrics.measures import Scan
from b24app.portal.rules import Subject
from b24app.portal.tables import AuditEntry
from b24app.scorecards import documents, queries
from b24app.scorecards.rules import Record, Trace, Version, attributed, read_by
from b24app.scores.context import Context
from b24app.scores.rows import Finding
from b24app.scores.rules import RECORDS_NAMED, Cause, actor_of, cause_of
from b24app.scores.tables import ResultChange

KEPT = timedelta(days=400)
Shown = tuple[str | None, str | None]
"""Value and target, exact."""

RecordsOf = Callable[[Finding], Collection[Record]]


class Traced:
    """Which of the records that moved are in a finding; worked out for a period when first asked."""

    def __init__(self, context: Context, traces: Mapping[tuple[str, date], Trace]) -> None:
        self.context = context
        self.traces = traces
        self._attributed: dict[tuple[str, date], Mapping[Subject, Mapping[Scan, Collection[Record]]]] = {}

    def __call__(self, finding: Finding) -> Collection[Record]:
        key = finding.version.code, finding.period.start
        if key not in self._attributed:
            self._attributed[key] = attributed(self.traces[key], self.context.structure(finding.period))
        return read_by(finding.indicator, self._attributed[key].get(finding.subject, {}))


def write(
    context: Context,
    moved: Iterable[tuple[Finding, Row[Any]]],
    cause: Cause,
    records_of: RecordsOf,
) -> None:
    """Journal the findings that show another value or target than their rows did."""
    then = _Then(context)
    changed: list[tuple[Finding, Shown, Shown, Collection[Record]]] = []
    for finding, before in moved:
        was, now = then.shown(finding, before), (_text(finding.value), _text(finding.target))
        if was != now:
            changed.append((finding, was, now, records_of(finding)))
    actors = _actors(context.portal_id, [those for *_rest, those in changed])
    rows = [
        {
            "portal_id": context.portal_id,
            "scorecard": finding.version.code,
            "start": finding.period.start.isoformat(),
            "subject_type": finding.subject.type.value,
            "subject_id": finding.subject.id,
            "indicator": finding.indicator.code,
            "at": epoch(context.now),
            "before": was[0],
            "after": now[0],
            "target_before": was[1],
            "target_after": now[1],
            "cause": cause_of(cause, those).value,
            "actor": actor_of(cause, those, actors),
            "records": [list(one) for one in sorted(those) if one[1]][:RECORDS_NAMED],
            "count": len(those),
        }
        for finding, was, now, those in changed
    ]
    if rows:
        db.session.execute(insert(table_of(ResultChange)), rows)


def purge(portal_id: int, now: datetime) -> None:
    """Drop what has been kept long enough."""
    before = epoch(now - KEPT)
    db.session.execute(delete(ResultChange).where(ResultChange.portal_id == portal_id, ResultChange.at < before))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


class _Then:
    """What a stored row showed. A number is read by the plan it was stored under, which may be another one by now."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._replaced: dict[int, Version] = {}

    def shown(self, finding: Finding, before: Row[Any]) -> Shown:
        version = self._version(finding.version, before)
        indicator = version.indicator(finding.indicator.code) if version else None
        stored = finding._replace(
            indicator=indicator or finding.indicator,
            numerator=before.numerator,
            denominator=before.denominator,
            computed=None if before.value is None else Fraction(before.value),
            reason=before.reason,
        )
        return _text(stored.value), before.target

    def _version(self, present: Version, before: Row[Any]) -> Version | None:
        known = present
        if before.version_id != present.id:
            others = self.context.scorecards[present.code]
            known = next((one for one in others if one.id == before.version_id), present)
        return self._before_saved(known) if before.computed_at < known.saved_at else known

    def _before_saved(self, version: Version) -> Version:
        """The version as it was before it was saved last; the audit log has it."""
        if version.id not in self._replaced:
            query = select(AuditEntry.before).where(
                AuditEntry.portal_id == self.context.portal_id,
                AuditEntry.at == version.saved_at,
                AuditEntry.action == "scorecard.save",
                AuditEntry.target == f"{version.code} {version.effective_from.isoformat()}",
            )
            before = db.session.scalar(query.order_by(AuditEntry.id).limit(1))
            document = documents.load(before) if before else version.document
            self._replaced[version.id] = replace(
                version, document=document, indicators=queries.indicators(document, EVERYWHERE)
            )
        return self._replaced[version.id]


_DEAL = table_of(Deal).c
_CHANGED_BY = select(_DEAL.id, _DEAL.updated_by_id).where(_DEAL.portal_id == OF_PORTAL, _DEAL.id.in_(AMONG))


def _actors(portal_id: int, moved: Sequence[Collection[Record]]) -> Mapping[Record, str]:
    """Who last changed those records that moved a number by themselves."""
    alone = {next(iter(those)) for those in moved if len(those) == 1}
    found: dict[Record, str] = {}
    for ids in chunks([id for entity, id in alone if entity == DEAL]):
        deals = db.session.execute(_CHANGED_BY, {"portal": portal_id, "ids": ids})
        found |= {(DEAL, id): f"user:{by}" for id, by in deals if by}
    for ids in chunks([id for entity, id in alone if entity == ENTRY]):
        entries = select(Entry.id, Entry.author).where(Entry.portal_id == portal_id, Entry.id.in_(ids))
        found |= {(ENTRY, id): author for id, author in db.session.execute(entries)}
    for entity in sorted({entity for entity, _id in alone}):
        if kind := kind_of(entity):
            for ids in chunks([id for one, id in alone if one == entity]):
                last = records.changed_by(portal_id, kind, ids)
                found |= {(entity, id): f"user:{by}" for id, (_at, by) in last.items() if by}
    return found
