"""What a page costs the database: at most eight statements, however many people there are.

Of the period that is open; one that is over asks for the journal of who was where too, one that is locked for more. In
a portal that has given roles or deputies one more tells whom those see who are no administrators.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event

from b24app import pipeline
from b24app.lib import crypto
from b24app.lib.db import db
from b24app.portal.tables import Department
from tests.conftest import SECRET
from tests.outcomes.test_dashboards import CARD
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, COMPANY_UNIT, HEAD, NOW, PORTAL, SALES, deal, person

AT_MOST = 8
ASKED = (
    *((user, "/ui/team?period=month&start=2026-11-01") for user in (ADMIN, HEAD)),
    (ADMIN, "/ui/company?period=month&start=2026-11-01"),
    *((user, f"/ui/my?subject=employee&subject_id={BOB}&start=2026-11-01") for user in (ADMIN, HEAD)),
    (ADMIN, f"/ui/why?scorecard=sales&indicator=revenue&subject=employee&subject_id={ANN}&start=2026-11-01"),
)


@pytest.fixture
def sold(app: Flask) -> Iterator[Flask]:
    world.settle()
    world.scorecard({**CARD, "subjects": {"departments": [COMPANY_UNIT]}})
    deal(ANN, "2026-10-20", 500)
    deal(BOB, "2026-11-05", 2000)
    compute()
    with time_machine.travel(NOW, tick=False):
        yield app


def compute() -> None:
    for slice_ in pipeline.slices(PORTAL, NOW):
        pipeline.recompute_slice(PORTAL, slice_, NOW)
    db.session.commit()


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent meanwhile. That a transaction begins is not one of them."""
    sent: list[str] = []

    def count(*asked: object) -> None:
        if not str(asked[2]).startswith("BEGIN"):
            sent.append(str(asked[2]))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    yield sent
    event.remove(engine, "before_cursor_execute", count)


def costs(app: Flask) -> dict[tuple[int, str], int]:
    found = {}
    for user, address in ASKED:
        claims = {"portal": PORTAL, "member": "member1", "user": user, "admin": user == ADMIN, "language": "en"}
        token = crypto.sign(claims, SECRET, NOW, 600)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        db.session.remove()  # a request begins knowing nothing
        with counted() as sent:
            response = app.test_client().get(address, headers=headers)
        assert response.status_code == 200, response.text
        assert "Bob" in response.text or "Ann" in response.text or "Sales" in response.text
        found[user, address] = len(sent)
    return found


def test_a_page_costs_at_most_eight_statements_however_many_people_and_departments(sold: Flask) -> None:
    few = costs(sold)
    assert [asked for asked, cost in few.items() if cost > AT_MOST] == []
    for id in range(100, 250):
        unit = id if id < 130 else SALES
        if unit == id:
            db.session.add(Department(portal_id=PORTAL, id=id, name=f"D{id}", parent_id=SALES))
        person(id, f"P{id}", unit)
        deal(id, "2026-11-04", 5)
    compute()
    assert costs(sold) == few
