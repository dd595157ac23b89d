"""Who is looking, at whom, and whether they may: the one place that decides access. Pure.

An employee sees themselves, a head the whole sub-tree of the departments they head, an administrator everything.
"""

from dataclasses import dataclass
from enum import StrEnum


class SubjectType(StrEnum):
    EMPLOYEE = "employee"
    DEPARTMENT = "department"
    COMPANY = "company"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Whose numbers: an employee or department by its Bitrix24 id, or the company, whose id is 0."""

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
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person in the frame or a program with an API token, with what the structure gives them.

    `employees` and `departments` are the sub-tree they head (themselves included); an administrator needs neither.
    """

    portal_id: int
    user_id: int | None
    is_admin: bool = False
    employees: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    language: str = "en"
    sees_money: bool = True
    may_write: bool = True

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"user:{self.user_id}" if self.user_id is not None else "system"


def can(viewer: Viewer, action: Action, subject: Subject) -> bool:
    """Whether the viewer may do this to this subject."""
    if action is Action.SEE_MONEY and not viewer.sees_money:
        return False
    if action in (Action.EDIT_PLAN, Action.ADMINISTER) and not viewer.may_write:
        return False
    if viewer.is_admin:
        return True
    if action is Action.ADMINISTER:
        return False
    if subject.type is SubjectType.COMPANY:
        return False
    if subject.type is SubjectType.DEPARTMENT:
        return subject.id in viewer.departments
    if action is Action.EDIT_PLAN:
        return subject.id in viewer.employees and subject.id != viewer.user_id
    return subject.id == viewer.user_id or subject.id in viewer.employees
