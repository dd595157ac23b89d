"""Who works in the portal: employees, and the tree of departments they sit in.

One company, its offices, under each office a team per manager (a department has a single head), and an administration.
"""

from dataclasses import dataclass
from typing import Any

from b24app.demo.dataset import Agent
from b24app.lib.i18n import gettext as _

ROOT_ID = 1
ADMIN_ID = 1


@dataclass(slots=True)
class Department:
    id: int
    name: str
    parent: int | None
    head: int | None = None

    def record(self) -> dict[str, Any]:
        """As department.get prints it: ids are strings, PARENT and UF_HEAD only where there is one."""
        fields: dict[str, Any] = {"ID": str(self.id), "NAME": self.name, "SORT": 500}
        if self.parent:
            fields["PARENT"] = str(self.parent)
        if self.head:
            fields["UF_HEAD"] = str(self.head)
        return fields


@dataclass(slots=True)
class User:
    id: int
    name: str
    last_name: str
    position: str
    departments: tuple[int, ...]
    is_admin: bool = False
    active: bool = True
    sells: bool = True

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}"

    def record(self) -> dict[str, Any]:
        """As user.get prints it under the scope user_brief: no e-mail."""
        return {
            "ID": str(self.id),
            "ACTIVE": self.active,
            "NAME": self.name,
            "LAST_NAME": self.last_name,
            "SECOND_NAME": "",
            "DATE_REGISTER": "2016-01-11T00:00:00+00:00",
            "TIME_ZONE": "",
            "IS_ONLINE": "Y" if self.is_admin else "N",
            "PERSONAL_GENDER": "",
            "PERSONAL_PHOTO": None,
            "WORK_POSITION": self.position,
            "UF_EMPLOYMENT_DATE": "",
            "UF_DEPARTMENT": list(self.departments),
            "USER_TYPE": "employee",
        }


@dataclass(frozen=True, slots=True)
class Staff:
    users: dict[int, User]
    departments: dict[int, Department]

    def head_of(self, user_id: int) -> frozenset[int]:
        """Ids of the departments the user heads, with everything below them."""
        found = {department.id for department in self.departments.values() if department.head == user_id}
        grown = True
        while grown:
            below = {one.id for one in self.departments.values() if one.parent in found}
            grown = not below <= found
            found |= below
        return frozenset(found)

    def visible_to(self, user_id: int) -> frozenset[int] | None:
        """Ids of the users whose records this one may read; None means everybody's."""
        if self.users[user_id].is_admin:
            return None
        headed = self.head_of(user_id)
        return frozenset({user_id, *(one.id for one in self.users.values() if headed & set(one.departments))})

    def by_name(self, full_name: str) -> User:
        return next(user for user in self.users.values() if user.full_name == full_name)


def hire(agents: tuple[Agent, ...], helpers: tuple[str, ...] = ()) -> Staff:
    """The administrator is user 1, then the managers, then the agents, in the order of the data; then those who help
    customers."""
    departments = {ROOT_ID: Department(ROOT_ID, _("Computer Hardware Ltd"), None)}
    users: dict[int, User] = {}

    def open_department(name: str, parent: int) -> Department:
        department = Department(len(departments) + 1, name, parent)
        departments[department.id] = department
        return department

    def welcome(full_name: str, position: str, department: Department, is_admin: bool = False) -> User:
        name, _space, last_name = full_name.partition(" ")
        user = User(len(users) + 1, name, last_name, position, (department.id,), is_admin)
        users[user.id] = user
        return user

    administration = open_department(_("Administration"), ROOT_ID)
    administration.head = welcome("Alice Morgan", _("Administrator"), administration, is_admin=True).id
    departments[ROOT_ID].head = ADMIN_ID
    offices = {office: open_department(office, ROOT_ID) for office in dict.fromkeys(one.office for one in agents)}
    teams: dict[str, Department] = {}
    for agent in agents:
        if agent.manager not in teams:
            team = open_department(_("Team of %(name)s", name=agent.manager), offices[agent.office].id)
            team.head = welcome(agent.manager, _("Sales manager"), team).id
            teams[agent.manager] = team
    for agent in agents:
        welcome(agent.name, _("Sales agent"), teams[agent.manager])
    if helpers:
        support = open_department(_("Customer support"), ROOT_ID)
        for name in helpers:
            engineer = welcome(name, _("Support engineer"), support)
            engineer.sells = False
        support.head = engineer.id
    return Staff(users, departments)
