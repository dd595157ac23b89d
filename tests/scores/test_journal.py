"""The journal of changes: every number that moved names what moved it, who and when; a first value is no change."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from b24app import pipeline
from b24app.facts import ledger
from b24app.facts.cells import deal_cells
from b24app.facts.rules import Cell, EntryDraft
from b24app.jobs import scores as jobs
from b24app.lib.db import db
from b24app.portal.rules import COMPANY, department, employee
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scores import history, journal
from b24app.scores.rules import Cause, CauseKind
from b24app.scores.tables import Result, ResultChange
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.test_locks import NOVEMBER, a_deal, move, unread
from tests.scores.test_operations import SALES_CARD, everything
from tests.scores.world import ANN, BOB, HEAD, NOW, OTHER, PORTAL, SALES, SUPPORT, deal

START = NOVEMBER.start
EVERYBODY = (employee(ANN), department(SALES), COMPANY)


@pytest.fixture
def sold(portal):
    world.scorecard(SALES_CARD)
    deal(ANN, "2026-11-03", 300, id=901, updated_by_id=HEAD)
    everything()


def changes(subject=employee(ANN), code="revenue", portal_id=PORTAL, **page):
    return history.changes(portal_id, "sales", code, subject, START, **page)


def why(cause: Cause) -> None:
    for slice_ in pipeline.slices(PORTAL, NOW):
        pipeline.recompute_slice(PORTAL, slice_, NOW, cause)


def test_a_first_value_is_no_change(sold):
    assert db.session.scalars(select(ResultChange)).all() == []


def test_a_deal_names_itself_and_who_changed_it(sold):
    move(a_deal(901), amount=50_000)
    for subject in EVERYBODY:
        (one,) = changes(subject)
        assert (one.before, one.after, one.at) == (300, 500, NOW)
        assert (one.cause, one.actor, one.records, one.count) == ("fact", f"user:{HEAD}", (("deal", 901),), 1)
    assert changes(employee(BOB)) == changes(code="meetings") == changes(code="conversion") == ()


def test_a_deal_handed_over_is_in_the_journal_of_both(sold):
    move(a_deal(901), closed_by_id=BOB)
    assert [(one.before, one.after) for one in changes()] == [(300, 0)]
    assert [(one.before, one.after) for one in changes(employee(BOB))] == [(0, 300)]
    assert changes(COMPANY) == ()


def test_many_records_are_counted_and_a_few_are_named(sold):
    won = [deal(ANN, "2026-11-04", 1, id=id, updated_by_id=HEAD) for id in range(910, 918)]
    pipeline.recompute(PORTAL, {cell for one in won for cell in deal_cells(one)}, NOW)
    (one,) = changes()
    assert (one.count, one.actor) == (8, "system")
    assert one.records == tuple(("deal", id) for id in range(910, 915))


def test_no_data_that_became_a_number(sold):
    lost = deal(BOB, "2026-11-04", 0, won=False, id=920)
    pipeline.recompute(PORTAL, deal_cells(lost), NOW)
    assert [(one.before, one.after) for one in changes(employee(BOB), "conversion")] == [(None, 0)]


def test_an_entry_names_itself_and_its_author(portal):
    world.scorecard(document(indicator("plan", metric="entries", options={"code": "plan"})))
    everything()
    draft = EntryDraft("k", "plan", "add", Decimal(5), world.at("2026-11-03"), employee_id=ANN, author="token:3")
    posted = ledger.post_entries(PORTAL, [draft], NOW)
    pipeline.recompute(PORTAL, posted.cells, NOW)
    (one,) = changes(code="plan")
    assert (one.before, one.after, one.cause, one.actor) == (None, 5, "entry", "token:3")
    assert one.records == (("entry", posted.items[0].id),)
    cells = ledger.undo_entry(PORTAL, posted.items[0].id, "user:1", NOW)
    pipeline.recompute(PORTAL, cells, NOW, Cause(CauseKind.FACT, "user:1"))
    latest, _first = changes(code="plan")
    assert (latest.after, latest.cause, latest.actor) == (None, "entry", "user:1")


def test_a_target_is_named_with_who_set_it(sold):
    item = {
        "scorecard": "sales", "indicator": "revenue", "subject": {"type": "employee", "id": ANN}, "period": "month",
        "start": "2026-11-01", "target": 5000,
    }  # fmt: skip
    scorecards.set_targets(PORTAL, parsing.parse_targets([item]), "user:2", NOW)
    why(Cause(CauseKind.TARGET, "user:2"))
    (one,) = changes()
    assert (one.target_before, one.target_after, one.before, one.after) == (1000, 5000, 300, 300)
    assert (one.cause, one.actor, one.records, one.count) == ("target", "user:2", (), 0)
    assert changes(employee(BOB)) == ()


def test_another_definition_is_read_by_the_one_before_it(sold):
    """Sums of money are kept in hundredths, counts are not: what stood there is read as it was meant."""
    later = NOW + timedelta(minutes=1)
    counting = SALES_CARD | {"indicators": [indicator("revenue", metric="deals_won", owner="closed_by", target=10)]}
    scorecards.save(PORTAL, parsing.parse(counting), "user:1", later)
    pipeline.recompute_open(PORTAL, later, cause=Cause(CauseKind.DEFINITION, "user:1"))
    (one,) = changes()
    assert (one.before, one.after, one.target_before, one.target_after) == (300, 1, 1000, 10)
    assert (one.cause, one.actor) == ("definition", "user:1")
    again = SALES_CARD | {"effective_from": "2026-11-01"}
    scorecards.save(PORTAL, parsing.parse(again), "user:2", later)
    pipeline.recompute_open(PORTAL, later, cause=Cause(CauseKind.DEFINITION, "user:2"))
    assert [(one.before, one.after) for one in changes()] == [(1, 300), (300, 1)]


def test_somebody_who_moved_changes_the_departments(sold):
    world.person(ANN, "Ann", SUPPORT, since=world.at("2026-11-10"))
    why(Cause(CauseKind.MEMBERSHIP))
    (one,) = changes(department(SALES))
    assert (one.before, one.after, one.cause, one.actor) == (300, 0, "membership", "system")


def test_a_rate_names_the_deals_it_moved(sold):
    one = a_deal(901)
    one.amount = 15_000
    db.session.flush()
    pipeline.recompute(PORTAL, deal_cells(one), NOW, Cause(CauseKind.RATE))
    (change,) = changes()
    assert (change.before, change.after, change.cause, change.records) == (300, 150, "rate", (("deal", 901),))


def test_what_no_record_explains_was_wrong_before(sold):
    db.session.get_one(Result, (PORTAL, "sales", "2026-11-01", "employee", ANN, "meetings")).numerator = 7
    db.session.flush()
    pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", ANN, world.at("2026-11-03"), 901)], NOW)
    (one,) = changes(code="meetings")
    assert (one.before, one.after, one.cause) == (7, 0, "repair")


def test_while_the_portal_is_being_read_there_is_no_history(sold):
    unread()
    move(a_deal(901), amount=50_000)
    assert changes() == ()


def test_a_day_can_move_what_facts_do_not_but_changes_nothing_by_itself(sold):
    why(Cause(CauseKind.TIME))
    assert db.session.scalars(select(ResultChange)).all() == []


def test_changes_come_latest_first_and_in_pages(sold):
    for amount in (1, 2, 3):
        move(a_deal(901), amount=amount * 100)
    assert [one.after for one in changes()] == [3, 2, 1]
    first = changes(limit=2)
    assert [one.after for one in changes(limit=2, before=first[-1].id)] == [1]


def test_a_stranger_has_no_changes(sold):
    move(a_deal(901), amount=50_000)
    assert changes(portal_id=OTHER) == ()


def test_changes_are_kept_for_four_hundred_days(sold):
    move(a_deal(901), amount=50_000)
    journal.purge(PORTAL, NOW + timedelta(days=400))
    assert len(changes()) == 1
    journal.purge(OTHER, NOW + timedelta(days=401))
    assert len(changes()) == 1
    journal.purge(PORTAL, NOW + timedelta(days=400, seconds=1))
    assert changes() == ()


def test_jobs_say_why_they_were_asked(sold, monkeypatch):
    db.session.commit()
    asked = []
    monkeypatch.setattr(pipeline, "recompute_slice", lambda *given: asked.append(given[-1]))
    jobs.recompute_everything(PORTAL, cause=CauseKind.MEMBERSHIP)
    assert asked == [Cause(CauseKind.MEMBERSHIP)]
