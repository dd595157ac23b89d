"""The pages of Data: who may enter, correct, take back and approve what, and that the scores follow at once."""

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from html import unescape

import pytest
import time_machine
from flask import Flask

from b24app import pipeline
from b24app.facts import queries
from b24app.lib.db import write
from b24app.periods.rules import Kind, Period
from b24app.periods.tables import Absence
from b24app.portal import audit
from b24app.portal.access import operations as access
from b24app.portal.access.rules import Role
from b24app.portal.queries import structure
from b24app.portal.rules import SubjectType, employee
from b24app.scorecards import library
from b24app.scores.queries import results
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, PORTAL, SALES, SUE
from tests.web.test_access import Reader

NOVEMBER = "2026-11-01"
CARD = {
    "code": "visits", "name": "Visits", "period": "month", "effective_from": "2026-10-01",
    "subjects": {"departments": [SALES]},
    "indicators": [
        {"code": "visits", "name": "Visits to clients", "metric": "entries", "options": {"code": "visit"},
         "target": 10, "weight": 100},
    ],
}  # fmt: skip


class Data(Reader):
    def enter(self, user_id: int = HEAD, **form: object) -> str:
        """The answer of the form, as text."""
        given = {"code": "visit", "day": "2026-11-10", "kind": "add", "key": "k1", "department": SALES, **form}
        names = {name.replace("_of_", "-"): value for name, value in given.items()}
        answer = self.ask("POST", "/ui/data/enter", user_id, **names)
        if answer.status_code == 303:
            return ""
        assert answer.status_code == 200, answer.text
        return " ".join(unescape(re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL)).split())

    def change(self, what: str, entry_id: int, user_id: int = HEAD, **form: object) -> int:
        return self.ask("POST", f"/ui/data/entries/{entry_id}/{what}", user_id, **form).status_code


def value() -> Fraction | None:
    """Ann's visits in November, as stored."""
    period = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
    (row,) = results(PORTAL, period, SubjectType.EMPLOYEE, "visits", subject_ids=[ANN], now=NOW)
    return row.value


@pytest.fixture
def here(app: Flask) -> Iterator[Data]:
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            world.scorecard(CARD)
            pipeline.recompute_open(PORTAL, NOW)
        yield Data(app)


def test_a_head_enters_values_for_many_people_in_one_form(here: Data) -> None:
    assert "Ann" in here.page("/ui/data/enter", HEAD)
    form = {f"employee_of_{ANN}": "1,234.5", f"employee_of_{BOB}": "3", "comment": "Fair"}
    assert here.enter(**form) == ""
    assert here.enter(**form) == ""  # the same form sent twice counts once
    rows = queries.entries(PORTAL)
    assert [(row.employee_id, row.value, row.origin, row.author) for row in rows] == [
        (ANN, 1_234_500_000, "manual", f"user:{HEAD}"), (BOB, 3_000_000, "manual", f"user:{HEAD}"),
    ]  # fmt: skip
    assert "1,234.5" in here.page("/ui/data", HEAD)
    assert "1,234.5" in here.page("/ui/my", ANN)
    (noted,) = [one for one in audit.entries(PORTAL) if one.action == "entry.enter"]
    assert noted.after["values"] == {f"employee-{ANN}": "1234.5", f"employee-{BOB}": "3"}


