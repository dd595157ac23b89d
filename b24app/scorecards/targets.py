"""What a subject is to reach: targets of their own, the usual one, and what groups and other periods make of them
(semantics 6). Pure.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property

from b24app.portal.rules import COMPANY, Structure, Subject, SubjectType, employee
from b24app.scorecards.rules import Indicator, Version


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
        self._wholes: dict[str, Fraction | None] = {}
        self._groups: dict[Subject, frozenset[int]] = {COMPANY: self.people}

    def of(self, indicator: Indicator, subject: Subject) -> Resolved:
        """No working days, no target."""
        if subject.type is SubjectType.EMPLOYEE:
            return Resolved(self._of_person(indicator, subject.id))
        if not self.days.whole:
            return NOTHING
        own = self.targets.own(self.version.code, indicator.code, subject, self.start)
        if own is not None:
            return Resolved(own)
        return self._of_group(indicator, self._people_of(subject))

    def of_each(self, indicator: Indicator, employees: Sequence[int]) -> list[Resolved]:
        """What `of` gives of each of these people, in their order: most have the usual one."""
        if not self.days.whole:
            return [NOTHING] * len(employees)
        usual, others = Resolved(self._whole(indicator)), self.days.fewer | self.targets.owners
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

    def _whole(self, indicator: Indicator) -> Fraction | None:
        """Of somebody who is there on all of the days."""
        if indicator.code not in self._wholes:
            self._wholes[indicator.code] = self._usual(indicator)
        return self._wholes[indicator.code]

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

    def _people_of(self, group: Subject) -> frozenset[int]:
        """Of the people the scorecard applies to those in the department; of the company all."""
        if group not in self._groups:
            self._groups[group] = self.people & self.structure.members(group.id)
        return self._groups[group]

    def _of_group(self, indicator: Indicator, people: Collection[int]) -> Resolved:
        """The sum of the people's targets, or their mean where numbers do not add up."""
        special, usual = self._specials(indicator), self._whole(indicator)
        theirs = [special[id] for id in people if id in special] if special else []
        known = [target for target in theirs if target is not None]
        if usual is not None:
            others = len(people) - len(theirs)
            total, count = sum(known, usual * others), len(known) + others
        else:
            total, count = sum(known, Fraction(0)), len(known)
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
