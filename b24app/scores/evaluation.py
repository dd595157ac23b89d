"""Facts against targets: what every subject reached in every indicator, for any number of scorecards and periods.

One call of `metrics.queries.evaluate` per kind of period, whatever the number of people. Stores nothing: operations.py
stores what it finds, queries.py answers with it where nothing is stored.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from b24app.facts.requests.rules import REQUEST
from b24app.facts.rules import ACTIVITY, CALL, DEAL, ENTRY, MOVE, RECORDS
from b24app.lib.clock import epoch
from b24app.metrics import queries as metrics
from b24app.metrics.measures import Test
from b24app.metrics.needs import needs
from b24app.metrics.parts import Parts
from b24app.metrics.rules import AnyPlan, Measured, Numbers, Part, Plan, Sibling, presence, why_empty
from b24app.periods.rules import Kind, Period, inside, span, working_days
from b24app.portal.rules import Subject, SubjectType, employee
from b24app.scorecards.rules import Indicator, Version, applies_to
from b24app.scorecards.targets import Resolved, TargetsOfPeriod, TargetsOverPeriods
from b24app.scores.context import Context, Members, Work
from b24app.scores.rows import Finding, curves
from b24app.scores.rules import Curve, attainment

Moved = Callable[[Plan, Period, Subject, Part], Part]
"""What a part would be for the subject and period if something were other than it is."""


Place = tuple[str, date, Subject, str]
"""Scorecard, start, subject and indicator."""


def place(finding: Finding) -> Place:
    return finding.version.code, finding.period.start, finding.subject, finding.indicator.code


def evaluate(
    context: Context,
    works: Iterable[Work],
    moved: Moved | None = None,
    kept: Mapping[Place, Finding] = MappingProxyType({}),
) -> list[Finding]:
    """What each subject of each work reached and was to reach in each indicator; what is `kept` is as it was found."""
    by_kind: dict[Kind, list[Work]] = defaultdict(list)
    for work in works:
        by_kind[work.period.kind].append(work)
    return [finding for group in by_kind.values() for finding in _evaluate(context, group, moved, kept)]


def _evaluate(
    context: Context, works: Sequence[Work], moved: Moved | None, kept: Mapping[Place, Finding]
) -> Iterator[Finding]:
    asked = sorted({work.period for work in works})
    indicators = [one for work in works for one in work.version.indicators]
    plans = dict.fromkeys(plan for one in indicators for plan in (*one.plan.leaves, _presence(one)) if plan)
    spans = [span(period, context.settings) for period in asked]
    parts = metrics.evaluate(context.portal_id, list(plans), spans, epoch(context.now))
    position = {period: index for index, period in enumerate(asked)}

    for work in works:
        yield from _of_work(context, work, _Measured(parts, position[work.period], work, moved), kept)


def _of_work(context: Context, work: Work, measured: "_Measured", kept: Mapping[Place, Finding]) -> Iterator[Finding]:
    """Indicator by indicator, of everybody at once."""
    targets = targets_of(context, work.version, work.period)
    known = _Known(work.version)
    for indicator in work.version.in_order:
        unread = _unread(context, indicator.plan) or _untold(context, indicator.plan)
        unread = unread or _unmapped(context, indicator.plan)
        absent = _absent(indicator, measured)
        theirs = targets.of_each(indicator, measured.people)
        theirs += [targets.of(indicator, group) for group in measured.groups]
        plan, is_plain = indicator.plan, _is_plain(indicator)
        for subject, part, target in zip(measured.subjects, measured.parts(plan, known), theirs, strict=True):
            if unread:
                reason, part = unread, UNREAD
            elif is_plain and plan.has_value(part):
                reason = None
            else:
                reason = _reason(indicator, part, subject not in absent)
            finding = _finding(work, indicator, subject, part, reason, target)
            finding = kept.get(place(finding), finding) if kept else finding
            if known.named:
                known.add(finding)
            yield finding


def _is_plain(indicator: Indicator) -> bool:
    """Whether whatever has a value shows it, as nearly all do."""
    document = indicator.document
    return document.direction == "up" and document.empty is None and document.min_count is None


def _absent(indicator: Indicator, measured: "_Measured") -> Collection[Subject]:
    """The employees without any record at all, where that matters."""
    if (presence := _presence(indicator)) is None:
        return ()
    found = zip(measured.subjects, measured.of(presence), strict=True)
    return {subject for subject, part in found if not part.facts and subject.type is SubjectType.EMPLOYEE}


class _Measured:
    """What plans gave for the subjects of one work, first its people and then the rest, in a fixed order."""

    def __init__(self, parts: Parts, index: int, work: Work, moved: Moved | None) -> None:
        self._parts, self._index, self._work, self._moved = parts, index, work, moved
        self._found: dict[Plan, list[Part]] = {}
        self.people = sorted(one.id for one in work.subjects if one.type is SubjectType.EMPLOYEE)
        self.groups = sorted(one for one in work.subjects if one.type is not SubjectType.EMPLOYEE)
        self.subjects = [*map(employee, self.people), *self.groups]

    def of(self, plan: Plan) -> list[Part]:
        """The plan's part of each subject."""
        if plan not in self._found:
            found = self._parts.of_each(plan, self._index, self.people)
            found += [self._parts.get(plan, self._index, *self._members[group]) for group in self.groups]
            if moved := self._moved:
                period, each = self._work.period, zip(self.subjects, found, strict=True)
                found = [moved(plan, period, subject, part) for subject, part in each]
            self._found[plan] = found
        return self._found[plan]

    @cached_property
    def _members(self) -> Mapping[Subject, Members]:
        return {group: self._work.members(group) for group in self.groups}

    def parts(self, plan: AnyPlan, known: "_Known") -> Iterable[Part]:
        """The same of a formula, too, which is made of the parts of its leaves and of what is known of others."""
        if isinstance(plan, Plan):
            return self.of(plan)
        return (plan.part(self._at(at), known.numbers_of(subject)) for at, subject in enumerate(self.subjects))

    def _at(self, place: int) -> Measured:
        return lambda plan: self.of(plan)[place]


