"""From the structure, roles and delegations to what somebody sees and may do. Pure; `portal.rules.can` decides by it.

Without any role an employee sees themselves and a head the sub-tree of what they head, whose plans they edit and whose
values they enter; money is shown. A role of a person changes that for them, exactly; a role of a department for all in
it and below it, where nothing nearer to the person says otherwise, but takes nothing from whoever heads a department.
While somebody is away their deputy sees, edits and enters in addition what they do; whether money is shown stays
everybody's own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import islice

from b24app.portal.rules import COMPANY, Structure, Subject, SubjectType, department, employee


class Reach(StrEnum):
    """How far somebody sees."""

    OWN = "own"
    DEPARTMENT = "department"
    SUBDEPARTMENTS = "subdepartments"
    ALL = "all"


DECIDED = ("reach", "edits_plan", "sees_money", "enters_values")
"""What a role decides."""


@dataclass(frozen=True, slots=True)
class Role:
    """What is decided for a person or for the people of a department; None leaves it as it would be without."""

    holder: Subject
    reach: Reach | None = None
    edits_plan: bool | None = None
    sees_money: bool | None = None
    enters_values: bool | None = None

    @property
    def is_empty(self) -> bool:
        return self.reach is self.edits_plan is self.sees_money is self.enters_values is None


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who stands in for whom on which days, both included."""

    absent_id: int
    deputy_id: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Access:
    """What the structure, roles and delegations come to for one person."""

    employees: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    sees_company: bool = False
    plans: frozenset[Subject] = frozenset()
    sees_money: bool = True
    enters: frozenset[Subject] = frozenset()

    def __or__(self, other: "Access") -> "Access":
        """With what somebody else sees and plans, too."""
        return Access(
            self.employees | other.employees,
            self.departments | other.departments,
            self.sees_company or other.sees_company,
            self.plans | other.plans,
            self.sees_money,
            self.enters | other.enters,
        )


def access(
    user_id: int, structure: Structure, roles: Iterable[Role] = (), delegations: Iterable[Delegation] = (), *, on: date
) -> Access:
    """What somebody sees and may do on a day. A deputy's deputy stands in for nobody but the deputy."""
    by_holder = {role.holder: role for role in roles}
    away = {one.absent_id for one in delegations if one.deputy_id == user_id and one.first <= on <= one.last}
    found = _own(user_id, structure, by_holder)
    for absent_id in sorted(away):
        theirs = _own(absent_id, structure, by_holder)
        seen, plans = theirs.employees | {absent_id}, theirs.plans - {employee(absent_id)}
        enters = theirs.enters - {employee(absent_id)}
        found |= replace(theirs, employees=seen, plans=plans, enters=enters)
    return found


def _own(user_id: int, structure: Structure, roles: Mapping[Subject, Role]) -> Access:
    personal = roles.get(employee(user_id), Role(employee(user_id)))
    nearest = _nearest(user_id, structure, roles)
    headed = structure.headed_by(user_id)
    seen = _seen(user_id, structure, personal.reach, [role.reach for role in nearest["reach"] if role.reach])
    money = personal.sees_money
    if money is None:
        money = all(role.sees_money for role in nearest["sees_money"])

    def of_whom(what: str) -> frozenset[Subject]:
        decided = getattr(personal, what)
        if decided is None and nearest[what]:
            decided = any(getattr(role, what) for role in nearest[what])
        return _of_whom(seen, structure, headed, decided)

    plans, enters = of_whom("edits_plan"), of_whom("enters_values")
    return Access(seen.employees, seen.departments, seen.sees_company, plans, money, enters)


def _nearest(user_id: int, structure: Structure, roles: Mapping[Subject, Role]) -> dict[str, Sequence[Role]]:
    """Of each thing that roles decide, those of the departments nearest to the person that decide it.

    Somebody in several departments may have several: the widest view counts, plans are edited and values entered if one
    allows it, and money is hidden if one hides it.
    """
    person = structure.people.get(user_id)
    starts = person.department_ids if person else ()

    def deciding(what: str) -> Iterator[Role]:
        for start in starts:
            yield from islice((one for one in _upwards(start, structure, roles) if getattr(one, what) is not None), 1)

    return {what: list(deciding(what)) for what in DECIDED}


def _upwards(start: int, structure: Structure, roles: Mapping[Subject, Role]) -> Iterator[Role]:
    passed: set[int] = set()
    id: int | None = start
    while id is not None and id in structure.units and id not in passed:
        passed.add(id)
        if department(id) in roles:
            yield roles[department(id)]
        id = structure.units[id].parent_id


def _seen(user_id: int, structure: Structure, personal: Reach | None, given: Sequence[Reach]) -> Access:
    if personal is not None:
        return _reached(user_id, structure, personal)
    headed = structure.headed_by(user_id)
    found = Access(structure.everybody_in(headed), headed)
    for reach in given:
        found |= _reached(user_id, structure, reach)
    return found


def _reached(user_id: int, structure: Structure, reach: Reach) -> Access:
    """`department`: of the departments one is in or heads; `subdepartments`: and all below them."""
    if reach is Reach.ALL:
        return Access(frozenset(structure.people), frozenset(structure.units), sees_company=True)
    if reach is Reach.OWN:
        return Access(frozenset({user_id}))
    person = structure.people.get(user_id)
    of = {*(person.department_ids if person else ()), *_heads(user_id, structure)} & structure.units.keys()
    if reach is Reach.DEPARTMENT:
        inside = (one.id for one in structure.people.values() if not of.isdisjoint(one.department_ids))
        return Access(frozenset(inside), frozenset(of))
    below = frozenset[int]().union(*(structure.subtree(id) for id in of))
    return Access(structure.everybody_in(of), below)


def _heads(user_id: int, structure: Structure) -> Iterator[int]:
    return (unit.id for unit in structure.units.values() if unit.head_id == user_id)


def _of_whom(seen: Access, structure: Structure, headed: frozenset[int], decided: bool | None) -> frozenset[Subject]:
    """Of whom they see: nobody's, everybody's, or undecided those of the departments they head."""
    if decided is False:
        return frozenset()
    everybody = frozenset({*map(employee, seen.employees), *map(department, seen.departments)})
    if decided:
        return everybody | ({COMPANY} if seen.sees_company else frozenset())
    below = {*map(employee, structure.everybody_in(headed)), *map(department, headed)}
    return everybody & below


def holder_of(text: str) -> Subject | None:
    """`employee-7` or `department-5`; None for anything else."""
    kind, _dash, id = text.partition("-")
    if kind not in (SubjectType.EMPLOYEE, SubjectType.DEPARTMENT):
        return None
    if not (id.isascii() and id.isdecimal() and len(id) < 16):
        return None
    return Subject(SubjectType(kind), int(id))
