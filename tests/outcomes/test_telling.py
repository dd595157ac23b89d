"""Who is told of a number by which channel, and with which amounts. Pure."""

from fractions import Fraction as F

import pytest

from b24app.lib.i18n import speaking
from b24app.outcomes.notifications.kinds import behind_plan, kpi_reached
from b24app.outcomes.notifications.rules import BEHIND, CHAT, REACHED, WEBHOOK, WORKFLOW, Happening, Wishes, plans
from b24app.portal.rules import Person, Structure, Subject, Unit, Viewer, department, employee

SALES, HEAD, ANN = 5, 2, 3
STRUCTURE = Structure(
    {HEAD: Person(HEAD, "Hugo", department_ids=(SALES,)), ANN: Person(ANN, "Ann", department_ids=(SALES,))},
    {SALES: Unit(SALES, "Sales", None, HEAD)},
)
WISHES = Wishes(has_webhook=True)


def viewer(user_id: int) -> Viewer:
    """From Ann amounts are hidden."""
    return Viewer(1, user_id, departments=STRUCTURE.headed_by(user_id), sees_money=user_id != ANN)


def happening(kind: str, subject: Subject, is_money: bool = True) -> Happening:
    return Happening(
        kind, "sales", "Sales", "spend", "Spending", subject, "Sales", "month", "2026-11-01", "2026-12-01",
        F(90_000), F(100_000), F(90), "number", None, 1, forecast=F(95_000), is_money=is_money,
    )  # fmt: skip


def told(kind: str, subject: Subject, is_money: bool = True, wishes: Wishes = WISHES) -> dict[str, dict]:
    found = plans([happening(kind, subject, is_money)], wishes, STRUCTURE, viewer)
    return {one.channel: dict(one.payload) for one in found}


@pytest.mark.parametrize(
    ("subject", "is_money", "text"),
    [
        (employee(ANN), True, "Behind plan: [B]Spending[/B], November 2026: 90%."),
        (employee(ANN), False, "Behind plan: [B]Spending[/B], November 2026: 90,000 of 100,000 (90%). At this pace"),
        (department(SALES), True, "Sales: Behind plan: [B]Spending[/B], November 2026: 90,000 of 100,000 (90%)."),
    ],
)
def test_a_message_tells_percents_only_to_whom_amounts_are_hidden(subject: Subject, is_money: bool, text: str) -> None:
    with speaking("en"):
        told_ = behind_plan.text(told(BEHIND, subject, is_money)[CHAT]).replace("\u00a0", " ")
    assert told_.startswith(text)
    assert ("95,000" in told_) is ("90,000" in told_)


def test_a_congratulation_says_by_how_much_without_saying_how_much() -> None:
    with speaking("en"):
        text = kpi_reached.text(told(REACHED, employee(ANN))[CHAT]).replace("\u00a0", " ")
    assert text == "The target is reached! [B]Spending[/B], November 2026: 90%"


def test_a_workflow_is_told_what_its_employee_may_see_and_the_webhook_everything() -> None:
    found = told(BEHIND, employee(ANN), wishes=Wishes(has_webhook=True, workflow=9))
    assert [found[WORKFLOW][name] for name in ("value", "target", "forecast", "attainment")] == [None, None, None, "90"]
    assert [found[WEBHOOK][name] for name in ("value", "target", "forecast")] == ["90000", "100000", "95000"]
