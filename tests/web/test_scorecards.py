"""The pages of scorecards with the sales template behind them: who may look, and who may choose the numbers."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from b24app.metrics.amounts import EVERYWHERE
from b24app.scorecards import documents
from b24app.scorecards.rules import Indicator
from b24app.web import scorecards
from tests.web import samples
from tests.web.samples import EMPLOYEE, HEAD
from tests.web.site import application

HTMX = {"Authorization": "Bearer sample", "HX-Request": "true"}


@pytest.fixture
def chosen(monkeypatch) -> list[str]:
    """Which numbers were taken, in order; the operations themselves are tested in their room."""
    taken: list[str] = []
    monkeypatch.setattr(scorecards.db, "write", nullcontext)
    monkeypatch.setattr(scorecards.portal, "lock", lambda portal_id: taken.append("locked"))
    monkeypatch.setattr(scorecards, "owe", lambda *_: None)
    monkeypatch.setattr(scorecards.scores, "ask", lambda *_: None)
    monkeypatch.setattr(scorecards.onboarding, "use_article_numbers", lambda *_: taken.append("article"))
    monkeypatch.setattr(scorecards.onboarding, "use_proposed_numbers", lambda *_: taken.append("proposed"))
    return taken


def test_list_shows_each_scorecard_with_its_weights():
    with application() as app:
        text = app.test_client().get("/ui/scorecards", headers=HTMX).text
    assert "4 indicators" in text
    assert "/ui/scorecards/sales" in text
    assert "40%" in text


def test_scorecard_says_in_words_for_whom_and_how_much():
    with application(language="ru") as app:
        text = app.test_client().get("/ui/scorecards/sales", headers=HTMX).text.replace("\xa0", " ")
    assert "Отдел продаж" in text
    assert "500 000 ₽" in text
    assert "Запад, Gladys Colclough" in " ".join(text.split())
    assert "Boris Faz" in text


def test_scorecard_shows_a_formula_as_it_was_written(monkeypatch):
    template = samples.scorecard()
    one = {"code": "f", "name": "Per visit", "metric": "formula", "formula": "revenue / meetings < 5", "weight": 15}
    raw = template.document.as_json()
    raw["indicators"][3] = one | {"target": 10}
    document = documents.parse(raw)
    version = replace(
        template, document=document, indicators=tuple(map(Indicator, document.indicators, document.plans(EVERYWHERE)))
    )
    monkeypatch.setattr(samples, "scorecard", lambda: version)
    with application() as app:
        text = app.test_client().get("/ui/scorecards/sales", headers=HTMX).text
    assert "<code>revenue / meetings &lt; 5</code>" in text


def test_head_reads_but_does_not_choose(chosen):
    with application(HEAD) as app:
        client = app.test_client()
        assert "<form" not in client.get("/ui/scorecards/sales", headers=HTMX).text
        assert client.post("/ui/scorecards/sales/numbers", data={"take": "article"}, headers=HTMX).status_code == 403
    assert chosen == []


@pytest.mark.parametrize("address", ["/ui/scorecards", "/ui/scorecards/sales"])
def test_employee_is_told_whose_page_it_is(address):
    with application(EMPLOYEE) as app:
        response = app.test_client().get(address, headers=HTMX)
    assert response.status_code == 403
    assert "administrators and heads" in response.text


@pytest.mark.parametrize("take", ["article", "proposed"])
def test_admin_takes_the_numbers_of_the_article_or_the_proposed_ones(chosen, take):
    with application(samples.ADMIN) as app:
        response = app.test_client().post("/ui/scorecards/sales/numbers", data={"take": take}, headers=HTMX)
    assert chosen == ["locked", take]
    assert response.location == "/ui/scorecards/sales"
