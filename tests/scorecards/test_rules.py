"""Who is scored, which version answers, which target holds, what a change touches (semantics 4.6, 6)."""

from datetime import date
from fractions import Fraction as F

import pytest

from b24app.facts.rules import Cell
from b24app.periods.rules import Settings
from b24app.portal.rules import COMPANY, Person, Structure, Unit, department, employee
from b24app.scorecards import documents
from b24app.scorecards.documents import Subjects
from b24app.scorecards.rules import Indicator, Version, applies_to, as_of, concerned, departments_of, in_force, touched
from b24app.scorecards.targets import Days, Targets, TargetsOfPeriod, TargetsOverPeriods
from tests.scorecards.documents import document, indicator
from tests.scores.world import at

TREE = Structure(
    people={
        1: Person(1, "Ada", department_ids=(1,)),
        2: Person(2, "Hugo", department_ids=(2,)),
        3: Person(3, "Ann", department_ids=(3,)),
        4: Person(4, "Bob", department_ids=(3, 4)),
        5: Person(5, "Gone", department_ids=(3,), active=False),
    },
    units={1: Unit(1, "All"), 2: Unit(2, "Sales", 1), 3: Unit(3, "Team", 2), 4: Unit(4, "Support", 1)},
)
START = date(2026, 11, 1)


def version(*indicators, id=1, **changes) -> Version:
    parsed = documents.parse(document(*indicators, **changes))
    plans = tuple(Indicator(one, one.plan()) for one in parsed.indicators)
    return Version(id, id, parsed.effective_from, "user:1", 0, parsed, plans)


@pytest.mark.parametrize(
    ("subjects", "people"),
    [
        ({"departments": [1]}, {1, 2, 3, 4}),
        ({"departments": [2]}, {2, 3, 4}),
        ({"departments": [4], "employees": [3]}, {3, 4}),
        ({"departments": [2], "exclude": {"departments": [4]}}, {2, 3}),
        ({"departments": [2], "exclude": {"employees": [2]}}, {3, 4}),
        ({"employees": [5, 99]}, set()),
        ({}, set()),
    ],
)
def test_whom_a_scorecard_scores(subjects, people):
    assert applies_to(Subjects.model_validate(subjects), TREE) == people


def test_every_department_above_holds_a_person():
    assert departments_of({4}, TREE) == {1, 2, 3, 4}


def test_the_version_in_force():
    old = version(effective_from="2026-01-01", id=1)
    new = version(effective_from="2026-06-01", id=2)
    ended = version(effective_from="2026-09-01", id=3, status="archived")
    assert in_force((old, new, ended), date(2025, 12, 1)) is None
    assert in_force((old, new, ended), date(2026, 5, 1)) is old
    assert in_force((old, new, ended), date(2026, 6, 1)) is new
    assert in_force((old, new, ended), date(2026, 9, 1)) is None
    assert as_of((old, new, ended), date(2026, 9, 1)) is ended


RATIO = indicator("conversion", metric="deal_conversion", target=30)
SUM = indicator("revenue", target=1000)


def resolve(one, subject, set_by_hand=None, people=(2, 3, 4), days=20):
    found = version(one | {"weight": 100})
    values = {
        ("sales", one["code"], subject, start): F(value) for (subject, start), value in (set_by_hand or {}).items()
    }
    targets = TargetsOfPeriod(found, START, Days(days), TREE, people, Targets(values))
    resolved = targets.of(found.indicators[0], subject)
    return resolved.value, resolved.people


@pytest.mark.parametrize(
    ("one", "subject", "by_hand", "told"),
    [
        (SUM, employee(3), {}, (1000, None)),
        (SUM, employee(3), {(employee(3), None): 7}, (7, None)),
        (SUM, employee(3), {(employee(3), None): 7, (employee(3), START): 9}, (9, None)),
        (SUM | {"target_per": "working_day"}, employee(3), {}, (20_000, None)),
        (SUM | {"target": None}, employee(3), {}, (None, None)),
        (SUM, department(3), {}, (2000, (2, 2))),
        (SUM, department(3), {(employee(3), START): 500}, (1500, (2, 2))),
        (SUM | {"target": None}, department(3), {(employee(3), START): 500}, (500, (1, 2))),
        (SUM | {"target": None}, department(3), {}, (None, (0, 2))),
        (SUM, department(3), {(department(3), None): 4}, (4, None)),
        (SUM, COMPANY, {}, (3000, (3, 3))),
        (SUM, COMPANY, {(COMPANY, START): 1}, (1, None)),
        (RATIO, department(3), {}, (30, (2, 2))),
        (RATIO, department(3), {(employee(3), None): 50}, (40, (2, 2))),
    ],
)
def test_which_target_holds(one, subject, by_hand, told):
    assert resolve(one, subject, by_hand) == told


