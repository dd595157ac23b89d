"""Recompute results and scores and store them: touched cells or whole slices -> works -> findings -> changed rows.

Safe to repeat: rows are upserted by their key, and `changed_at` moves only when the number does. The caller has the
portal's lock and commits.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from b24app.facts import queries as facts
from b24app.facts.rules import Cell
from b24app.lib import telemetry
from b24app.lib.clock import epoch
from b24app.metrics.ripening import also_touched
from b24app.periods import queries as periods
from b24app.periods.rules import Period, covering, inside, local_day, period_at, previous
from b24app.portal.rules import Subject, SubjectType
from b24app.scorecards import refresh
from b24app.scorecards import rules as scorecards
from b24app.scorecards.queries import counted, locks
from b24app.scorecards.rules import Indicator, Record, Version
from b24app.scores import crossings, evaluation, journal, late, season, storage
from b24app.scores.context import Context, Work
from b24app.scores.evaluation import Place, place
from b24app.scores.rows import Finding, score_values
from b24app.scores.rules import FACTS, REPAIR, Cause, CauseKind, Changes, Moved, ScoreValue, Slice
from b24app.scores.storage import Periods, finding_of
from b24app.scores.tables import Result, Score

ROWS_PER_SLICE = 4_000
"""So that a slice is one short write transaction (architecture, decision 2)."""
FACTS_PER_SLICE = 60_000
"""Likewise: what has to be read for it."""

NOT_KNOWN: Mapping[Place, Collection[Record]] = {}


@telemetry.timed("recompute", "cells")
def recompute(portal_id: int, cells: Iterable[Cell], now: datetime, cause: Cause = FACTS) -> Changes:
    """What the cells touch: their owners, the departments above them and the company, in the periods they lie in.

    A period that is touched for the first time is computed whole, so that what is stored of a period is all of it. In
    a locked one nothing moves: what the cells would have moved is noted.
    """
    context = Context(portal_id, now)
    cells = frozenset(cells)
    traces = scorecards.traced(context.listening, cells, context.settings)
    if cause.kind is not CauseKind.TIME:
        late.note(context, {key: trace for key, trace in traces.items() if key in context.locks})
    if more := also_touched(portal_id, scorecards.plans(context.scorecards), cells) - cells:
        traces = scorecards.traced(context.scorecards, cells | more, context.settings)
    traces = {key: trace for key, trace in traces.items() if key not in context.locks}
    stored = storage.stored_periods(portal_id, traces)
    works = []
    for (code, start), trace in traces.items():
        holders = {holder for _scan, holder in trace} if (code, start) in stored else None
        if work := _work(context, code, start, holders):
            works.append(work)
    return _store(context, works, (), cause, journal.Traced(context, traces), _is_at_once)


@telemetry.timed("recompute", "slice")
def recompute_slice(
    portal_id: int,
    slice_: Slice,
    now: datetime,
    cause: Cause = REPAIR,
    records: Mapping[Place, Collection[Record]] = NOT_KNOWN,
) -> Changes:
    """Everybody in some periods of one scorecard; rows of those it no longer scores are removed. Locked ones stay.

    `records`: what is known to have moved these numbers.
    """
    context = Context(portal_id, now)
    works, whole = _unlocked(context, slice_)
    return _store(context, works, whole, cause, lambda finding: records.get(place(finding), ()))


def _unlocked(context: Context, slice_: Slice) -> tuple[list[Work], Periods]:
    """What a slice may compute, and the periods of which it is all there is."""
    starts = [start for start in slice_.starts if (slice_.scorecard, start) not in context.locks]
    works = [work for start in starts if (work := _work(context, slice_.scorecard, start))]
    return works, [(slice_.scorecard, start.isoformat()) for start in starts]


def remove_misplaced(portal_id: int) -> int:
    """Removes what is stored of periods that begin nowhere any more; returns of how many. Locked ones stay (ADR 8)."""
    settings = periods.settings(portal_id)
    kinds = {code: versions[-1].kind for code, versions in counted(portal_id).items()}
    stored = ((code, start) for code, start in storage.all_periods(portal_id) if code in kinds)
    misplaced = {(code, start) for code, start in stored if period_at(kinds[code], start, settings).start != start}
    return storage.remove_periods(portal_id, misplaced - locks(portal_id).keys())


def refresh_slice(portal_id: int, slice_: Slice, since: int, now: datetime) -> Changes:
    """The same, but of indicators that are computed at certain times only those whose time has come after `since`."""
    context = Context(portal_id, now)
    works, whole = _unlocked(context, slice_)

    def is_due(indicator: Indicator) -> bool:
        return _is_at_once(indicator) or refresh.is_due(indicator.document.refresh, since, epoch(now), context.settings)

    return _store(context, works, whole, Cause(CauseKind.TIME), lambda finding: (), is_due)


def scheduled(portal_id: int) -> dict[tuple[str, str], frozenset[str]]:
    """(scorecard, indicator) -> the times at which it is computed, of those that are not live."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code, versions in counted(portal_id).items():
        for one in (one for version in versions for one in version.indicators if not _is_at_once(one)):
            found[code, one.code].add(one.document.refresh)
    return {key: frozenset(times) for key, times in found.items()}


def due(portal_id: int, since: int, now: datetime) -> frozenset[str]:
    """Scorecards with an indicator whose time has come after `since`."""
    settings = periods.settings(portal_id)
    return frozenset(
        code
        for (code, _indicator), times in scheduled(portal_id).items()
        if any(refresh.is_due(one, since, epoch(now), settings) for one in times)
    )


