"""The settings pages with a database behind them: an accessibility check of each, and that none scrolls sideways."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from playwright.sync_api import Browser, Page

from b24app import pipeline
from b24app.facts import operations as facts
from b24app.facts.credit import operations as credit
from b24app.facts.credit.rules import Share
from b24app.facts.requests import operations as requests
from b24app.facts.requests.documents import MappingDocument
from b24app.facts.rules import TermDraft
from b24app.lib import clock, crypto
from b24app.lib.db import db, write
from b24app.portal import api_tokens
from tests.browser.pages import served, violations
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, NOW, PORTAL
from tests.security.world import CARD

pytestmark = [pytest.mark.browser, pytest.mark.databases("sqlite")]

PAGES = (
    *("calendar", "check", "calls", "access", "tokens", "notifications", "health", "audit"),
    *("sources", "sources/requests/new", "../templates", "credit", "../credits/deal/41"),
    "../scorecards/sales/indicator?of=revenue&metric=stage_entered",
)
SCREENS = {"en": {"width": 1280, "height": 800}, "ru": {"width": 375, "height": 700}}


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with time_machine.travel(NOW):
        with write():
            world.settle()
            world.scorecard(CARD)
            world.deal(ANN, "2026-11-10", 1234, id=41)
            credit.divide(PORTAL, 41, [Share(ANN, 600_000), Share(BOB, 400_000)], f"user:{ADMIN}", "Both", NOW)
            pipeline.recompute_open(PORTAL, NOW)
            api_tokens.create_api_token(PORTAL, "1C", ("read",), NOW, f"user:{ADMIN}")
            requests.save(PORTAL, MappingDocument(code="help", name="Help", entity="deal"), f"user:{ADMIN}", NOW)
            stage = {"category_id": 0, "semantic": "S", "color": ""}
            employee = {"type": "employee"}
            facts.save_terms(PORTAL, "field", [TermDraft("ufCrm_1", "Helper", extra=employee)])
            facts.save_terms(PORTAL, "funnel", [TermDraft("0", "Sales")])
            facts.save_terms(PORTAL, "stage", [TermDraft("WON", "Solved", extra=stage)])
        db.session.remove()
        with served(app) as address:
            yield address


@pytest.fixture(params=SCREENS)
def page(request: pytest.FixtureRequest, app: Flask, address: str, browser: Browser) -> Iterator[Page]:
    """An administrator's page at a desk in English, and on a phone in Russian."""
    claims = {"portal": PORTAL, "member": f"member{PORTAL}", "user": ADMIN, "admin": True, "language": request.param}
    token = crypto.sign(claims, app.config["SECRET_KEY"], clock.now(), 600)
    page = browser.new_page(viewport=SCREENS[request.param], reduced_motion="reduce", base_url=address)
    page.set_extra_http_headers({"Authorization": f"Bearer {token}"})
    yield page
    page.close()


def test_settings_pages_are_accessible_and_fit(page: Page) -> None:
    found = {}
    for name in PAGES:
        page.goto(f"/ui/settings/{name}")
        page.wait_for_selector("h1")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        tab = page.evaluate("""() => {
          const {left, right} = document.querySelector(".tabs [aria-current]").getBoundingClientRect();
          return left >= 0 && right <= innerWidth;
        }""")
        found[name] = (wide, tab, violations(page))
    assert found == dict.fromkeys(PAGES, (False, True, []))
