"""Recompute: what is stored, what moves, what stays, and that a live recompute comes to what a full one does."""

import random
from datetime import date, timedelta
from fractions import Fraction as F

import pytest
from sqlalchemy import event, select

from b24app import pipeline
from b24app.facts import operations as facts
from b24app.facts import watching
from b24app.facts.rules import Cell, TermDraft
from b24app.ingest.tables import SyncCursor
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import COMPANY, Subject, SubjectType, department, employee
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scores import evaluation, queries
from b24app.scores.rules import Changes, Moved
from b24app.scores.tables import Result, Score
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, BOB, COMPANY_UNIT, HEAD, NOW, PORTAL, SALES, SUE, SUPPORT, deal, meeting

NOVEMBER = "2026-11-01"


def everything(now=NOW) -> Changes:
    changes = Changes()
    for slice_ in pipeline.slices(PORTAL, now):
        changes += pipeline.recompute_slice(PORTAL, slice_, now)
    return changes


def stored(indicator="revenue", start=NOVEMBER) -> dict[Subject, tuple[int | None, int | None, str | None]]:
    rows = db.session.scalars(select(Result).where(Result.start == start, Result.indicator == indicator))
    return {_subject(row): (row.numerator, row.denominator, row.target) for row in rows}


def _subject(row: Result) -> Subject:
    return Subject(SubjectType(row.subject_type), row.subject_id)


def snapshot() -> tuple[list[tuple], list[tuple]]:
    """Everything stored but the moments, in a stable order."""
    moments = {"changed_at", "computed_at"}
    found = []
    for model in (Result, Score):
        columns = [column for column in model.__table__.columns if column.name not in moments]
        found.append([tuple(row) for row in db.session.execute(select(*columns).order_by(*columns[:6]))])
    return found[0], found[1]


SALES_CARD = document(
    indicator("revenue", weight=40, owner="closed_by", target=1000),
    indicator("conversion", metric="deal_conversion", weight=30, owner="closed_by", target=50),
    indicator("meetings", metric="meetings", weight=30, target=4),
    subjects={"departments": [SALES]},
)


def test_a_full_recompute_stores_people_departments_and_the_company(portal):
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 300)
    deal(BOB, "2026-11-04", 200)
    deal(SUE, "2026-11-04", 50)
    deal(None, "2026-11-05", 7)
    deal(ANN, "2026-10-31", 1)
    everything()
    assert stored() == {
        employee(HEAD): (0, None, "1000"),
        employee(ANN): (30_000, None, "1000"),
        employee(BOB): (20_000, None, "1000"),
        department(SALES): (50_000, None, "3000"),
        department(COMPANY_UNIT): (55_000, None, "3000"),
        COMPANY: (55_700, None, "3000"),
    }
    assert stored(start="2026-10-01")[employee(ANN)] == (100, None, "1000")


def test_the_worked_example_scores_98(portal):
    world.scorecard(
        document(
            indicator("revenue", weight=40, target=500_000, owner="closed_by"),
            indicator("new_clients", metric="new_clients", weight=25, target=10, owner="closed_by"),
            indicator("conversion", metric="deal_conversion", weight=20, target=15, owner="closed_by"),
            indicator("meetings", metric="meetings", weight=15, target=30),
            subjects={"employees": [ANN]},
        )
    )
    for _ in range(12):
        deal(ANN, "2026-11-03", 37_500, client="C1", win_no=1)
    for _ in range(68):
        deal(ANN, "2026-11-03", 1, won=False)
    for _ in range(24):
        meeting(ANN, "2026-11-04")
    everything()
    score = db.session.scalars(select(Score).where(Score.subject_type == "employee", Score.start == NOVEMBER)).one()
    assert (score.exact, score.score, score.preliminary, score.indicators_with_data) == ("98", 98_000_000, False, 4)


def test_no_data_has_its_reason_and_a_score_of_less_than_half_the_weight_is_preliminary(portal):
    world.scorecard(SALES_CARD | {"indicators": [
        indicator("revenue", weight=40, owner="closed_by"),
        indicator("conversion", metric="deal_conversion", weight=60, owner="closed_by", target=50),
    ]})  # fmt: skip
    everything()
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "conversion"))
    assert (row.numerator, row.denominator, row.reason) == (None, None, "no_facts")
    assert db.session.get(Score, (PORTAL, "sales", NOVEMBER, "employee", ANN)).preliminary


