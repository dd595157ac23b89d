"""One Chromium for all. No database is behind the pages of most tests: nothing is stamped, what is shown decides; one
client is known.
"""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from playwright.sync_api import Browser

from b24app.outcomes.dashboards.rules import Number
from b24app.outcomes.dashboards.tabs import ClientDeal, ClientTab
from b24app.portal.rules import employee
from b24app.web import dashboards, data
from tests.browser.pages import chromium
from tests.web.samples import ANNA, NAMES, NOW


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _without_a_database(monkeypatch):
    monkeypatch.setattr(dashboards.stamps, "of_period", lambda *asked: "")
    monkeypatch.setattr(dashboards.stamps, "of_deal", lambda *asked: "")
    monkeypatch.setattr(dashboards.clients, "client", lambda *asked: client())
    monkeypatch.setattr(data.due, "lines", lambda *asked: ())


def client() -> ClientTab:
    amount, path = Number(Fraction(125_000), "money", "RUB"), "/crm/deal/details/7/"
    deals = tuple(
        ClientDeal(7, "MG Special, Hottechi", state, win_no, amount, employee(ANNA), NAMES[ANNA], NOW, path)
        for state, win_no in (("won", 34), ("won", 1), ("lost", None), ("open", None))
    )
    return ClientTab(wins=34, deals=deals, total=4, hidden=12, complete=True)
