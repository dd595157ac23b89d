"""Roles and delegations: what they make of whom somebody sees, plans for, and whether money is shown. Pure."""

from datetime import date

import pytest

from b24app.portal.access.rules import Access, Delegation, Reach, Role, access, holder_of
from b24app.portal.rules import COMPANY, Action, Person, Structure, Subject, Unit, Viewer, can, department, employee

TODAY = date(2026, 11, 16)
ALL, SALES, EAST, SUPPORT = 1, 5, 51, 6
BOSS, HEAD, EAST_HEAD, EVE, SAM = 1, 2, 3, 7, 8

STRUCTURE = Structure(
    {
        BOSS: Person(BOSS, "Boss", department_ids=(ALL,)),
        HEAD: Person(HEAD, "Head", department_ids=(SALES,)),
        EAST_HEAD: Person(EAST_HEAD, "East", department_ids=(EAST,)),
        EVE: Person(EVE, "Eve", department_ids=(EAST,)),
        SAM: Person(SAM, "Sam", department_ids=(SUPPORT,)),
    },
    {
        ALL: Unit(ALL, "All"),
        SALES: Unit(SALES, "Sales", ALL, HEAD),
        EAST: Unit(EAST, "East", SALES, EAST_HEAD),
        SUPPORT: Unit(SUPPORT, "Support", ALL),
    },
)


def found(user_id: int, *roles: Role, deputies: tuple[Delegation, ...] = ()) -> Access:
    return access(user_id, STRUCTURE, roles, deputies, on=TODAY)


def viewer(user_id: int, *roles: Role, deputies: tuple[Delegation, ...] = ()) -> Viewer:
    it = found(user_id, *roles, deputies=deputies)
    return Viewer(
        1, user_id, employees=it.employees, departments=it.departments, sees_company=it.sees_company, plans=it.plans,
        sees_money=it.sees_money, enters=it.enters,
    )  # fmt: skip


def sees(who: Viewer) -> set[Subject]:
    everybody = [*map(employee, STRUCTURE.people), *map(department, STRUCTURE.units), COMPANY]
    return {one for one in everybody if can(who, Action.SEE, one)}


def plans(who: Viewer) -> set[Subject]:
    everybody = [*map(employee, STRUCTURE.people), *map(department, STRUCTURE.units), COMPANY]
    return {one for one in everybody if can(who, Action.EDIT_PLAN, one)}


def entered(who: Viewer) -> set[Subject]:
    everybody = [*map(employee, STRUCTURE.people), *map(department, STRUCTURE.units), COMPANY]
    return {one for one in everybody if can(who, Action.ENTER, one)}


def those(people: set[int], units: set[int] = frozenset()) -> set[Subject]:  # type: ignore[assignment]
    return {*map(employee, people), *map(department, units)}


def test_without_roles_the_structure_decides() -> None:
    assert sees(viewer(EVE)) == those({EVE})
    assert plans(viewer(EVE)) == set()
    assert sees(viewer(HEAD)) == those({HEAD, EAST_HEAD, EVE}, {SALES, EAST})
    assert plans(viewer(HEAD)) == those({EAST_HEAD, EVE}, {SALES, EAST})
    assert found(HEAD).sees_money


@pytest.mark.parametrize(
    ("reach", "people", "units"),
    [
        (Reach.OWN, {EVE}, set()),
        (Reach.DEPARTMENT, {EVE, EAST_HEAD}, {EAST}),
        (Reach.SUBDEPARTMENTS, {EVE, EAST_HEAD}, {EAST}),
    ],
)
def test_an_employee_sees_as_far_as_the_role_reaches(reach: Reach, people: set[int], units: set[int]) -> None:
    assert sees(viewer(EVE, Role(employee(EVE), reach))) == those(people, units)


def test_a_role_of_a_head_may_be_narrower_than_the_structure() -> None:
    assert sees(viewer(HEAD, Role(employee(HEAD), Reach.OWN))) == those({HEAD})
    assert sees(viewer(HEAD, Role(employee(HEAD), Reach.DEPARTMENT))) == those({HEAD}, {SALES})
    below = viewer(HEAD, Role(employee(HEAD), Reach.SUBDEPARTMENTS))
    assert sees(below) == those({HEAD, EAST_HEAD, EVE}, {SALES, EAST})


def test_all_is_everybody_the_company_and_whoever_the_portal_hides_from_us() -> None:
    who = viewer(SAM, Role(employee(SAM), Reach.ALL))
    assert COMPANY in sees(who)
    assert can(who, Action.SEE, employee(404))
    assert not can(who, Action.ADMINISTER, COMPANY)
    assert plans(who) == set()


