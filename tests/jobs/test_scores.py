"""What changes because time passed is recomputed by a job of its own, without anybody touching a deal."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask

from b24app import pipeline
from b24app.jobs import scores
from b24app.lib import clock
from b24app.lib.db import db
from b24app.periods import queries as periods
from b24app.periods.rules import Kind, named
from b24app.portal.rules import SubjectType, employee
from b24app.portal.tables import Portal
from b24app.scores import nightly, queries
from b24app.scores.nightly import Repair
from b24app.scores.tables import Result
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, NOW, PORTAL, SALES, deal


@pytest.fixture
def portal(app: Flask) -> int:
    world.settle()
    return PORTAL


def card(options: dict[str, Any], metric: str = "deal_conversion") -> None:
    world.scorecard(
        document(
            indicator(metric=metric, options=options, weight=100, target=50),
            subjects={"departments": [SALES]},
            effective_from="2026-09-01",
        )
    )


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def lost_of_ann(start: str) -> Any:
    month = world.month(start)
    rows = queries.results(PORTAL, named(Kind.MONTH, month, periods.settings(PORTAL)),
                           SubjectType.EMPLOYEE, "sales", [ANN], now=clock.now())  # fmt: skip
    return rows[0].denominator if rows else None


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"stale_days": 10}, "2026-11-01"),
        ({"mode": "resolved", "stale_days": 10}, "2026-10-01"),
        ({"mode": "window", "days": 20}, "2026-10-01"),
    ],
)
def test_a_number_changes_when_its_time_has_come(
    portal: int, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], start: str
) -> None:
    one = deal(ANN, None, 500, created="2026-10-28T12:00")  # its twenty days are over on 17 November at noon
    one.updated_at = world.at("2026-11-07T12:00")  # and so are its ten
    card(options)
    before = NOW.replace(hour=8)  # 16 November, 11:00 in Moscow
    at(before, monkeypatch)
    pipeline.recompute_open(PORTAL, before)
    db.session.commit()
    scores.ripen(PORTAL)
    assert lost_of_ann(start) in (0, None)

    at(before + timedelta(days=1, hours=1, seconds=1), monkeypatch)
    scores.ripen(PORTAL)
    assert lost_of_ann(start) == 1


def test_every_look_begins_where_the_last_one_ended(portal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    card({"stale_days": 10})
    db.session.commit()
    looks = []
    monkeypatch.setattr(scores, "ripened", lambda _portal, _which, since, until: looks.append((since, until)) or ())
    for days in (0, 1, 9):
        at(NOW + timedelta(days=days), monkeypatch)
        scores.ripen(PORTAL)
    assert looks[0][0] == looks[0][1] - scores.FIRST_LOOK_S
    assert [since for since, _until in looks[1:]] == [until for _since, until in looks[:-1]]


def test_a_portal_whose_numbers_stand_still_is_left_alone(portal: int) -> None:
    card({}, "deals_won")
    db.session.commit()
    scores.ripen(PORTAL)
    assert scores.RIPENED not in db.session.get_one(Portal, PORTAL).settings


def test_the_night_puts_right_what_differs_from_the_facts_and_keeps_what_it_was(
    portal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal(ANN, "2026-11-03", 600)
    world.scorecard(document(indicator("won", metric="deals_won", weight=100), subjects={"departments": [SALES]}))
    pipeline.recompute_open(PORTAL, NOW)
    db.session.query(Result).filter_by(subject_id=ANN, start="2026-11-01").update({"numerator": 3})
    db.session.commit()
    night = NOW + timedelta(hours=12)
    at(night, monkeypatch)
    assert nightly.latest(PORTAL) is None
    scores.nightly(PORTAL)
    found = nightly.latest(PORTAL)
    assert (found.at, found.compared, found.repaired) == (night, db.session.query(Result).count(), 1)
    assert found.repairs == (Repair("sales", world.month(), employee(ANN), "won", Fraction(3), Fraction(1)),)
    scores.nightly(PORTAL)
    assert (nightly.latest(PORTAL).repaired, nightly.latest(PORTAL).repairs) == (0, ())