@pytest.mark.parametrize(
    ("words", "product_rows", "told"),
    [
        (("ufCrm_1",), None, (None, "not_synced")),
        ((), None, (None, "unavailable")),  # the field is gone
        (("ufCrm_1",), "Bitrix24 denies access.", (None, "unavailable")),
    ],
)
def test_what_rests_on_unread_fields_and_rows_has_no_data(portal, monkeypatch, words, product_rows, told):
    """Nor a presence that would make being absent look like something else (semantics 3.7)."""
    needed = frozenset({"ufCrm_1", "productRows"})
    monkeypatch.setattr(
        evaluation,
        "needs",
        lambda plan: {("deal", name) for name in needed} if plan.numerator.where.tests else frozenset(),
    )
    facts.watch(PORTAL, needed, NOW)
    known = [TermDraft(name, name, extra={"type": "string"}) for name in (*words, "title")]
    facts.save_terms(PORTAL, "field", known)
    db.session.add(SyncCursor(portal_id=PORTAL, source="product_rows", error=product_rows))
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 500)
    everything()
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "revenue"))
    assert (row.numerator, row.reason) == told


def test_what_rests_on_fields_and_rows_has_data_once_they_are_read(portal, monkeypatch):
    needed = frozenset({"ufCrm_1", "productRows"})
    monkeypatch.setattr(evaluation, "needs", lambda _plan: {("deal", name) for name in needed})
    facts.watch(PORTAL, needed, NOW)
    watching.complete(PORTAL, watching.watches(PORTAL).values(), 0)
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 500)
    everything()
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "revenue"))
    assert (row.numerator, row.reason) == (500_00, None)


@pytest.mark.parametrize(
    ("changes", "deals", "told"),
    [
        ({}, 0, (None, "absent")),
        ({"empty": "zero"}, 0, (0, None)),
        ({"empty": "no_data"}, 1, (None, "no_facts")),
        ({}, 1, (0, None)),
    ],
)
def test_with_fewer_being_better_the_absent_are_not_excellent(portal, changes, deals, told):
    """A won deal is a record of the kind, though no lost one."""
    lost = indicator("lost", metric="deals_lost", owner="closed_by", direction="down", target=5)
    world.scorecard(document(lost | changes))
    for _ in range(deals):
        deal(ANN, "2026-11-03", 1)
    everything()
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "lost"))
    assert (row.numerator, row.reason) == told
    assert db.session.get(Result, (PORTAL, "sales", NOVEMBER, "company", 0, "lost")).reason == (
        "no_facts" if changes.get("empty") == "no_data" else None
    )


@pytest.mark.parametrize(
    ("metric", "options"), [("deal_conversion", {}), ("entries", {"code": "x", "aggregate": "last"})]
)
def test_nothing_counts_as_zero_where_the_indicator_says_so(portal, metric, options):
    """Stored as it was found, 0 of 0; read as the zero that was asked for (semantics 4.1)."""
    world.scorecard(document(indicator("c", metric=metric, options=options, empty="zero", target=50)))
    everything()
    period = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
    (row,) = queries.results(PORTAL, period, SubjectType.EMPLOYEE, "sales", [ANN], now=NOW)
    assert (row.value, row.attainment, row.no_data_reason) == (0, 0, None)
    assert db.session.get(Score, (PORTAL, "sales", NOVEMBER, "employee", ANN)).exact == "0"


def test_too_few_records_are_no_data(portal):
    world.scorecard(document(indicator("c", metric="deal_conversion", owner="closed_by", min_count=3)))
    deal(ANN, "2026-11-03", 1)
    deal(ANN, "2026-11-03", 1)
    everything()
    assert db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "c")).reason == "few_facts"


def test_repeating_a_recompute_moves_nothing(portal):
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 300)
    assert everything()
    later = NOW + timedelta(hours=1)
    assert not everything(later)
    row = db.session.get(Result, (PORTAL, "sales", NOVEMBER, "employee", ANN, "revenue"))
    db.session.refresh(row)
    assert (row.changed_at, row.computed_at) == (epoch(NOW), epoch(later))


def test_a_won_deal_moves_its_owner_the_departments_above_and_the_company(portal):
    world.scorecard(SALES_CARD)
    everything()
    won = deal(ANN, "2026-11-16", 100)
    changes = pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", ANN, won.closed_at)], NOW)
    moved = {(one.subject_type, one.subject_id, one.indicator) for one in changes.results}
    assert moved == {
        (type_, id, code)
        for type_, id in (("employee", ANN), ("department", SALES), ("department", COMPANY_UNIT), ("company", 0))
        for code in ("revenue", "conversion")
    }
    assert Moved("sales", date(2026, 11, 1), SubjectType.EMPLOYEE, ANN) in changes.scores
    assert stored()[employee(ANN)][0] == 10_000


