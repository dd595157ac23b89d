"""Taking over people and departments, and who was where at an instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.portal import operations, queries
from b24app.portal.rules import Person, Unit
from b24app.portal.tables import Membership, Portal

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
UNITS = [Unit(1, "All"), Unit(5, "Sales", 1, head_id=2), Unit(6, "Support", 1)]
BOB = Person(2, "Bob", "Head", None, (5,))
EVE = Person(7, "Eve", "Agent", None, (5,))


def sync(portal: Portal, people: list[Person], units: list[Unit] = UNITS, now: datetime = MONDAY) -> bool:
    with write():
        return operations.sync_staff(portal.id, people, units, now)


def journal(portal: Portal) -> int:
    return db.session.scalar(select(func.count()).select_from(Membership).where(Membership.portal_id == portal.id))


def test_the_lists_are_taken_over_and_repeating_changes_nothing(portal: Portal) -> None:
    assert sync(portal, [BOB, EVE]) is True
    assert sync(portal, [BOB, EVE], now=TUESDAY) is False
    found = queries.structure(portal.id)
    assert found.people == {2: BOB, 7: EVE}
    assert list(found.units.values()) == UNITS
    assert journal(portal) == 2


def test_a_move_is_journalled_and_the_past_stays(portal: Portal) -> None:
    sync(portal, [BOB, EVE])
    assert sync(portal, [BOB, replace(EVE, department_ids=(6,))], now=TUESDAY) is True
    assert queries.structure(portal.id).members(6) == {7}
    assert queries.structure(portal.id, epoch(TUESDAY) - 1).members(6) == frozenset()
    assert queries.structure(portal.id, epoch(TUESDAY)).members(6) == {7}


def test_before_the_journal_begins_the_earliest_state_holds(portal: Portal) -> None:
    sync(portal, [BOB, EVE])
    assert queries.structure(portal.id, 0).members(5) == {2, 7}


def test_a_new_name_is_no_move(portal: Portal) -> None:
    sync(portal, [BOB, EVE])
    assert sync(portal, [BOB, replace(EVE, name="Eva")], now=TUESDAY) is False
    assert queries.structure(portal.id).people[7].name == "Eva"


def test_somebody_dismissed_stays_where_they_were(portal: Portal) -> None:
    sync(portal, [BOB, EVE])
    sync(portal, [BOB, replace(EVE, department_ids=(), active=False)], now=TUESDAY)
    found = queries.structure(portal.id)
    assert found.members(5) == {2, 7}
    assert found.people[7].active is False


def test_who_is_not_listed_any_more_stays_as_inactive(portal: Portal) -> None:
    sync(portal, [BOB, EVE])
    assert sync(portal, [BOB], UNITS[:2], TUESDAY) is True
    found = queries.structure(portal.id)
    assert found.people[7].active is False
    assert found.units[6].active is False


def test_a_department_that_moves_is_a_change(portal: Portal) -> None:
    sync(portal, [BOB])
    assert sync(portal, [BOB], [*UNITS[:2], replace(UNITS[2], parent_id=5)], TUESDAY) is True


def test_two_changes_in_one_second_are_one_row(portal: Portal) -> None:
    sync(portal, [EVE])
    sync(portal, [replace(EVE, department_ids=(6,))])
    assert journal(portal) == 1
    assert queries.structure(portal.id, epoch(MONDAY)).members(6) == {7}


def test_a_thousand_people_cost_a_handful_of_statements(portal: Portal) -> None:
    units = [Unit(n, f"D{n}", n // 2 or None) for n in range(1, 101)]
    people = [Person(n, f"P{n}", department_ids=(n % 100 + 1,)) for n in range(1, 1001)]
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    sync(portal, people, units)
    assert len(statements) < 20
    portal_id = portal.id
    statements.clear()
    found = queries.structure(portal_id)
    assert len(found.members(1)) == 1000
    assert len(statements) <= 3


@pytest.mark.parametrize(("user_id", "employees", "departments"), [(2, {2, 7}, {5}), (7, set(), set())])
def test_a_head_sees_the_sub_tree(portal: Portal, user_id: int, employees: set[int], departments: set[int]) -> None:
    sync(portal, [BOB, EVE])
    viewer = queries.viewer(portal.id, user_id, False, "ru", datetime(2026, 11, 20, tzinfo=UTC))
    assert (viewer.employees, viewer.departments, viewer.language) == (employees, departments, "ru")
