"""Who is reminded of which values that are due: the nearest head who may enter them, nobody of their own. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from b24app.facts.approval import Approval
from b24app.outcomes.dashboards.due import Due
from b24app.outcomes.notifications.rules import CHAT, DUE, Plan, Viewers
from b24app.portal.rules import Action, Structure, SubjectType, Viewer, can, employee

NAMED = 5
"""So many people a message names."""


def plans(values: Iterable[Due], structure: Structure, viewer: Viewers, decided: Approval, at: int) -> Iterator[Plan]:
    """One message per head, indicator and period, whoever many are missing."""
    known: dict[int, Viewer] = {}

    def of(user_id: int) -> Viewer:
        if user_id not in known:
            known[user_id] = viewer(user_id)
        return known[user_id]

    for one in values:
        told: dict[tuple[int, int], list[int]] = defaultdict(list)
        for employee_id in sorted(one.people):
            found = head_of(employee_id, structure, of)
            if found and (of(found[0]).sees_money or not decided.is_money(one.entry_code)):
                told[found].append(employee_id)
        for (head_id, department_id), people in told.items():
            yield Plan(
                CHAT, DUE, _payload(one, department_id, people, structure, at), head_id, one.scorecard, one.indicator,
                SubjectType.DEPARTMENT.value, department_id, one.period.start.isoformat(),
            )  # fmt: skip


def head_of(employee_id: int, structure: Structure, viewer: Viewers) -> tuple[int, int] | None:
    """The head who may enter values of somebody, with the department by which; going up from where they work."""
    for start in structure.people[employee_id].department_ids:
        passed: set[int] = set()
        id: int | None = start
        while id is not None and id in structure.units and id not in passed:
            passed.add(id)
            unit = structure.units[id]
            person = structure.people.get(unit.head_id) if unit.head_id is not None else None
            if person and person.active and can(viewer(person.id), Action.ENTER, employee(employee_id)):
                return person.id, id
            id = unit.parent_id
    return None


def _payload(one: Due, department_id: int, people: list[int], structure: Structure, at: int) -> dict[str, Any]:
    names = sorted((structure.people[id].name for id in people), key=str.casefold)
    return {
        "at": at,
        "scorecard": one.scorecard,
        "scorecard_name": one.scorecard_name,
        "indicator": one.indicator,
        "indicator_name": one.indicator_name,
        "subject": [SubjectType.DEPARTMENT.value, department_id, structure.units[department_id].name],
        "period": [one.period.kind.value, one.period.start.isoformat(), one.period.end.isoformat()],
        "until": one.until.isoformat(),
        "people": names[:NAMED],
        "missing": len(people),
    }
