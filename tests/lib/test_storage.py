"""Many rows are stored as few are, whichever way they go to the database."""

import pytest
from flask import Flask
from sqlalchemy import select

from b24app.facts.tables import Term
from b24app.lib import storage
from b24app.lib.db import db
from b24app.periods.tables import CalendarDay
from tests.scores import world
from tests.scores.world import PORTAL


@pytest.fixture(autouse=True)
def _portal(app: Flask) -> None:
    world.settle()


@pytest.mark.parametrize("size", [3, storage.MANY + 3])
def test_the_last_of_the_same_key_stays_and_what_was_stored_is_replaced(size: int) -> None:
    def days(is_working: bool, *numbers: int) -> list[dict[str, object]]:
        return [{"portal_id": PORTAL, "day": f"d{number:03}", "working": is_working, "name": ""} for number in numbers]

    storage.upsert(CalendarDay, days(False, *range(size)))
    storage.upsert(CalendarDay, [*days(False, *range(size)), *days(True, 1)])
    found = db.session.execute(
        select(CalendarDay.day, CalendarDay.working).where(CalendarDay.portal_id == PORTAL)
    ).all()
    assert sorted(found) == [(f"d{number:03}", number == 1) for number in range(size)]


@pytest.mark.parametrize("size", [3, storage.MANY + 3])
def test_documents_are_kept_whole(size: int) -> None:
    rows = [
        {"portal_id": PORTAL, "kind": "stage", "id": str(number), "name": "Won", "extra": {"a": [number, None]}}
        for number in range(size)
    ]
    storage.upsert(Term, rows, only=("extra",))
    found = db.session.execute(select(Term.id, Term.extra).where(Term.portal_id == PORTAL, Term.kind == "stage"))
    assert {id: extra for id, extra in found if id.isdecimal()} == {
        str(number): {"a": [number, None]} for number in range(size)
    }
