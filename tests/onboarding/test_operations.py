"""First run: the sales scorecard is proposed from history, once, and its numbers can be switched."""

import pytest

from b24app.ingest.tables import SyncCursor
from b24app.lib.db import db
from b24app.lib.errors import NotFound
from b24app.onboarding import operations
from b24app.portal.rules import employee
from b24app.portal.tables import Department
from b24app.scorecards import documents, queries
from b24app.scorecards import operations as scorecards
from b24app.scores.tables import Result
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, PORTAL, SALES, SUE, SUPPORT, deal, meeting


@pytest.fixture
def history(portal):
    """Five months of Ann's: 10 000, 20 000 .. 50 000 a month, and one quiet one of Bob's."""
    for month in range(6, 11):
        deal(ANN, f"2026-{month:02}-10", (month - 5) * 10_000, client=f"C{month}", win_no=1)
        deal(ANN, f"2026-{month:02}-11", 0, won=False)
        meeting(ANN, f"2026-{month:02}-12")
    deal(BOB, "2026-10-20", 500, client="C10", win_no=2)
    deal(ANN, "2026-11-03", 1_000_000)


def first_run():
    return operations.first_run(PORTAL, operations.propose(PORTAL, NOW), NOW)


def targets():
    return {one.code: one.target for one in queries.get(PORTAL, "sales").document.indicators}


def test_the_card_is_proposed_from_closed_months(history):
    assert first_run()
    one = queries.get(PORTAL, "sales").document
    # revenue of person-months: 500, 10 000, .. 50 000; the fourth of six is the 60th percentile
    assert targets() == {"revenue": 30_000, "new_clients": 1, "conversion": 50, "meetings": 1}
    assert one.effective_from == world.month("2025-11-01")
    assert one.subjects.departments == (SALES,)
    assert one.subjects.exclude.employees == (HEAD,)


def test_it_runs_once(history):
    first_run()
    assert not first_run()
    assert len(queries.versions(PORTAL)) == 1


def test_nothing_happens_before_there_are_deals(portal):
    assert not first_run()
    assert queries.versions(PORTAL) == ()
    with pytest.raises(NotFound):
        operations.use_article_numbers(PORTAL, "user:1", NOW)


def test_a_scorecard_that_somebody_made_is_left_alone(history):
    world.scorecard(document(indicator(target=77)))
    assert not first_run()
    assert targets() == {"revenue": 77}


def test_it_proposes_again_once_everything_has_been_read(history):
    whole = db.session.get(SyncCursor, (PORTAL, "backfill"))
    whole.complete = False
    db.session.flush()
    first_run()
    deal(SUE, "2026-09-01", 90_000)
    whole.complete = True
    db.session.flush()
    assert first_run()
    assert targets()["revenue"] == 40_000
    assert queries.get(PORTAL, "sales").document.subjects.departments == (SALES, SUPPORT)
    assert not first_run()


def test_what_a_person_changed_is_not_proposed_over(history):
    whole = db.session.get(SyncCursor, (PORTAL, "backfill"))
    whole.complete = False
    db.session.flush()
    first_run()
    raw = queries.get(PORTAL, "sales").document.as_json()
    raw["indicators"][0]["target"] = 77
    scorecards.save(PORTAL, documents.parse(raw), "user:1", NOW)
    whole.complete = True
    db.session.flush()
    assert not first_run()
    assert targets()["revenue"] == 77


def test_the_numbers_of_the_article_are_one_click_away_and_so_is_the_way_back(history):
    first_run()
    operations.use_article_numbers(PORTAL, "user:1", NOW)
    assert targets() == {"revenue": 500_000, "new_clients": 10, "conversion": 15, "meetings": 30}
    key = (PORTAL, "sales", "2026-10-01", "employee", ANN, "revenue")
    assert db.session.get(Result, key).target == "500000"
    operations.use_proposed_numbers(PORTAL, "user:1", NOW)
    assert targets()["revenue"] == 30_000
    assert db.session.get(Result, key, populate_existing=True).target == "30000"
    assert len(queries.versions(PORTAL)) == 1


def test_somebody_above_other_departments_is_scored_alone(history):
    deal(ADMIN, "2026-10-05", 100)
    first_run()
    subjects = queries.get(PORTAL, "sales").document.subjects
    assert (subjects.departments, subjects.employees) == ((SALES,), (ADMIN,))
    assert db.session.get(Department, (PORTAL, SALES)).head_id == HEAD
    assert employee(ADMIN).id in subjects.employees