def test_no_working_days_no_target():
    assert resolve(SUM, employee(3), days=0) == (None, None)
    assert resolve(SUM, COMPANY, {(COMPANY, None): 5}, days=0) == (None, None)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (SUM, F(100) * 20 / 20 + F(200) * 5 / 21),
        (RATIO, (F(100) * 20 + F(200) * 5) / 25),
    ],
)
def test_targets_over_periods_of_another_kind(one, told):
    """A whole month of 20 working days with target 100, and 5 days of 21 of one with 200; a third month has none."""
    found = version(one | {"weight": 100, "target": None})
    months = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    code = found.indicators[0].code
    targets = Targets(
        {("sales", code, employee(3), months[0]): F(100), ("sales", code, employee(3), months[1]): F(200)}
    )
    parts = [
        (TargetsOfPeriod(found, start, Days(whole), TREE, (3,), targets), overlap)
        for start, whole, overlap in zip(months, (20, 21, 22), (20, 5, 22), strict=True)
    ]
    assert TargetsOverPeriods(parts).of(found.indicators[0], employee(3)).value == told


def test_what_cells_touch():
    weekly = {"code": "calls", "period": "week", "effective_from": "2026-01-05"}
    cards = {
        "sales": (version(indicator(owner="closed_by", date="closed_at")),),
        "calls": (version(indicator(metric="entries", options={"code": "x"}), **weekly),),
    }
    cells = [
        Cell("deal", "closed", "closed_by", 3, at("2026-11-30 23:59")),
        Cell("deal", "closed", "responsible", 4, at("2026-11-30")),
        Cell("deal", "closed", "closed_by", None, at("2026-12-01 00:00")),
        Cell("deal", "created", "closed_by", 3, at("2026-11-30")),
        Cell("entry", "occurred", "employee", 3, at("2026-11-16 00:00")),
        Cell("entry", "occurred", "department", 4, at("2026-11-15 23:59")),
    ]
    assert touched(cards, cells, Settings("Europe/Moscow")) == {
        ("sales", date(2026, 11, 1)): {employee(3)},
        ("sales", date(2026, 12, 1)): {COMPANY},
        ("calls", date(2026, 11, 16)): {employee(3)},
        ("calls", date(2026, 11, 9)): {department(4)},
    }


def test_a_stale_deal_touches_the_period_in_which_it_became_stale():
    cards = {"sales": [version(indicator(metric="deal_conversion", options={"stale_days": 30}, owner="closed_by"))]}
    updated = Cell("deal", "updated", "responsible", 3, at("2026-10-20"), 9)
    assert touched(cards, [updated], Settings("Europe/Moscow")) == {("sales", date(2026, 11, 1)): {employee(3)}}


def test_a_deal_without_the_user_its_field_names_touches_the_company():
    cards = {"sales": [version(indicator(owner="ufCrm_3"))]}
    zone = Settings("Europe/Moscow")
    named = Cell("deal", "closed", "ufCrm_3", 4, at("2026-11-20"), 9)
    unnamed = Cell("deal", "closed", "responsible", 3, at("2026-11-20"), 9)
    assert touched(cards, [named], zone) == {("sales", date(2026, 11, 1)): {employee(4)}}
    assert touched(cards, [unnamed], zone) == {("sales", date(2026, 11, 1)): {COMPANY}}
    assert touched(cards, [Cell("deal", "closed", "created_by", 3, at("2026-11-20"), 9)], zone) == {}


def test_a_move_touches_those_who_count_stages_entered():
    cards = {"sales": [version(indicator(metric="stage_entered", options={"stages": ["NEW"]}))]}
    moved = Cell("stage_move", "entered", "responsible", 3, at("2026-11-20"), 9)
    assert touched(cards, [moved], Settings("Europe/Moscow")) == {("sales", date(2026, 11, 1)): {employee(3)}}


def test_whom_facts_concern():
    assert concerned([employee(3)], TREE) == {employee(3), department(3), department(2), department(1), COMPANY}
    assert concerned([department(2)], TREE) == {department(2), department(1), COMPANY}
    assert concerned([COMPANY], TREE) == {COMPANY}
