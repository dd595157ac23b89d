"""Badges by hand: who gives them, who is told, who revokes them."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from b24app.lib import clock, crypto
from b24app.lib.db import db, write
from b24app.outcomes.notifications.tables import Notification
from b24app.outcomes.recognition.tables import Award
from b24app.portal.tables import AuditEntry
from tests.scores import world
from tests.scores.world import ADMIN, ANN, HEAD, NOW, PORTAL, SUE

FORM = "Give the badge"
STAR = {"badge": "star", "comment": "Fair & square"}


@pytest.fixture
def ask(app: Flask) -> Iterator[Any]:
    """The answer to a viewer; with a form it is posted."""
    with write():
        world.settle()

    def asked(viewer: int, path: str, **form: str) -> Any:
        claims = {"portal": PORTAL, "member": "member1", "user": viewer, "admin": viewer == ADMIN, "language": "en"}
        token = crypto.sign(claims, app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        method = "POST" if path.count("/") else "GET"
        answer = app.test_client().open(f"/ui/badges/{path}", method=method, data=form, headers=headers)
        db.session.rollback()
        return answer

    with time_machine.travel(NOW, tick=False):
        yield asked


def stored() -> tuple[list[tuple[str, int, str, str]], list[tuple[str, str]]]:
    """The awards, and what the audit log has of them."""
    awards = [(one.badge, one.employee_id, one.start, one.by) for one in db.session.scalars(select(Award))]
    log = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return awards, [(row.actor, row.action) for row in log if row.action.startswith("award")]


def told() -> list[tuple[int, str]]:
    return [(one.recipient, one.payload["text"]) for one in db.session.scalars(select(Notification))]


def test_a_head_gives_a_badge_and_the_employee_is_told(ask: Any) -> None:
    assert FORM in ask(HEAD, f"{ANN}").text
    answer = ask(HEAD, f"{ANN}/give", **STAR)
    assert "The badge has been given." in answer.text
    assert "Fair &amp; square" in answer.text
    assert stored() == ([("star", ANN, "2026-11-01", f"user:{HEAD}")], [(f"user:{HEAD}", "award.give")])
    assert told() == [(ANN, "You have been given the badge “Star of the month”.\nFair & square")]


def test_it_is_given_once_a_period(ask: Any) -> None:
    ask(HEAD, f"{ANN}/give", **STAR)
    assert "has this badge already" in ask(ADMIN, f"{ANN}/give", **STAR).text
    assert len(stored()[0]) == len(told()) == 1


def test_what_is_no_badge_is_told(ask: Any) -> None:
    assert "Choose a badge." in ask(HEAD, f"{ANN}/give", badge="unheard").text
    assert stored() == ([], [])


@pytest.mark.parametrize(("viewer", "employee"), [(ANN, ANN), (HEAD, HEAD), (ADMIN, ADMIN), (HEAD, SUE), (ADMIN, 900)])
def test_nobody_gives_themselves_one_or_those_they_do_not_lead(ask: Any, viewer: int, employee: int) -> None:
    assert FORM not in ask(viewer, f"{employee}").text
    assert ask(viewer, f"{employee}/give", **STAR).status_code == 403
    assert stored() == ([], [])


def test_an_administrator_revokes_one_and_the_log_keeps_both(ask: Any) -> None:
    ask(HEAD, f"{ANN}/give", **STAR)
    it = {"badge": "star", "period": "month", "start": "2026-11-01"}
    assert ask(HEAD, f"{ANN}/revoke", **it).status_code == 403
    assert "Revoke the badge" not in ask(HEAD, f"{ANN}").text
    assert "Revoke the badge" in ask(ADMIN, f"{ANN}").text
    for _time in range(2):
        assert "The badge has been revoked." in ask(ADMIN, f"{ANN}/revoke", **it).text
    assert stored() == ([], [(f"user:{HEAD}", "award.give"), (f"user:{ADMIN}", "award.revoke")])


def test_while_the_portal_is_read_for_the_first_time_none_is_given(ask: Any) -> None:
    with write() as session:
        session.execute(world.SyncCursor.__table__.update().values(complete=False))
    assert "for the first time" in ask(HEAD, f"{ANN}/give", **STAR).text
    assert stored() == ([], [])
