"""Who sees whom, and who belongs where."""

import pytest

from b24app.portal.rules import COMPANY, Action, Person, Structure, Unit, Viewer, can, department, employee

ADMIN = Viewer(1, 1, is_admin=True)
HEAD = Viewer(1, 2, employees=frozenset({2, 7}), departments=frozenset({5}))
EMPLOYEE = Viewer(1, 7)
READER = Viewer(1, None, is_admin=True, sees_money=False, may_write=False, token_id=3)
WRITER = Viewer(1, None, is_admin=True, may_read=False, token_id=4)


@pytest.mark.parametrize(
    ("viewer", "action", "subject", "may"),
    [
        (ADMIN, Action.SEE, COMPANY, True),
        (ADMIN, Action.ADMINISTER, COMPANY, True),
        (HEAD, Action.SEE, employee(7), True),
        (HEAD, Action.SEE, department(5), True),
        (HEAD, Action.SEE, department(6), False),
        (HEAD, Action.SEE, employee(9), False),
        (HEAD, Action.SEE, COMPANY, False),
        (HEAD, Action.EDIT_PLAN, employee(7), True),
        (HEAD, Action.EDIT_PLAN, employee(2), False),
        (EMPLOYEE, Action.SEE, employee(7), True),
        (EMPLOYEE, Action.SEE, employee(2), False),
        (EMPLOYEE, Action.EDIT_PLAN, employee(7), False),
        (EMPLOYEE, Action.ADMINISTER, COMPANY, False),
        (READER, Action.SEE, COMPANY, True),
        (READER, Action.SEE_MONEY, COMPANY, False),
        (READER, Action.EDIT_PLAN, employee(7), False),
        (WRITER, Action.SEE, employee(7), False),
        (WRITER, Action.EDIT_PLAN, employee(7), True),
    ],
)
def test_access(viewer: Viewer, action: Action, subject, may: bool) -> None:
    assert can(viewer, action, subject) is may


def test_the_audit_names_people_and_programs() -> None:
    assert (EMPLOYEE.actor, READER.actor, Viewer(1, None).actor) == ("user:7", "token:3", "system")


@pytest.fixture
def company() -> Structure:
    """1 over 5 and 6, 5 over 51; somebody sits in two departments."""
    units = [Unit(1, "All", head_id=1), Unit(5, "Sales", 1, 2), Unit(6, "Support", 1), Unit(51, "East", 5)]
    people = [
        Person(1, "Ann", department_ids=(1,)),
        Person(2, "Bob", department_ids=(5,)),
        Person(7, "Eve", department_ids=(51, 6)),
        Person(8, "Gone", department_ids=(51,), active=False),
        Person(9, "Nowhere"),
        Person(10, "Elsewhere", department_ids=(404,)),
    ]
    return Structure({person.id: person for person in people}, {unit.id: unit for unit in units})


def test_members_are_everybody_below(company: Structure) -> None:
    assert company.members(1) == {1, 2, 7, 8}
    assert company.members(5) == {2, 7, 8}
    assert company.members(6) == {7}
    assert company.members(404) == frozenset()


def test_ancestors_are_all_departments_above(company: Structure) -> None:
    assert company.ancestors(7) == {51, 5, 6, 1}
    assert company.ancestors(9) == company.ancestors(10) == company.ancestors(404) == frozenset()


def test_the_tree_goes_down(company: Structure) -> None:
    assert company.subtree(5) == {5, 51}
    assert company.children(1) == (5, 6)
    assert company.subtree(404) == frozenset()
    assert company.headed_by(2) == {5, 51}


def test_a_ring_of_departments_ends() -> None:
    ring = Structure({7: Person(7, "Eve", department_ids=(1,))}, {1: Unit(1, "A", 2), 2: Unit(2, "B", 1)})
    assert ring.subtree(1) == ring.ancestors(7) == {1, 2}
    assert ring.members(2) == {7}
