"""When a page need not be made again: never after something was written that it could show."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from b24app import pipeline
from b24app.facts.rules import Cell
from b24app.facts.tables import Deal
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.outcomes.dashboards import stamps
from tests.outcomes.test_dashboards import MONTH
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, NOW, OTHER, PORTAL, SALES, deal

LATER = NOW + timedelta(minutes=5)
CARD = document(indicator("revenue", weight=100, owner="closed_by", target=1000), subjects={"departments": [SALES]})


@pytest.fixture(autouse=True)
def computed(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-03", 100)
    pipeline.recompute_open(PORTAL, NOW)


def stamp(after: int = 0, portal: int = PORTAL) -> str:
    return stamps.of_period(portal, MONTH, LATER + timedelta(seconds=after))


def win(at) -> None:
    won = deal(ANN, "2026-11-04", 200)
    pipeline.recompute(PORTAL, [Cell("deal", "closed", "closed_by", ANN, won.closed_at)], at)


def test_it_holds_while_nothing_is_written_but_not_for_ever():
    assert stamps.holds(stamp(), stamp(after=10))
    assert not stamps.holds(stamp(), stamp(after=stamps.LASTS_S))


def test_a_changed_score_ends_it():
    earlier = stamp()
    win(LATER - timedelta(minutes=1))
    assert not stamps.holds(earlier, stamp(after=3))


def test_a_write_that_began_before_another_and_ended_after_it_ends_it():
    win(LATER - timedelta(seconds=10))
    earlier = stamp()
    win(LATER - timedelta(seconds=11))
    assert not stamps.holds(earlier, stamp(after=3))


def test_a_second_change_cannot_hide_behind_one_of_the_same_second():
    win(LATER)
    assert stamp(after=1) == ""
    win(LATER)
    assert stamp(after=3)


def test_another_portal_changes_nothing():
    earlier = stamp(portal=OTHER)
    win(LATER - timedelta(minutes=1))
    assert stamps.holds(earlier, stamp(after=3, portal=OTHER))


@pytest.mark.parametrize("forged", ["", "x", "9", ".", "x.y", "999999999999.abc"])
def test_what_somebody_made_up_does_not_hold(forged):
    assert not stamps.holds(forged, stamp())


def test_a_deal_that_changes_in_place_ends_the_stamp_of_its_tab():
    one = deal(ANN, None, 500)
    earlier = stamps.of_deal(PORTAL, one.id, MONTH, LATER)
    assert stamps.holds(earlier, stamps.of_deal(PORTAL, one.id, MONTH, LATER))
    db.session.execute(update(Deal).where(Deal.id == one.id).values(source_id="WEB", read_at=epoch(LATER) - 60))
    assert not stamps.holds(earlier, stamps.of_deal(PORTAL, one.id, MONTH, LATER))
