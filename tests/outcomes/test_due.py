"""Which values are due, and who is reminded of them. Pure."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from b24app.facts.approval import Approval, Code
from b24app.lib.i18n import speaking
from b24app.outcomes.dashboards.due import Due, Held, is_near, missing
from b24app.outcomes.notifications.kinds import values_due
from b24app.outcomes.notifications.reminders import plans
from b24app.periods.rules import Calendar, Kind, Period
from b24app.portal.rules import Person, Structure, Unit, Viewer, employee

NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
WEEK = Period(Kind.WEEK, date(2026, 11, 23), date(2026, 11, 30))
ALL, SALES, EAST = 1, 5, 51
BOSS, HEAD, ANN, BOB, EVE = 1, 2, 3, 4, 5

STRUCTURE = Structure(
    {
        BOSS: Person(BOSS, "Boss", department_ids=(ALL,)),
        HEAD: Person(HEAD, "Hugo", department_ids=(SALES,)),
        ANN: Person(ANN, "Ann", department_ids=(SALES,)),
        BOB: Person(BOB, "Bob", department_ids=(EAST,)),
        EVE: Person(EVE, "Eve [B]", department_ids=(ALL,)),
    },
    {ALL: Unit(ALL, "All", None, BOSS), SALES: Unit(SALES, "Sales", ALL, HEAD), EAST: Unit(EAST, "East", SALES)},
)
NPS = Due("care", "Care", "nps", {"en": "NPS", "ru": "NPS"}, "nps", NOVEMBER, frozenset({HEAD, ANN, BOB}))


def viewer(user_id: int) -> Viewer:
    """Heads enter values of those below them; the head of Sales sees no money."""
    headed = STRUCTURE.headed_by(user_id)
    inside = STRUCTURE.everybody_in(headed)
    return Viewer(
        1, user_id, employees=inside, departments=headed, sees_money=user_id != HEAD,
        enters=frozenset(map(employee, inside)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("period", "today", "near"),
    [
        (NOVEMBER, "2026-11-25", False),
        (NOVEMBER, "2026-11-26", True),
        (NOVEMBER, "2026-11-30", True),
        (NOVEMBER, "2026-12-01", False),
        (WEEK, "2026-11-26", False),
        (WEEK, "2026-11-27", True),
        (Period(Kind.DAY, date(2026, 11, 27), date(2026, 11, 28)), "2026-11-27", False),
    ],
)
def test_values_are_due_on_the_last_working_days_of_a_period(period: Period, today: str, near: bool) -> None:
    assert is_near(Calendar(), period, date.fromisoformat(today)) is near


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ([], {HEAD, ANN, BOB}),
        ([Held("nps", ANN, SALES, "manual", True)], {HEAD, BOB}),
        ([Held("nps", ANN, None, "import", False)], {HEAD, ANN, BOB}),
        ([Held("csat", ANN, None, "manual", True)], {HEAD, ANN, BOB}),
        ([Held("nps", None, EAST, "manual", True)], {HEAD, ANN}),
        ([Held("nps", None, None, "manual", True)], set()),
        ([Held("nps", ANN, None, "api", False)], set()),
        ([Held("nps", ANN, None, "robot", True)], set()),
    ],
)
def test_due_is_what_people_enter_and_nobody_has_entered(held: list[Held], left: set[int]) -> None:
    assert missing(NPS, held, STRUCTURE) == left


def test_the_nearest_head_who_may_enter_is_reminded_and_nobody_of_their_own_numbers() -> None:
    found = {one.recipient: one for one in plans([NPS], STRUCTURE, viewer, Approval(), 1)}
    assert found.keys() == {HEAD, BOSS}
    assert found[HEAD].payload["people"] == ["Ann", "Bob"], "East has no head, Sales above it has"
    assert found[BOSS].payload["people"] == ["Hugo"]
    assert (found[HEAD].subject_type, found[HEAD].subject_id, found[HEAD].start) == ("department", SALES, "2026-11-01")


def test_whoever_sees_no_money_is_not_reminded_of_money() -> None:
    money = Approval(codes={"nps": Code(is_money=True, limit=Decimal(1))})
    assert [one.recipient for one in plans([NPS], STRUCTURE, viewer, money, 1)] == [BOSS]


def test_the_message_names_what_whom_and_until_when() -> None:
    (one,) = plans([replace(NPS, people=frozenset({EVE}))], STRUCTURE, viewer, Approval(), 1)
    with speaking("en"):
        assert values_due.text(one.payload) == (
            "[B]NPS[/B], November 2026: no value is entered yet for Eve (B). "
            "Enter it by November 30, 2026 in the app, on Data > Enter values."
        )
    many = {**one.payload, "people": ["Ann", "Bob"], "missing": 4}
    with speaking("ru"):
        assert "Ann, Bob, ещё 2 человека" in values_due.text(many)
