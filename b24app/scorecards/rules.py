"""What is expected of whom: which version answers, to whom it applies, which target holds (semantics 4.6, 6). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from b24app.facts.rules import DEAL, MOVE, Cell
from b24app.metrics.formula import order
from b24app.metrics.measures import Scan
from b24app.metrics.rules import AnyPlan, Plan
from b24app.periods.rules import Kind, Settings, local_day, period_at
from b24app.portal.rules import COMPANY, Structure, Subject, SubjectType, department, employee
from b24app.scorecards.documents import IndicatorDocument, ScorecardDocument, Subjects

COUNTED = frozenset({"active", "shadow"})
"""Scorecards in these states are computed."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of a stored version with the plan of its metric or formula."""

    document: IndicatorDocument
    plan: AnyPlan

    @property
    def code(self) -> str:
        return self.document.code


@dataclass(frozen=True, slots=True)
class Version:
    """One document of a scorecard, in force from `effective_from` until the next version's."""

    id: int
    number: int
    effective_from: date
    author: str
    saved_at: int
    document: ScorecardDocument
    indicators: tuple[Indicator, ...]

    @property
    def code(self) -> str:
        return self.document.code

    @property
    def kind(self) -> Kind:
        return self.document.kind

    @property
    def is_counted(self) -> bool:
        return is_counted(self.document)

    def indicator(self, code: str) -> Indicator | None:
        return next((one for one in self.indicators if one.code == code), None)

    @property
    def in_order(self) -> tuple[Indicator, ...]:
        """The indicators so that formulas come after those they name."""
        by_code = {one.code: one for one in self.indicators}
        return tuple(by_code[code] for code in order({code: one.plan.siblings for code, one in by_code.items()}))


@dataclass(frozen=True, slots=True)
class Lock:
    """A closed period of a scorecard that is frozen as it was shown (semantics 2.4)."""

    id: int
    scorecard: str
    kind: Kind
    start: date
    version: int
    currency: str
    at: int
    by: str
    """As the audit log names people; `system` for one that came by itself."""


def is_counted(document: ScorecardDocument) -> bool:
    return document.status in COUNTED


def as_of(versions: Sequence[Version], day: date) -> Version | None:
    """Of the versions of one scorecard the one whose time this is, whatever its status."""
    begun = [version for version in versions if version.effective_from <= day]
    return max(begun, key=lambda version: version.effective_from, default=None)


def in_force(versions: Sequence[Version], start: date) -> Version | None:
    """The version that answers for the period beginning at `start`; None before the first one and once archived."""
    version = as_of(versions, start)
    return version if version and version.is_counted else None


def applies_to(subjects: Subjects, structure: Structure, leavers: Collection[int] = ()) -> frozenset[int]:
    """The people a scorecard scores: whole sub-trees of departments and single people, less the excluded.

    Of those who are not active only the `leavers`.
    """
    chosen = _people(subjects.departments, subjects.employees, structure)
    left_out = _people(subjects.exclude.departments, subjects.exclude.employees, structure)
    known = (structure.people[id] for id in chosen - left_out if id in structure.people)
    return frozenset(person.id for person in known if person.active or person.id in leavers)


def _people(departments: Iterable[int], employees: Iterable[int], structure: Structure) -> set[int]:
    return set(employees).union(*(structure.members(id) for id in departments))


def departments_of(employees: Iterable[int], structure: Structure) -> frozenset[int]:
    """Every department that holds one of these people, directly or further down."""
    return frozenset[int]().union(*(structure.ancestors(id) for id in employees))


@dataclass(frozen=True)
class Targets:
    """The targets somebody set, by (scorecard, indicator, subject, start); `start` None repeats in every period."""

    values: Mapping[tuple[str, str, Subject, date | None], Fraction]

    def own(self, scorecard: str, indicator: str, subject: Subject, start: date) -> Fraction | None:
        """For the period, else the repeating one."""
        exact = self.of_period(scorecard, indicator, subject, start)
        return exact if exact is not None else self.of_period(scorecard, indicator, subject, None)

    def of_period(self, scorecard: str, indicator: str, subject: Subject, start: date | None) -> Fraction | None:
        return self.values.get((scorecard, indicator, subject, start)) if self.values else None

    @cached_property
    def owners(self) -> frozenset[int]:
        """The people who have a target of their own in any scorecard."""
        whose = {subject for _scorecard, _indicator, subject, _start in self.values}
        return frozenset(subject.id for subject in whose if subject.type is SubjectType.EMPLOYEE)