def test_a_deal_moved_to_another_employee_recomputes_both(portal):
    world.scorecard(SALES_CARD)
    one = deal(ANN, "2026-11-03", 300)
    everything()
    one.closed_by_id = BOB
    db.session.flush()
    cells = [Cell("deal", "closed", "closed_by", id, one.closed_at) for id in (ANN, BOB)]
    pipeline.recompute(PORTAL, cells, NOW)
    assert (stored()[employee(ANN)][0], stored()[employee(BOB)][0]) == (0, 30_000)


def test_cells_that_no_scorecard_asks_for_touch_nothing(portal):
    world.scorecard(SALES_CARD)
    everything()
    at = world.at("2026-11-03")
    for cell in (
        Cell("deal", "created", "responsible", ANN, at),
        Cell("deal", "closed", "closed_by", ANN, world.at("2025-12-31")),
    ):
        assert not pipeline.recompute(PORTAL, [cell], NOW)


def test_live_recomputes_come_to_what_a_full_one_does(portal):
    """Random wins, losses, hand-overs and meetings, each followed by its touched cells only."""
    chance = random.Random(7)
    world.scorecard(SALES_CARD)
    world.scorecard(
        SALES_CARD
        | {
            "code": "weekly",
            "period": "week",
            "effective_from": "2026-10-05",
            "subjects": {"departments": [COMPANY_UNIT]},
        }
    )
    deals = [deal(SUE, "2026-10-01", 5)]
    everything()
    for _ in range(40):
        day = (date(2026, 10, 1) + timedelta(days=chance.randrange(46))).isoformat()
        if chance.random() < 0.3:
            one = chance.choice(deals)
            owners = [one.closed_by_id, chance.choice([ANN, BOB, SUE, None])]
            one.closed_by_id = owners[1]
        elif chance.random() < 0.4:
            owner = chance.choice([ANN, BOB])
            meeting(owner, day)
            pipeline.recompute(PORTAL, [Cell("activity", "completed", "responsible", owner, world.at(day))], NOW)
            continue
        else:
            owners = [chance.choice([ANN, BOB, SUE])]
            one = deal(owners[0], day, chance.randrange(500), chance.random() < 0.6)
            deals.append(one)
        db.session.flush()
        pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", owner, one.closed_at) for owner in owners], NOW)
    live = snapshot()
    assert not everything(), "the night would have found differences"
    db.session.query(Result).delete()
    db.session.query(Score).delete()
    everything()
    assert snapshot() == live


def test_a_period_touched_for_the_first_time_is_computed_whole(portal):
    world.scorecard(SALES_CARD)
    everything()
    won = deal(ANN, "2026-08-16", 100)
    pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", ANN, won.closed_at)], NOW)
    assert stored(start="2026-08-01")[employee(BOB)] == (0, None, "1000")


def test_numbers_agree_with_a_slow_reading(portal):
    """Sums per person, department and company, counted one deal at a time."""
    chance = random.Random(3)
    world.scorecard(SALES_CARD)
    sold = [(chance.choice([HEAD, ANN, BOB, SUE, None]), chance.randrange(1, 900)) for _ in range(30)]
    for owner, amount in sold:
        deal(owner, "2026-11-09", amount)
    everything()
    members = {
        employee(ANN): [ANN],
        employee(BOB): [BOB],
        department(SALES): [HEAD, ANN, BOB],
        department(COMPANY_UNIT): [HEAD, ANN, BOB, SUE],
        COMPANY: [HEAD, ANN, BOB, SUE, None],
    }
    for subject, people in members.items():
        assert F(stored()[subject][0], 100) == sum(amount for owner, amount in sold if owner in people)


def test_somebody_who_leaves_is_scored_a_last_time_and_adds_no_target(portal):
    """Semantics 6: targets know leavers; those of a department are of its active people."""
    world.scorecard(SALES_CARD)
    deal(BOB, "2026-10-05", 200)
    deal(BOB, "2026-11-05", 1)
    world.person(BOB, "Bob", SALES, active=False, since=world.at("2026-10-10"))
    everything()
    assert stored(start="2026-10-01")[employee(BOB)] == (20_000, None, "1000")
    assert stored(start="2026-10-01")[department(SALES)] == (20_000, None, "2000")
    assert db.session.get(Score, (PORTAL, "sales", "2026-10-01", "employee", BOB)).exact == "53"
    assert employee(BOB) not in stored()
    assert stored()[department(SALES)] == (100, None, "2000")


