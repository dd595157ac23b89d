"""Entries that were given as a day stay in it when the portal's time zone changes (semantics 2.2)."""

from datetime import date
from decimal import Decimal

import pytest

from b24app.facts import days, ledger, queries
from b24app.lib.db import db, write
from b24app.periods.rules import Settings, from_wall, local_day, on_wall
from b24app.portal.tables import Portal
from tests.facts.conftest import World
from tests.facts.samples import NOON, entry

MOSCOW = Settings("Europe/Moscow")
SHOWN = ("2026-11-01T00:00:00", "2026-11-01T12:00:00", "2026-10-31T23:59:59")


def given(key: str, shown: str) -> object:
    return entry(key, occurred_at=from_wall(shown, MOSCOW), local_at=shown)


def move_to(zone: str) -> None:
    with write():
        db.session.get_one(Portal, 1).time_zone = zone


def redate() -> int:
    """How many entries moved."""
    after, moved = 0, 0
    while True:
        with write():
            portion = days.redate(1, after)
        if portion is None:
            return moved
        after, moved = portion.behind, moved + portion.moved


@pytest.mark.parametrize("zone", ["Asia/Kamchatka", "America/New_York"])
def test_the_first_and_the_last_of_a_month_stay_in_it(world: World, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setattr(days, "AT_ONCE", 2)
    instant = entry("instant")
    with write():
        ledger.post_entries(1, [instant, *(given(shown, shown) for shown in SHOWN)], NOON)
    move_to(zone)
    assert redate() == 3
    assert redate() == 0
    found = {row.key: row.occurred_at for row in queries.entries(1)}
    assert found.pop("instant") == instant.occurred_at
    assert [on_wall(at, Settings(zone)) for at in found.values()] == list(SHOWN)
    assert [local_day(at, Settings(zone)) for at in found.values()] == [date(2026, 11, 1)] * 2 + [date(2026, 10, 31)]


def test_what_was_made_before_the_zone_changed_is_posted_by_the_new_one(world: World) -> None:
    draft = given("late", SHOWN[0])
    move_to("Asia/Kamchatka")
    with write():
        posted = ledger.post_entries(1, [draft], NOON)
    (row,) = queries.entries(1)
    assert on_wall(row.occurred_at, Settings("Asia/Kamchatka")) == SHOWN[0]
    assert {cell.at for cell in posted.cells} == {row.occurred_at}
    assert redate() == 0


def test_a_correction_and_a_taking_back_are_of_the_same_day(world: World) -> None:
    with write():
        (one,) = ledger.post_entries(1, [given("a", SHOWN[0])], NOON).items
        ledger.correct_entry(1, one.id, Decimal(2), "miscounted", "user:1", NOON)
    move_to("Asia/Kamchatka")
    assert redate() == 3
    assert len({row.occurred_at for row in queries.entries(1)}) == 1


def test_an_hour_that_the_clock_shows_twice_moves_nothing(world: World) -> None:
    second = from_wall("2026-11-01T01:30:00", Settings("America/New_York")) + 3600
    move_to("America/New_York")
    with write():
        ledger.post_entries(1, [entry("a", occurred_at=second, local_at="2026-11-01T01:30:00")], NOON)
    assert redate() == 0
