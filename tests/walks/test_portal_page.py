"""The first minute of somebody who tries the demo: the app's own tab inside a portal page, and a deal won beside it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.pages import chromium
from tests.walks.conftest import Demo

pytestmark = [pytest.mark.walk, pytest.mark.browser]

SELLER = 8

expect.set_options(timeout=60_000)


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    """A browser without a session of ours, that must not meet an error on any page; a refusal (403) is none."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda line: troubles.append(line.text) if line.type == "error" and "403" not in line.text else None,
        )
        yield page
        assert not troubles


def app_in(page: Page) -> FrameLocator:
    return page.frame_locator("[data-test=app-iframe]").first


def test_a_deal_won_in_the_portal_moves_the_score_in_the_tab(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.portal_url}/?viewer={SELLER}&lang=en")
    score, revenue = app_in(page).locator("#score"), app_in(page).locator("#value-revenue")
    expect(score).to_contain_text("%")
    before = revenue.get_attribute("data-value")

    page.locator("[data-test=win-any]").click()

    expect(revenue).not_to_have_attribute("data-value", str(before))
    assert float(str(revenue.get_attribute("data-value")).split("/")[0]) > 0


def test_the_deal_tab_says_what_the_deal_gives(demo: Demo, page: Page) -> None:
    deal = demo.control("deals?semantic=S&limit=1")["items"][0]
    page.goto(f"{demo.portal_url}/crm/deal/details/{deal['id']}/?viewer=1&lang=ru")
    page.locator("[data-test^=tab-app]").first.click()
    expect(app_in(page).get_by_role("heading", level=1)).to_have_text("Что даёт эта сделка")
    expect(app_in(page).get_by_text("Засчитана").first).to_be_visible()


def test_an_employee_may_not_look_at_a_colleague(demo: Demo, page: Page) -> None:
    page.goto(
        f"{demo.portal_url}/marketplace/view/b24app.kpi/?viewer={SELLER}&lang=en&params[go]=/ui/my?subject=employee%26subject_id=9"
    )
    expect(app_in(page).get_by_text("You may not see these numbers.").first).to_be_visible()