@pytest.mark.parametrize(
    ("left", "scored"), [("2026-10-31 23:59", False), ("2026-11-01 00:00", False), ("2026-11-01 00:01", True)]
)
def test_who_left_before_a_period_began_is_not_scored_in_it(portal, left, scored):
    world.scorecard(SALES_CARD)
    world.person(BOB, "Bob", SALES, active=False, since=world.at(left))
    everything()
    assert (employee(BOB) in stored()) is scored


def test_who_was_gone_when_we_first_saw_them_is_not_scored(portal):
    world.scorecard(SALES_CARD)
    world.person(9, "Gone", SALES, active=False, since=world.at("2026-11-10"))
    everything()
    assert employee(9) not in stored()


def test_membership_is_that_of_the_last_instant_of_the_period(portal):
    world.scorecard(SALES_CARD)
    deal(BOB, "2026-10-05", 200)
    deal(BOB, "2026-11-05", 300)
    world.person(BOB, "Bob", SUPPORT, since=world.at("2026-11-01 00:00"))
    everything()
    assert stored(start="2026-10-01")[department(SALES)][0] == 20_000
    assert stored()[department(SALES)][0] == 0
    assert employee(BOB) not in stored()


def test_an_entry_of_a_department_counts_for_it_and_above(portal):
    world.scorecard(document(indicator("plan", metric="entries", options={"code": "plan"})))
    everything()
    world.entry("plan", 5, "2026-11-03", department=SALES)
    cells = [Cell("entry", "occurred", "employee", None, world.at("2026-11-03"))]
    cells.append(Cell("entry", "occurred", "department", SALES, world.at("2026-11-03")))
    pipeline.recompute(PORTAL, cells, NOW)
    told = {subject: row[0] for subject, row in stored("plan").items() if row[0] is not None}
    assert told == {department(SALES): 5_000_000, department(COMPANY_UNIT): 5_000_000, COMPANY: 5_000_000}


def test_changing_the_scorecard_removes_what_it_no_longer_scores(portal):
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 300)
    everything()
    world.scorecard(
        SALES_CARD | {"subjects": {"employees": [ANN]}, "indicators": [indicator("revenue", owner="closed_by")]}
    )
    everything()
    assert set(stored()) == {employee(ANN), department(SALES), department(COMPANY_UNIT), COMPANY}
    assert stored("meetings") == {}
    assert db.session.get(Score, (PORTAL, "sales", NOVEMBER, "employee", BOB)) is None


def test_an_own_target_is_used_and_its_removal_too(portal):
    world.scorecard(SALES_CARD)
    everything()
    aim = {"scorecard": "sales", "indicator": "revenue", "period": "month", "start": NOVEMBER}
    for value, mine, ours in ((5000, "5000", "7000"), (None, "1000", "3000")):
        item = aim | {"subject": {"type": "employee", "id": ANN}, "target": value}
        scorecards.set_targets(PORTAL, parsing.parse_targets([item]), "user:1", NOW)
        pipeline.recompute_open(PORTAL, NOW)
        assert (stored()[employee(ANN)][2], stored()[department(SALES)][2]) == (mine, ours)


def test_history_begins_with_the_scorecard_and_with_the_first_fact(portal):
    world.scorecard(SALES_CARD | {"effective_from": "2020-01-01"})
    deal(ANN, "2026-09-20", 300)
    starts = [start.isoformat() for slice_ in pipeline.slices(PORTAL, NOW) for start in slice_.starts]
    assert starts == ["2026-11-01", "2026-10-01", "2026-09-01"]
    world.scorecard(SALES_CARD | {"code": "young", "effective_from": "2026-11-01"})
    assert [slice_.starts for slice_ in pipeline.slices(PORTAL, NOW, scorecards=["young"])] == [(date(2026, 11, 1),)]


def test_drafts_and_archived_scorecards_are_not_computed(portal):
    world.scorecard(SALES_CARD | {"status": "draft"})
    assert pipeline.slices(PORTAL, NOW) == ()
    assert not everything()


def test_the_number_of_statements_does_not_grow_with_people_or_deals(portal):
    world.scorecard(SALES_CARD)
    everything()
    deal(ANN, "2026-11-03", 1)
    few = statements(everything)
    for id in range(100, 140):
        world.person(id, f"P{id}", SALES)
        deal(id, "2026-11-04", 5)
    assert statements(everything) == few


def statements(work) -> int:
    seen = []
    db.session.expire_all()

    def count(*_: object) -> None:
        seen.append(1)

    event.listen(db.engine, "before_cursor_execute", count)
    work()
    event.remove(db.engine, "before_cursor_execute", count)
    return len(seen)