@pytest.mark.parametrize(
    ("who", "form", "sentence"),
    [
        (HEAD, {f"employee_of_{HEAD}": "1"}, "Nobody enters or corrects their own numbers"),
        (ADMIN, {f"employee_of_{ADMIN}": "1"}, "Nobody enters or corrects their own numbers"),
        (HEAD, {f"employee_of_{SUE}": "1"}, "You may not enter values here"),
        (HEAD, {"company_of_0": "1"}, "You may not enter values here"),
        (HEAD, {f"employee_of_{ANN}": "a lot"}, "Enter a number."),
        (HEAD, {f"employee_of_{ANN}": "0.0000001"}, "at most 6 decimals"),
        (HEAD, {f"employee_of_{ANN}": "1", "day": "2026-11-17"}, "lies in the future"),
        (HEAD, {f"employee_of_{ANN}": "1", "day": "soon"}, "Choose a day."),
        (HEAD, {f"employee_of_{ANN}": "1", "code": ""}, "Choose what is entered."),
        (HEAD, {}, "Enter a number for somebody."),
        (ADMIN, {"employee_of_404": "1"}, "Choose a person or a department."),
    ],
)
def test_a_form_with_a_mistake_saves_nothing_and_says_why(
    here: Data, who: int, form: dict[str, object], sentence: str
) -> None:
    assert sentence in here.enter(who, **{f"employee_of_{BOB}": "5"} | form if form else {})
    assert queries.entries(PORTAL) == ()


def test_near_the_end_of_a_period_the_form_says_what_is_due(here: Data) -> None:
    with time_machine.travel("2026-11-27T09:00:00+00:00", tick=False):
        page = here.ask("GET", "/ui/data/enter", HEAD).text
        assert "2 values are due by November 30, 2026:" in page
        assert f'href="/ui/data/enter?department={SALES}&amp;code=visit#values"' in page
        here.enter(employee_of_3="4", employee_of_4="5")
        assert "due by" not in here.ask("GET", "/ui/data/enter", HEAD).text


def test_nothing_is_due_of_whoever_is_away_all_of_the_period(here: Data) -> None:
    with write() as session:
        for id, first in ((BOB, "2026-10-26"), (ANN, "2026-11-04")):
            session.add(Absence(portal_id=PORTAL, employee_id=id, first=first, last="2026-12-04", kind="manual"))
    with time_machine.travel("2026-11-27T09:00:00+00:00", tick=False):
        assert "1 value is due by November 30, 2026:" in here.ask("GET", "/ui/data/enter", HEAD).text


def test_whoever_heads_nobody_enters_nothing_until_a_role_says_so(here: Data) -> None:
    assert here.ask("GET", "/ui/data/enter", ANN).status_code == 403
    with write():
        access.give_role(PORTAL, Role(employee(ANN), enters_values=False), structure(PORTAL), "user:1", NOW)
        access.give_role(PORTAL, Role(employee(HEAD), enters_values=False), structure(PORTAL), "user:1", NOW)
    assert here.ask("GET", "/ui/data/enter", HEAD).status_code == 403


def test_a_correction_with_a_reason_moves_the_score_and_both_stay_in_the_ledger(here: Data) -> None:
    here.enter(**{f"employee_of_{ANN}": "4"})
    (row,) = queries.entries(PORTAL)
    assert here.change("correct", row.id, value="6", reason="") == 200
    assert here.change("correct", row.id, ANN, value="60", reason="I want more") == 403
    assert here.change("correct", row.id, value="6", reason="Two were missing") == 303
    assert value() == 6
    page = here.page(f"/ui/data/entries/{row.id}", HEAD)
    assert "Taken back" in page
    assert "Two were missing" in page


def test_above_the_limit_a_second_person_approves(here: Data) -> None:
    assert here.ask("POST", "/ui/data/kinds/limits", limit="10", of_api="no").status_code == 303
    here.enter(**{f"employee_of_{ANN}": "11"})
    (row,) = queries.entries(PORTAL)
    assert value() is None
    assert "1 value waits" in here.page("/ui/data", ADMIN)
    assert here.change("approve", row.id) == 409  # whoever entered it
    assert here.change("approve", row.id, ANN) == 403  # whose numbers they are
    assert here.change("approve", row.id, ADMIN) == 303
    assert value() == 11
    assert here.change("undo", row.id, reason="Wrong month") == 303
    assert value() == 11
    counter = queries.entries(PORTAL)[-1]
    assert here.change("refuse", counter.id, ADMIN) == 303
    assert value() == 11