class _Known:
    """The numbers of one scorecard and period as far as they are found, for the formulas that name them."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self.named = {code for one in version.indicators for code in one.plan.siblings}
        self._found: dict[tuple[str, Subject], Finding] = {}

    def add(self, finding: Finding) -> None:
        if finding.indicator.code in self.named:
            self._found[finding.indicator.code, finding.subject] = finding

    @cached_property
    def _curves(self) -> Mapping[str, Curve]:
        return curves(self._version)

    def numbers_of(self, subject: Subject) -> Numbers:
        return lambda sibling: self._number(sibling, self._found[sibling.code, subject])

    def _number(self, sibling: Sibling, finding: Finding) -> Fraction | None:
        match sibling.part:
            case "target":
                return finding.target
            case "attainment":
                reached = attainment(finding.value, finding.target, self._curves[sibling.code])
                return reached.counted if reached else None
            case _:
                return finding.value


def _finding(
    work: Work, indicator: Indicator, subject: Subject, part: Part, reason: str | None, target: Resolved
) -> Finding:
    return Finding(
        work.version,
        work.period,
        indicator,
        subject,
        None if reason else part.numerator,
        None if reason else part.denominator,
        part.facts,
        reason,
        target.value,
        target.people,
        computed=None if reason else part.value,
        operands=part.operands,
    )


def _reason(indicator: Indicator, part: Part, has_any_fact: bool) -> str | None:
    """Why the part is no data under the indicator's own rules; None when it is a value."""
    document = indicator.document
    return why_empty(
        indicator.plan,
        part,
        direction=document.direction,
        empty=document.empty,
        min_count=document.min_count,
        has_any_fact=has_any_fact,
    )


def _presence(indicator: Indicator) -> Plan | None:
    """What tells whether somebody had any record at all, where having none must not look excellent (semantics 4.1)."""
    return presence(indicator.plan) if indicator.document.direction == "down" else None


UNREAD = Part(None, None, 0)
"""What is known while it is being read is no part of any number."""

EVERYWHERE = {DEAL, MOVE, ACTIVITY, ENTRY}
"""What every portal has and tells us, so that it is known once the history has been read."""


def _unread(context: Context, plan: AnyPlan) -> str | None:
    """Why nothing is known: nothing of what the plan, or an operand, counts has been read yet (semantics 3.7)."""
    others = {entity for scan in plan.scans for entity in scan.reads} - EVERYWHERE
    if CALL in others and not context.has_telephony:
        if any(one.scan.entity == CALL for leaf in plan.leaves for one in leaf.above[:1]):
            return "calls_from_activities"
        others.discard(CALL)
    if missing := others and others & context.unread.keys():
        return "refused" if any(context.unread[entity] for entity in missing) else "not_synced"
    if context.complete:
        return None
    known = [context.sync.entities.get(leaf.numerator.scan.entity) for leaf in plan.leaves]
    return "not_synced" if any(one and one.synced_at is None and not one.rows for one in known) else None


def _untold(context: Context, plan: AnyPlan) -> str | None:
    """Why a field or the product rows it needs are not known of every deal: refused, or not read yet."""
    needed = frozenset(one for one in needs(plan) if one[1] != RECORDS)
    if not needed:
        return None
    if needed & context.unavailable:
        return "unavailable"
    return None if all(context.watched.get(name) for name in needed) else "not_synced"


def _unmapped(context: Context, plan: AnyPlan) -> str | None:
    """Why nothing is known of requests: no mapping says what they are, or its requests have not been made yet."""
    for leaf in (leaf for leaf in plan.leaves if leaf.numerator.scan.entity == REQUEST):
        tests = (test for test in leaf.numerator.where.tests if isinstance(test, Test) and test.field == "mapping")
        codes = [str(code) for test in tests for code in test.values] or list(context.mappings)
        if not codes or not context.mappings.keys() >= set(codes):
            return "not_mapped"
        if why := next((why for code in codes if (why := context.mappings[code])), None):
            return why
    return None


def targets_of(context: Context, version: Version, period: Period) -> TargetsOfPeriod | TargetsOverPeriods:
    if period.kind == version.kind:
        return _targets_of_period(context, version, period)
    parts = []
    for own in inside(period, version.kind, context.settings):
        days = working_days(context.calendar, max(own.start, period.start), min(own.end, period.end))
        parts.append((_targets_of_period(context, version, own), days))
    absent = [id for id, days in context.days(period).own.items() if not days]
    return TargetsOverPeriods(parts, frozenset(absent))


def _targets_of_period(context: Context, version: Version, period: Period) -> TargetsOfPeriod:
    structure = context.structure(period)
    people = applies_to(version.document.subjects, structure)
    return TargetsOfPeriod(version, period.start, context.days(period), structure, people, context.targets)
