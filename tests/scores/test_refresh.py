"""Indicators that are computed at certain times: what stays until then, what comes at once, what the score counts."""

from datetime import timedelta

import pytest

from b24app import pipeline
from b24app.facts.rules import Cell
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.scores import operations
from b24app.scores.tables import Result, Score
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.test_operations import everything
from tests.scores.world import ANN, NOW, PORTAL, SALES, deal

NOVEMBER = "2026-11-01"
HOURLY = indicator("revenue", weight=50, owner="closed_by", target=1000, refresh="hourly")
LIVE = indicator("won", metric="deals_won", weight=50, owner="closed_by", target=4)
CARD = document(HOURLY, LIVE, subjects={"departments": [SALES]})


def number(code: str, start: str = NOVEMBER, id: int = ANN) -> int | None:
    db.session.expire_all()
    row = db.session.get(Result, (PORTAL, "sales", start, "employee", id, code))
    return row.numerator if row else None


def score() -> str:
    db.session.expire_all()
    return db.session.get_one(Score, (PORTAL, "sales", NOVEMBER, "employee", ANN)).exact


def sell(day: str = "2026-11-03", amount: int = 500, id: int = ANN) -> None:
    sold = deal(id, day, amount)
    pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", id, sold.closed_at)], NOW)


@pytest.fixture
def computed(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-02", 100)
    deal(ANN, "2026-09-02", 1)
    everything()


def test_a_sale_moves_what_is_live_and_the_score_counts_what_is_stored(computed):
    sell()
    assert (number("revenue"), number("won")) == (10_000, 2)
    assert score() == "30"


def test_at_the_full_hour_it_moves(computed):
    sell()
    assert not pipeline.refresh(PORTAL, epoch(NOW), NOW + timedelta(minutes=59))
    assert number("revenue") == 10_000
    later = NOW + timedelta(minutes=60)
    changes = pipeline.refresh(PORTAL, epoch(NOW), later)
    assert (number("revenue"), score()) == (60_000, "55")
    assert {one.indicator for one in changes.results} == {"revenue"}
    assert not pipeline.refresh(PORTAL, epoch(later), later)


def test_what_stays_keeps_the_moment_it_was_calculated_at(computed):
    world.scorecard(CARD | {"indicators": [HOURLY, LIVE | {"refresh": "daily"}]})
    everything()
    row = (PORTAL, "sales", NOVEMBER, "employee", ANN)
    pipeline.refresh(PORTAL, epoch(NOW), NOW + timedelta(hours=1))
    db.session.expire_all()
    assert db.session.get_one(Result, (*row, "won")).computed_at == epoch(NOW)
    assert db.session.get_one(Result, (*row, "revenue")).computed_at == epoch(NOW) + 3600


def test_only_what_is_due_moves(computed):
    world.scorecard(CARD | {"indicators": [HOURLY, LIVE | {"refresh": "daily"}]})
    everything()
    sell()
    pipeline.refresh(PORTAL, epoch(NOW), NOW + timedelta(hours=1))
    assert (number("revenue"), number("won")) == (60_000, 1)
    pipeline.refresh(PORTAL, epoch(NOW), NOW + timedelta(days=1))
    assert number("won") == 2


def test_the_first_value_of_a_period_comes_at_once(portal):
    world.scorecard(CARD)
    sell()
    assert number("revenue") == 50_000


def test_somebody_new_has_a_first_value_at_once(computed):
    world.person(30, "New", SALES, since=world.at("2026-11-10"))
    sell(id=30)
    assert number("revenue", id=30) == 50_000
    sell(id=30)
    assert (number("revenue", id=30), number("won", id=30)) == (50_000, 2)


def test_a_correction_of_a_period_long_over_waits_for_no_hour(computed):
    sell("2026-09-03")
    assert number("revenue", "2026-09-01") == 50_100


def test_a_full_recompute_computes_everything(computed):
    sell()
    everything()
    assert number("revenue") == 60_000


def test_values_entered_by_hand_are_there_at_once(portal):
    world.scorecard(document(indicator("nps", metric="entries", options={"code": "nps"}, refresh="manual")))
    everything()
    world.entry("nps", 7, "2026-11-03", employee=ANN)
    pipeline.recompute(PORTAL, [Cell("entry", "occurred", "employee", ANN, world.at("2026-11-03"))], NOW)
    assert number("nps") == 7_000_000


def test_which_indicators_wait(computed):
    assert operations.scheduled(PORTAL) == {("sales", "revenue"): {"hourly"}}
    assert operations.scheduled(world.OTHER) == {}
