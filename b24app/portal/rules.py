"""Who is looking, at whom, and whether they may: the one place that decides access; and who belongs where. Pure.

An employee sees themselves, a head the whole sub-tree of the departments they head, an administrator everything; what
roles and delegations change of it is worked out in access/rules.py before `can` is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class SubjectType(StrEnum):
    EMPLOYEE = "employee"
    DEPARTMENT = "department"
    COMPANY = "company"


class Subject(NamedTuple):
    """Whose numbers: an employee or department by its Bitrix24 id, or the company, whose id is 0.

    A tuple, because a page looks thousands of them up.
    """

    type: SubjectType
    id: int


COMPANY = Subject(SubjectType.COMPANY, 0)


def employee(id: int) -> Subject:
    return Subject(SubjectType.EMPLOYEE, id)


def department(id: int) -> Subject:
    return Subject(SubjectType.DEPARTMENT, id)


class Action(StrEnum):
    SEE = "see"
    SEE_MONEY = "see_money"
    EDIT_PLAN = "edit_plan"
    ENTER = "enter"
    """Enter and correct values by hand, approve those of others (semantics 14)."""
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person in the frame or a program with an API token, with what the structure and their roles give them.

    `employees` and `departments` are those they see (of the people it may leave out themselves); an administrator
    needs neither.
    """

    portal_id: int
    user_id: int | None
    is_admin: bool = False
    employees: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    language: str = "en"
    sees_company: bool = False
    """Sees everybody and the company's totals without being an administrator."""
    plans: frozenset[Subject] | None = None
    """Whose plans they edit; None for everybody's whom they see."""
    enters: frozenset[Subject] | None = None
    """Whose values they enter; None for everybody's whom they see."""
    sees_money: bool = True
    may_write: bool = True
    may_read: bool = True
    token_id: int | None = None
    """The API token of a program that asks; a person has none."""

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        if self.token_id is not None:
            return f"token:{self.token_id}"
        return f"user:{self.user_id}" if self.user_id is not None else "system"


def can(viewer: Viewer, action: Action, subject: Subject) -> bool:
    """Whether the viewer may do this to this subject. Nobody but an administrator edits their own plan; nobody at all
    enters or corrects their own numbers."""
    if action in (Action.SEE, Action.SEE_MONEY) and not viewer.may_read:
        return False
    if action is Action.SEE_MONEY and not viewer.sees_money:
        return False
    if action in (Action.EDIT_PLAN, Action.ENTER, Action.ADMINISTER) and not viewer.may_write:
        return False
    is_self = subject == Subject(SubjectType.EMPLOYEE, viewer.user_id or 0)
    if action is Action.ENTER and is_self:
        return False
    if viewer.is_admin:
        return True
    if action is Action.ADMINISTER:
        return False
    if action is Action.ENTER:
        return _sees(viewer, subject) and (viewer.enters is None or subject in viewer.enters)
    if action is Action.EDIT_PLAN:
        return not is_self and _sees(viewer, subject) and (viewer.plans is None or subject in viewer.plans)
    return is_self or _sees(viewer, subject)


def _sees(viewer: Viewer, subject: Subject) -> bool:
    if viewer.sees_company:
        return True
    match subject.type:
        case SubjectType.EMPLOYEE:
            return subject.id in viewer.employees
        case SubjectType.DEPARTMENT:
            return subject.id in viewer.departments
        case SubjectType.COMPANY:
            return False


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as the portal knows them. Somebody dismissed keeps the departments they were in last."""

    id: int
    name: str
    position: str = ""
    photo_url: str | None = None
    department_ids: tuple[int, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Unit:
    """A department. Inactive once the portal no longer lists it."""

    id: int
    name: str
    parent_id: int | None = None
    head_id: int | None = None
    sort: int = 500
    active: bool = True


@dataclass(frozen=True)
class Structure:
    """The people and departments of a portal at one instant. Each question is answered from indexes made once."""

    people: Mapping[int, Person]
    units: Mapping[int, Unit]

    def children(self, department_id: int) -> tuple[int, ...]:
        """The departments right below, in the portal's order."""
        return self._children.get(department_id, ())

    def subtree(self, department_id: int) -> frozenset[int]:
        """The department and everything below it; empty for one that is not there."""
        found: set[int] = set()
        waiting = [department_id] if department_id in self.units else []
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting.extend(self.children(id))
        return frozenset(found)

    def members(self, department_id: int) -> frozenset[int]:
        """Everybody in the department or below it, the dismissed included."""
        return self._members.get(department_id, frozenset())

    def ancestors(self, employee_id: int) -> frozenset[int]:
        """Every department that holds the employee, directly or from above."""
        person = self.people.get(employee_id)
        return self._holding(person.department_ids) if person else frozenset()

    def headed_by(self, user_id: int) -> frozenset[int]:
        """The departments this person heads, and all below them."""
        return frozenset[int]().union(
            *(self.subtree(unit.id) for unit in self.units.values() if unit.head_id == user_id)
        )

    def everybody_in(self, department_ids: Iterable[int]) -> frozenset[int]:
        return frozenset[int]().union(*(self.members(id) for id in department_ids))

    @cached_property
    def _children(self) -> dict[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for unit in sorted(self.units.values(), key=lambda unit: (unit.sort, unit.id)):
            if unit.parent_id is not None:
                found.setdefault(unit.parent_id, []).append(unit.id)
        return {parent: tuple(ids) for parent, ids in found.items()}

    @cached_property
    def _members(self) -> dict[int, frozenset[int]]:
        """Those of the same departments are put together into every one above them."""
        together: dict[tuple[int, ...], list[int]] = {}
        for person in self.people.values():
            together.setdefault(person.department_ids, []).append(person.id)
        found: dict[int, set[int]] = {id: set() for id in self.units}
        for department_ids, people in together.items():
            for id in self._holding(department_ids):
                found[id].update(people)
        return {id: frozenset(people) for id, people in found.items()}

    @cached_property
    def _holders(self) -> dict[tuple[int, ...], frozenset[int]]:
        return {}

    def _holding(self, department_ids: tuple[int, ...]) -> frozenset[int]:
        """These departments and all above them."""
        if department_ids not in self._holders:
            self._holders[department_ids] = frozenset[int]().union(*map(self._upwards, department_ids))
        return self._holders[department_ids]

    @cached_property
    def _paths(self) -> dict[int, frozenset[int]]:
        return {}

    def _upwards(self, department_id: int) -> frozenset[int]:
        """The department and all above it. A ring, which only broken data has, ends where it began."""
        if department_id not in self._paths:
            path: set[int] = set()
            id: int | None = department_id
            while id is not None and id in self.units and id not in path:
                path.add(id)
                id = self.units[id].parent_id
            self._paths[department_id] = frozenset(path)
        return self._paths[department_id]


Stay = tuple[int | None, int | None]
"""Instants from which and until which somebody worked here, half-open; None: since before we knew, and until now."""


def stays(journal: Sequence[tuple[int, bool]], journal_began: int) -> tuple[Stay, ...]:
    """When somebody worked here, from their rows (since, active) of the membership journal, the oldest first.

    Whom the journal knows from its beginning on had their earliest state before it, too (semantics 4.6); whoever
    appears in it later joined then.
    """
    found: list[Stay] = []
    since: int | None = None
    is_here = False
    for at, active in journal:
        if active and not is_here:
            since = None if at <= journal_began else at
        elif is_here and not active:
            found.append((since, at))
        is_here = active
    return (*found, (since, None)) if is_here else tuple(found)