def test_taking_back_leaves_a_counter_entry(here: Data) -> None:
    here.enter(**{f"employee_of_{ANN}": "4"})
    (row,) = queries.entries(PORTAL)
    assert here.change("undo", row.id, reason="") == 200
    assert here.change("undo", row.id, reason="Entered twice") == 303
    assert value() is None
    assert [one.undoes_id for one in queries.entries(PORTAL)] == [None, row.id]


def test_the_ledger_shows_what_the_viewer_may_see(here: Data) -> None:
    with write():
        for code, whom in (("visit", ANN), ("calls", SUE), ("ad_spend", ANN)):
            world.entry(code, 77, "2026-11-03", whom)
        world.entry("lease", 99, "2026-11-03")
        access.give_role(PORTAL, Role(employee(HEAD), sees_money=False), structure(PORTAL), "user:1", NOW)
    shown = here.page("/ui/data", HEAD)
    assert shown.count(">77<") == 1
    assert "Money hidden" in shown
    assert "lease" not in re.sub("<select.*?</select>", "", shown)
    ids = {row.code: row.id for row in queries.entries(PORTAL)}
    assert here.ask("GET", f"/ui/data/entries/{ids['calls']}", HEAD).status_code == 404
    assert here.change("undo", ids["ad_spend"], reason="x") == 403
    assert here.change("undo", ids["calls"], reason="x") == 403
    assert "lease" in here.page("/ui/data?code=lease&since=2026-11-01&until=2026-11-30&state=counted&origin=api", ADMIN)


def test_a_head_gives_marks_and_says_yes_or_no_and_the_ready_scorecard_counts_them(here: Data) -> None:
    with write():
        whose = {"subjects": {"departments": [SALES]}, "effective_from": NOVEMBER}
        world.scorecard({**library.template("quality"), **whose})
        pipeline.recompute_open(PORTAL, NOW)
    ann, bob = f"employee_of_{ANN}", f"employee_of_{BOB}"
    assert "Enter a mark from 1 to 5." in here.enter(code="mark", **{ann: "7"})
    assert "Enter 1 for yes or 0 for no." in here.enter(code="kept", **{ann: "2"})
    assert here.enter(code="mark", key="k2", **{ann: "4", bob: "5"}) == ""
    assert here.enter(code="mark", key="k3", **{ann: "5"}) == ""
    assert here.enter(code="kept", key="k4", **{ann: "1"}) == ""
    assert here.enter(code="kept", key="k5", **{ann: "0"}) == ""
    marks = {row.employee_id: row.id for row in queries.entries(PORTAL) if row.code == "mark"}
    assert here.change("correct", marks[BOB], value="6", reason="Better") == 200  # said at its field
    november = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
    found = results(PORTAL, november, SubjectType.EMPLOYEE, "quality", subject_ids=[ANN], now=NOW)
    assert {row.indicator.code: row.value for row in found} == {"mark": Fraction(9, 2), "kept": Fraction(50)}
    assert here.ask("POST", "/ui/data/kinds", code="mark", name="Points", money="no").status_code == 303
    assert here.enter(code="mark", key="k6", **{bob: "100"}) == ""


def test_kinds_of_values_have_names_and_limits_of_their_own(here: Data) -> None:
    form = {"code": "ad_spend", "name": "Advertising", "limit": "50,000", "money": "yes"}
    assert here.ask("POST", "/ui/data/kinds", **form).status_code == 303
    shown = here.page("/ui/data/kinds")
    assert "Advertising" in shown
    assert "50,000" in shown
    assert "Visits to clients" in shown
    assert here.ask("POST", "/ui/data/kinds", code="stars", name="Stars", money="mark").status_code == 303
    assert "marks from 1 to 5</span>" in here.page("/ui/data/kinds")
    assert "at least 0" in here.ask("POST", "/ui/data/kinds", code="x", limit="-1").text
    assert here.ask("POST", "/ui/data/kinds", HEAD, code="x").status_code == 403
