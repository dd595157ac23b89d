"""The page on which the credit of a deal is split: who may, what it says of mistakes, and that the numbers follow."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask

from b24app import pipeline
from b24app.facts.queries import deal
from b24app.lib.db import db, write
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, PORTAL, SALES, SUE
from tests.web.test_access import Reader

CARD = {
    "code": "sales", "name": "Sales", "period": "month", "effective_from": "2026-10-01",
    "subjects": {"departments": [SALES]},
    "indicators": [
        {"code": "revenue", "name": "Revenue", "metric": "deals_won_amount", "owner": "shared", "target": 1000,
         "weight": 60},
        {"code": "won", "name": "Won", "metric": "deals_won", "owner": "shared", "target": 2, "weight": 40},
    ],
}  # fmt: skip
DEAL = 7001
WHY = f"/ui/why?scorecard=sales&period=month&start=2026-11-01&subject=employee&subject_id={BOB}"


class Page(Reader):
    def send(self, what: str = "", user_id: int = HEAD, **form: Any) -> str:
        """The page with what is wrong; empty when it was done."""
        answer = self.ask("POST", f"/ui/credits/deal/{DEAL}{what}", user_id, **{"reason": "Together", **form})
        if answer.status_code == 303:
            return ""
        return text(answer.text) if answer.status_code == 200 else str(answer.status_code)

    def shown(self, path: str, user_id: int = HEAD) -> str:
        return text(self.page(path, user_id))


def text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).replace("\N{NO-BREAK SPACE}", " ").split())


def shares() -> list[tuple[int, int, int | None]]:
    db.session.rollback()
    found = deal(PORTAL, DEAL)
    return [(one.employee_id, one.share, one.amount) for one in found.credits] if found else []


@pytest.fixture
def here(app: Flask) -> Iterator[Page]:
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            world.scorecard(CARD)
            world.deal(ANN, "2026-11-10", 1000, id=DEAL, title="Big one")
            pipeline.recompute_open(PORTAL, NOW)
        yield Page(app)


def test_a_head_splits_a_deal_and_everybody_sees_their_part(here: Page) -> None:
    assert "It counts whole for: Ann" in here.shown(f"/ui/credits/deal/{DEAL}")
    assert here.send(person_0=ANN, percent_0="66.6667", person_2=BOB, percent_2="33.3333") == ""
    assert shares() == [(ANN, 666_667, 66_667), (BOB, 333_333, 33_333)]
    page = here.shown(f"/ui/credits/deal/{DEAL}")
    assert "Ann 66.6667% 666.67 ₽ Bob 33.3333% 333.33 ₽" in page
    assert "Ann 66.6667%, Bob 33.3333% · Together 1 · Hugo" in page
    why = here.shown(f"{WHY}&indicator=revenue")
    assert "Big one Split credit Bob" in why
    assert "33.3333% of 1,000 ₽" in why
    assert "33.3333% 33.3333% of 1,000 ₽" in here.shown(f"{WHY}&indicator=won")
    assert "The credit of a deal was split otherwise" in here.shown(f"{WHY}&indicator=won&tab=changes")
    assert "Credit is split: Ann 66.6667%, Bob 33.3333%" in here.shown(f"/ui/deal/{DEAL}")

    assert "Say why." in here.send("/undo", reason=" ")
    assert here.send("/undo") == ""
    assert here.send("/undo") == ""
    assert [one[:2] for one in shares()] == [(ANN, 666_667), (BOB, 333_333)]
    assert here.send("/join", ADMIN) == ""
    assert shares() == []
    assert "counts whole · Together 4 · Ada" in here.shown(f"/ui/credits/deal/{DEAL}")
    log = here.shown("/ui/settings/audit", ADMIN)
    assert f"Credit split Deal {DEAL}" in log
    assert "Share, percent, Ann" in log


def test_mistakes_are_told_at_their_line_and_change_nothing(here: Page) -> None:
    assert "The shares come to 90 %, and must come to exactly 100 %." in here.send(person_0=ANN, percent_0="90")
    assert "This person is named twice." in here.send(person_0=ANN, percent_0="50", person_1=ANN, percent_1="50")
    assert "Enter a number." in here.send(person_0=ANN, percent_0="most")
    assert "Choose a person." in here.send(percent_3="100")
    assert "At most 4 decimals" in here.send(person_0=ANN, percent_0="99.99999", person_1=BOB, percent_1="0.00001")
    assert "Name somebody who gets the credit." in here.send()
    assert "Say why." in here.send(person_0=BOB, percent_0="100", reason="")
    assert shares() == []


def test_nobody_gives_credit_to_themselves_or_to_people_they_do_not_head(here: Page) -> None:
    assert "nobody gives credit to themselves" in here.shown(f"/ui/credits/deal/{DEAL}", ANN)
    assert here.send(user_id=ANN, person_0=BOB, percent_0="100") == "403"
    assert here.send(user_id=HEAD, person_0=HEAD, percent_0="100") == "403"
    assert here.send(user_id=HEAD, person_0=SUE, percent_0="100") == "403"
    assert here.ask("GET", f"/ui/credits/deal/{DEAL}", SUE).status_code == 403
    assert here.send(user_id=ADMIN, person_0=SUE, percent_0="100") == ""
    assert here.send(user_id=HEAD, person_0=ANN, percent_0="100") == "403"