@dataclass(frozen=True, slots=True)
class Days:
    """Working days of a period: of the portal's calendar, and of the people for whom there are fewer."""

    whole: int
    own: Mapping[int, int] = field(default_factory=dict)
    """Of those who were away: the portal's less their absences (semantics 2.3)."""
    worked: Mapping[int, int] = field(default_factory=dict)
    """Of those who joined or left: also less the days before and after."""

    def of(self, employee_id: int) -> int:
        return self.own.get(employee_id, self.whole)

    def worked_by(self, employee_id: int) -> int:
        return self.worked.get(employee_id, self.of(employee_id))

    @property
    def fewer(self) -> Set[int]:
        """Those who are not there on all of the days."""
        return self.own.keys() | self.worked.keys()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A subject's target, and of how many of how many people's targets it was made (None: it is the subject's own)."""

    value: Fraction | None
    people: tuple[int, int] | None = None


NOTHING = Resolved(None)


class TargetsOfPeriod:
    """Resolves the targets of one version in one of its own periods (semantics 6)."""

    def __init__(
        self, version: Version, start: date, days: Days, structure: Structure, people: Collection[int], targets: Targets
    ) -> None:
        """`people`: to whom the scorecard applies at the last instant; `structure`: where they are then."""
        self.version = version
        self.start = start
        self.days = days
        self.structure = structure
        self.people = frozenset(people)
        self.targets = targets
        self._special: dict[str, dict[int, Fraction | None]] = {}

    def of(self, indicator: Indicator, subject: Subject) -> Resolved:
        """No working days, no target."""
        if subject.type is SubjectType.EMPLOYEE:
            return Resolved(self._of_person(indicator, subject.id))
        if not self.days.whole:
            return NOTHING
        own = self.targets.own(self.version.code, indicator.code, subject, self.start)
        if own is not None:
            return Resolved(own)
        if subject.type is SubjectType.DEPARTMENT:
            return self._of_group(indicator, self.people & self.structure.members(subject.id))
        return self._of_group(indicator, self.people)

    def of_each(self, indicator: Indicator, employees: Sequence[int]) -> list[Resolved]:
        """What `of` gives of each of these people, in their order: most have the usual one."""
        if not self.days.whole:
            return [NOTHING] * len(employees)
        usual, others = Resolved(self._usual(indicator)), self.days.fewer | self.targets.owners
        if not others:
            return [usual] * len(employees)
        return [Resolved(self._of_person(indicator, id)) if id in others else usual for id in employees]

    def _of_person(self, indicator: Indicator, id: int) -> Fraction | None:
        """What somebody sets for this person and period holds as it is; what repeats is of a whole period (ADR 8)."""
        if not self.days.of(id):
            return None
        code, subject = self.version.code, employee(id)
        exact = self.targets.of_period(code, indicator.code, subject, self.start)
        if exact is not None:
            return exact
        repeating = self.targets.of_period(code, indicator.code, subject, None)
        if repeating is None:
            return self._usual(indicator, id)
        if self._is_prorated(indicator):
            return self._share(repeating, self.days.worked_by(id))
        return repeating

    def _usual(self, indicator: Indicator, id: int | None = None) -> Fraction | None:
        """The indicator's target per employee, for the whole period; of one person as many days of it as they have."""
        document = indicator.document
        if document.target is None:
            return None
        target, whole, is_prorated = Fraction(document.target), self.days.whole, self._is_prorated(indicator)
        days = whole if id is None else self.days.worked_by(id) if is_prorated else self.days.of(id)
        if document.target_per == "working_day":
            return target * days if days else None
        return self._share(target, days) if is_prorated else target

    def _is_prorated(self, indicator: Indicator) -> bool:
        return self.version.document.prorate and indicator.plan.additive

    def _share(self, target: Fraction, days: int) -> Fraction | None:
        return target * days / self.days.whole if days else None

    def _of_group(self, indicator: Indicator, people: Collection[int]) -> Resolved:
        """The sum of the people's targets, or their mean where numbers do not add up."""
        special, usual = self._specials(indicator), self._usual(indicator)
        theirs = [special[id] for id in people if id in special] if special else []
        known = [target for target in theirs if target is not None]
        total, count = sum(known, Fraction(0)), len(known)
        if usual is not None:
            others = len(people) - len(theirs)
            total, count = total + usual * others, count + others
        if not count:
            return Resolved(None, (0, len(people)))
        return Resolved(total if indicator.plan.additive else total / count, (count, len(people)))

    def _specials(self, indicator: Indicator) -> Mapping[int, Fraction | None]:
        """The targets of those people to whom the usual one may not apply."""
        if indicator.code not in self._special:
            own = self.people if self.targets.values else self.people & self.days.fewer
            code = self.version.code
            self._special[indicator.code] = {
                id: self._of_person(indicator, id)
                for id in own
                if id in self.days.fewer or self.targets.own(code, indicator.code, employee(id), self.start) is not None
            }
        return self._special[indicator.code]


class TargetsOverPeriods:
    """Resolves targets in a period of another kind: made of those of the own periods it overlaps (semantics 2.5)."""

    def __init__(self, parts: Sequence[tuple[TargetsOfPeriod, int]], absent: Collection[int] = ()) -> None:
        self.parts = parts
        """Each own period with the working days of the overlap, by the portal's calendar."""
        self.absent = absent
        """Who has no working day in the period asked for, and so no target in it."""

    def of_each(self, indicator: Indicator, employees: Sequence[int]) -> list[Resolved]:
        return [self.of(indicator, employee(id)) for id in employees]

    def of(self, indicator: Indicator, subject: Subject) -> Resolved:
        """An additive target in proportion to the days of the overlap; a mean one weighted by them."""
        if subject.type is SubjectType.EMPLOYEE and subject.id in self.absent:
            return NOTHING
        found = [(own.of(indicator, subject), Fraction(days, own.days.whole), days) for own, days in self.parts if days]
        known = [(target.value, share, days) for target, share, days in found if target.value is not None]
        people = found[-1][0].people if found else None
        if not known:
            return Resolved(None, people)
        if indicator.plan.additive:
            return Resolved(sum((value * share for value, share, _days in known), Fraction(0)), people)
        all_days = sum(days for _value, _share, days in known)
        return Resolved(sum((value * days for value, _share, days in known), Fraction(0)) / all_days, people)


def plans(scorecards: Mapping[str, Sequence[Version]]) -> frozenset[Plan]:
    """All that is measured for all versions, each different plan once."""
    every = (one for versions in scorecards.values() for version in versions for one in version.indicators)
    return frozenset(leaf for one in every for leaf in one.plan.leaves)


Record = tuple[str, int]
"""Entity and id of a record or entry; 0 where the id is not known."""

Trace = Mapping[tuple[Scan, Subject], Collection[Record]]
"""Which records moved, by the scan that reads them and whose facts they are."""


def touched(
    scorecards: Mapping[str, Sequence[Version]], cells: Iterable[Cell], settings: Settings
) -> dict[tuple[str, date], set[Subject]]:
    """(scorecard, period start) -> whose facts the cells are; facts of nobody we know are the company's."""
    return {key: {holder for _scan, holder in trace} for key, trace in traced(scorecards, cells, settings).items()}


def traced(
    scorecards: Mapping[str, Sequence[Version]], cells: Iterable[Cell], settings: Settings
) -> dict[tuple[str, date], Trace]:
    """(scorecard, period start) -> the records that moved. A deal's move through stages is told of the deal."""
    interests = _interests(scorecards)

    found: dict[tuple[str, date], dict[tuple[Scan, Subject], set[Record]]] = defaultdict(lambda: defaultdict(set))
    days: dict[int, date] = {}
    for cell in cells:
        of_department = cell.owner == "department"
        wanted = interests.get((cell.entity, cell.date, "employee" if of_department else cell.owner), ())
        holder = COMPANY if cell.owner_id is None else (department if of_department else employee)(cell.owner_id)
        record = DEAL if cell.entity == MOVE else cell.entity, cell.record_id
        for code, kind, scan, of_company in wanted:
            at = cell.at + scan.delay
            day = days.get(at) or days.setdefault(at, local_day(at, settings))
            whose = COMPANY if of_company else holder
            found[code, period_at(kind, day, settings).start][scan, whose].add(record)
    return dict(found)


class _Interest(NamedTuple):
    """A scorecard that counts by a date and an owner, so many seconds after that date."""

    scorecard: str
    kind: Kind
    scan: Scan
    of_company: bool
    """Whether the cell tells of nobody but the company: a record may be counted by a field of users that is empty."""


def _interests(scorecards: Mapping[str, Sequence[Version]]) -> Mapping[tuple[str, str, str], set[_Interest]]:
    """Who is interested in the cells of an entity, date and owner."""
    found: dict[tuple[str, str, str], set[_Interest]] = defaultdict(set)
    for code, versions in scorecards.items():
        scans = {scan for version in versions for one in version.indicators for scan in one.plan.scans}
        for scan in scans:
            kind = versions[-1].kind
            found[scan.entity, scan.date, scan.owner].add(_Interest(code, kind, scan, of_company=False))
            if scan.is_by_field:
                found[scan.entity, scan.date, "responsible"].add(_Interest(code, kind, scan, of_company=True))
    return found


def attributed(trace: Trace, structure: Structure) -> dict[Subject, dict[Scan, set[Record]]]:
    """Of everybody whose numbers contain them the records that moved, by scan."""
    concerned_by: dict[Subject, set[Subject]] = {}
    found: dict[Subject, dict[Scan, set[Record]]] = defaultdict(lambda: defaultdict(set))
    for (scan, holder), records in trace.items():
        if holder not in concerned_by:
            concerned_by[holder] = concerned((holder,), structure)
        for subject in concerned_by[holder]:
            found[subject][scan].update(records)
    return found


def read_by(indicator: Indicator, records: Mapping[Scan, Collection[Record]]) -> set[Record]:
    """Those of the records that the indicator reads."""
    return set[Record]().union(*(records[scan] for scan in indicator.plan.scans if scan in records))


def _upwards(department_id: int, structure: Structure) -> set[int]:
    return {id for id in structure.units if department_id in structure.subtree(id)}


def concerned(holders: Iterable[Subject], structure: Structure) -> set[Subject]:
    """Those whose numbers contain facts of these holders: themselves, the departments above them, the company."""
    found = {COMPANY, *holders}
    for holder in tuple(found):
        match holder.type:
            case SubjectType.EMPLOYEE:
                found.update(map(department, structure.ancestors(holder.id)))
            case SubjectType.DEPARTMENT:
                found.update(map(department, _upwards(holder.id, structure)))
    return found