def test_editing_plans_is_given_apart_from_seeing_and_never_for_oneself() -> None:
    who = viewer(SAM, Role(employee(SAM), Reach.ALL, edits_plan=True))
    assert plans(who) == sees(who) - {employee(SAM)}
    assert plans(viewer(HEAD, Role(employee(HEAD), edits_plan=False))) == set()
    wider = viewer(HEAD, Role(employee(HEAD), Reach.ALL))
    assert plans(wider) == those({EAST_HEAD, EVE}, {SALES, EAST})


def test_entering_values_is_given_apart_from_plans_and_never_for_oneself() -> None:
    """Semantics 14: not even an administrator corrects their own numbers."""
    assert entered(viewer(EVE)) == set()
    assert entered(viewer(HEAD)) == those({EAST_HEAD, EVE}, {SALES, EAST})
    clerk = viewer(SAM, Role(employee(SAM), Reach.ALL, enters_values=True))
    assert entered(clerk) == sees(clerk) - {employee(SAM)}
    assert plans(clerk) == set()
    assert entered(viewer(HEAD, Role(employee(HEAD), enters_values=False))) == set()
    deputy = viewer(EVE, deputies=(delegation(HEAD, EVE),))
    assert entered(deputy) == those({EAST_HEAD}, {SALES, EAST})
    assert not can(Viewer(1, HEAD, is_admin=True), Action.ENTER, employee(HEAD))


def test_a_role_of_a_department_is_of_all_below_it_and_the_nearest_counts() -> None:
    hidden, shown = Role(department(SALES), sees_money=False), Role(department(EAST), sees_money=True)
    assert [found(id, hidden).sees_money for id in (HEAD, EVE, SAM)] == [False, False, True]
    assert [found(id, hidden, shown).sees_money for id in (HEAD, EVE)] == [False, True]
    assert found(EVE, hidden, Role(employee(EVE), sees_money=True)).sees_money
    assert not can(viewer(EVE, hidden), Action.SEE_MONEY, employee(EVE))


def test_a_role_of_a_department_takes_nothing_from_its_head() -> None:
    narrow = Role(department(SALES), Reach.OWN)
    assert sees(viewer(HEAD, narrow)) == sees(viewer(HEAD))
    assert sees(viewer(EVE, narrow)) == those({EVE})


def test_of_several_departments_the_widest_view_counts_and_hidden_money_stays_hidden() -> None:
    both = Structure({EVE: Person(EVE, "Eve", department_ids=(EAST, SUPPORT))}, STRUCTURE.units)
    roles = (Role(department(EAST), Reach.OWN, sees_money=True), Role(department(SUPPORT), Reach.ALL, sees_money=False))
    it = access(EVE, both, roles, on=TODAY)
    assert (it.sees_company, it.sees_money) == (True, False)


def delegation(absent: int, deputy: int, first: str = "2026-11-10", last: str = "2026-11-16") -> Delegation:
    return Delegation(absent, deputy, date.fromisoformat(first), date.fromisoformat(last))


def test_a_deputy_sees_and_plans_for_the_absent_ones_people_until_the_last_day() -> None:
    who = viewer(SAM, deputies=(delegation(HEAD, SAM),))
    assert sees(who) == those({SAM, HEAD, EAST_HEAD, EVE}, {SALES, EAST})
    assert plans(who) == those({EAST_HEAD, EVE}, {SALES, EAST}), "the head may not plan for themselves, either"
    for first, last in (("2026-11-01", "2026-11-15"), ("2026-11-17", "2026-11-30")):
        assert sees(viewer(SAM, deputies=(delegation(HEAD, SAM, first, last),))) == those({SAM})


def test_a_deputy_from_below_does_not_plan_for_themselves() -> None:
    assert employee(EVE) not in plans(viewer(EVE, deputies=(delegation(HEAD, EVE),)))


def test_a_deputys_deputy_stands_in_for_the_deputy_only() -> None:
    chain = (delegation(HEAD, EVE), delegation(EVE, SAM))
    assert sees(viewer(SAM, deputies=chain)) == those({SAM, EVE})


def test_standing_in_does_not_show_money_that_is_hidden() -> None:
    hidden = Role(employee(SAM), sees_money=False)
    assert not found(SAM, hidden, deputies=(delegation(HEAD, SAM),)).sees_money
    poor_head = Role(employee(HEAD), sees_money=False)
    assert found(SAM, poor_head, deputies=(delegation(HEAD, SAM),)).sees_money


def test_somebody_unknown_sees_only_themselves() -> None:
    assert sees(viewer(404)) == set()
    assert can(viewer(404), Action.SEE, employee(404))


@pytest.mark.parametrize(
    "text", ["", "employee-", "employee-x", "company-0", "employee-²", "employee-" + "9" * 16, "7"]
)
def test_a_holder_is_a_person_or_a_department(text: str) -> None:
    assert holder_of(text) is None
    assert holder_of("employee-7") == employee(7)
    assert holder_of("department-5") == department(5)
