"""What is expected of whom: which version answers, to whom it applies, whom a move concerns (semantics 4.6). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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


def scored(subject: Subject, people: frozenset[int], structure: Structure) -> bool:
    """Whether the subject is one of these people, a department that holds one of them, or the company."""
    match subject.type:
        case SubjectType.EMPLOYEE:
            return subject.id in people
        case SubjectType.DEPARTMENT:
            return not people.isdisjoint(structure.members(subject.id))
        case SubjectType.COMPANY:
            return True


def departments_of(employees: Iterable[int], structure: Structure) -> frozenset[int]:
    """Every department that holds one of these people, directly or further down."""
    return frozenset[int]().union(*(structure.ancestors(id) for id in employees))


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
