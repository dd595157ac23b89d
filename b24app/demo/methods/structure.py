"""Methods about people and departments."""

from typing import Any

from b24app.demo.people import User
from b24app.demo.registry import Answer, Call, method
from b24app.demo.store import PAGE

_USER_SCOPES = ("user_brief", "user_basic", "user")


@method("profile")
def profile(call: Call) -> Answer:
    user = call.user
    record = {"ID": str(user.id), "ADMIN": user.is_admin, "NAME": user.name, "LAST_NAME": user.last_name}
    return Answer({**record, "PERSONAL_GENDER": "", "TIME_ZONE": ""})


@method("user.admin")
def user_admin(call: Call) -> Answer:
    return Answer(call.user.is_admin)


@method("user.current", *_USER_SCOPES)
def user_current(call: Call) -> Answer:
    return Answer(call.user.record())


@method("user.get", *_USER_SCOPES)
def user_get(call: Call) -> Answer:
    """Filters: ID, `>ID`, ACTIVE, UF_DEPARTMENT, USER_TYPE; any other is ignored, as in the real method."""
    asked = {str(key).upper(): value for key, value in (*call.params.items(), *call.params.mapping("FILTER").items())}
    users = [user for user in call.portal.staff.users.values() if _suits(user, asked)]
    descending = call.params.text("order").upper() == "DESC"
    return _page([user.record() for user in sorted(users, key=lambda user: user.id, reverse=descending)], call)


def _suits(user: User, asked: dict[str, Any]) -> bool:
    ids = asked.get("ID", asked.get("@ID"))
    if ids not in (None, "") and str(user.id) not in map(str, ids if isinstance(ids, list) else [ids]):
        return False
    if asked.get(">ID") not in (None, "") and user.id <= int(asked[">ID"]):
        return False
    active = asked.get("ACTIVE")
    if active is not None and user.active != (str(active).upper() in ("Y", "1", "TRUE")):
        return False
    department = asked.get("UF_DEPARTMENT")
    if department not in (None, "") and not {int(one) for one in _listed(department)} & set(user.departments):
        return False
    return str(asked.get("USER_TYPE") or "employee") == "employee"


@method("department.get", "department")
def department_get(call: Call) -> Answer:
    asked = {name: set(map(str, _listed(call.params.get(name)))) for name in ("ID", "PARENT", "UF_HEAD", "NAME")}
    records = [department.record() for department in call.portal.staff.departments.values()]
    found = [
        record
        for record in records
        if all(not wanted or str(record.get(name, "")) in wanted for name, wanted in asked.items())
    ]
    return _page(found, call)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _page(records: list[dict[str, Any]], call: Call) -> Answer:
    """`start` and `START` alike; -1 gives the first page without counting."""
    start = call.params.number("start")
    if start < 0:
        return Answer(records[:PAGE])
    following = start + PAGE
    return Answer(records[start:following], len(records), following if following < len(records) else None)