def _work(context: Context, code: str, start: date, holders: Collection[Subject] | None = None) -> Work | None:
    """None in periods that are still to come or for which no version of the scorecard is in force."""
    versions = context.scorecards.get(code, ())
    version = scorecards.in_force(versions, start)
    if version is None or start > context.today:
        return None
    return context.work(version, period_at(version.kind, start, context.settings), holders)


def slices(
    portal_id: int, now: datetime, period: Period | None = None, codes: Collection[str] | None = None
) -> tuple[Slice, ...]:
    """A full recompute in portions: all periods since the first fact, or those of `period`; the present comes first."""
    context = Context(portal_id, now)
    first = first_day(context)
    found: list[Slice] = []
    total = sum(facts.counts(portal_id).values())
    for code, versions in context.scorecards.items():
        if codes is None or code in codes:
            starts = [one.start for one in _periods(context, versions, first, period)]
            found += _portions(context, versions, starts, total)
    return tuple(found)


def open_slices(portal_id: int, now: datetime, codes: Collection[str] | None = None) -> tuple[Slice, ...]:
    """The period a scorecard is in, and the one just closed, whose membership has become final."""
    context = Context(portal_id, now)
    found: list[Slice] = []
    for code, versions in context.scorecards.items():
        if codes is None or code in codes:
            found.append(Slice(code, tuple(one.start for one in _open(context, versions[-1]))))
    return tuple(found)


def _periods(
    context: Context, versions: Sequence[Version], first: date | None, asked: Period | None
) -> tuple[Period, ...]:
    kind = versions[-1].kind
    if asked is not None:
        return (asked,) if asked.kind == kind else inside(asked, kind, context.settings)
    since = max(versions[0].effective_from, min(first or context.today, context.today))
    return covering(kind, since, context.today, context.settings)[::-1]


def _portions(context: Context, versions: Sequence[Version], starts: Sequence[date], total: int) -> Iterator[Slice]:
    """`total` facts, as if they were spread evenly over these periods."""
    structure = context.structure()
    indicators = max(len(version.indicators) for version in versions) or 1
    people = scorecards.applies_to(versions[-1].document.subjects, structure)
    rows = (len(people) + len(scorecards.departments_of(people, structure)) + 1) * indicators
    size = max(1, min(ROWS_PER_SLICE // rows, FACTS_PER_SLICE * len(starts) // max(1, total)))
    return (Slice(versions[-1].code, tuple(starts[at : at + size])) for at in range(0, len(starts), size))


def first_day(context: Context) -> date | None:
    """The local day of the portal's first fact."""
    first = facts.first_at(context.portal_id)
    return None if first is None else local_day(first, context.settings)


IsDue = Callable[[Indicator], bool]


def _is_at_once(indicator: Indicator) -> bool:
    return indicator.document.refresh in refresh.AT_ONCE


def _everything(indicator: Indicator) -> bool:
    return True


def _store(
    context: Context,
    works: Sequence[Work],
    whole: Periods,
    cause: Cause,
    records_of: journal.RecordsOf,
    is_due: IsDue = _everything,
) -> Changes:
    """Write what the works come to; of the `whole` periods also remove what no longer comes out.

    What is stored of indicators that are not due stays, and is what the score counts. Until the first sync is done
    numbers come and go with what has been read: they have no history yet.
    """
    portal_id, now = context.portal_id, context.now
    findings = evaluation.evaluate(context, works, kept=_kept(context, works, is_due))
    results, at = storage.result_values(portal_id, findings, now), epoch(now)
    scores = [storage.score_values(portal_id, first, value, at) for first, value in _scored(findings)]
    moved = storage.replace(portal_id, Result, results, whole)
    corrected = [one for one in moved if one.before is not None] if context.complete else []
    if cause.kind in season.UNDONE_BY:
        season.forget(portal_id, whole)
    compared = [(findings[one.place], one.before) for one in corrected if one.before]
    journal.write(context, compared, cause, records_of)
    return Changes(
        tuple(_moved(one.row, one.row[5]) for one in moved),
        tuple(_moved(one.row) for one in storage.replace(portal_id, Score, scores, whole)),
        tuple(_moved(one.row, one.row[5]) for one in corrected),
        crossings.reached(context, compared, records_of) if cause.kind is CauseKind.FACT else (),
    )


def _kept(context: Context, works: Sequence[Work], is_due: IsDue) -> dict[Place, Finding]:
    """What is stored and not due. Periods before the last one are not kept: for them no hour comes any more."""
    late = {
        (work.version.code, work.period.start): work
        for work in works
        if work.period in _open(context, work.version) and not all(map(is_due, work.version.indicators))
    }
    codes = {one.code for work in late.values() for one in work.version.indicators if not is_due(one)}
    found = {}
    for row in storage.results_in(context.portal_id, {(code, start.isoformat()) for code, start in late}, codes):
        work = late[row.scorecard, date.fromisoformat(row.start)]
        finding = finding_of(work.version, work.period, row)
        if finding and not is_due(finding.indicator):
            found[place(finding)] = finding
    return found


def _open(context: Context, version: Version) -> tuple[Period, Period]:
    current = period_at(version.kind, context.today, context.settings)
    return current, previous(current, context.settings)


def _scored(findings: Iterable[Finding]) -> Iterator[tuple[Finding, ScoreValue]]:
    """The score of every subject, with one of the findings it was made of."""
    grouped: dict[tuple[str, date], list[Finding]] = defaultdict(list)
    for finding in findings:
        grouped[finding.version.code, finding.period.start].append(finding)
    for group in grouped.values():
        one_of = {finding.subject: finding for finding in group}
        yield from ((one_of[subject], value) for subject, value in score_values(group[0].version, group).items())


def _moved(row: storage.Key, indicator: str | None = None) -> Moved:
    _portal, code, start, type_, id = row[:5]
    return Moved(code, date.fromisoformat(start), SubjectType(type_), id, indicator)
