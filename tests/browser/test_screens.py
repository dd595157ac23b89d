"""The screens in a real browser: session, frame, history, live numbers, and an accessibility check of every page."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import quote

import pytest
from flask import Flask, render_template, render_template_string, request
from playwright.sync_api import Browser, Frame, Page, expect

from b24app.lib.i18n import speaking
from b24app.lib.paths import MANIFEST
from b24app.outcomes.dashboards.choices import Choices, ScorecardChoice
from b24app.web.bitrix import robot_settings
from tests.browser.pages import complaints_of, portal_page, served, violations
from tests.web import samples
from tests.web.site import Answers, Held, Night, application, tell

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 700}

LOCKED = Held(at=samples.NOW, by="Vicki Laflamme", late=3, subject=samples.card().subject, may_unlock=True)

PAGES = {
    "my": ("/ui/my", {}),
    "early": ("/ui/my", {"card": samples.early_card}),
    "nobody": ("/ui/my", {"card": samples.empty_card}),
    "team": ("/ui/team", {}),
    "long team": ("/ui/team?find=a", {"team": lambda: samples.team(found=512, everybody=512)}),
    "early team": ("/ui/team", {"team": lambda: samples.team(complete=False)}),
    "nobody's team": (
        "/ui/team",
        {"team": lambda: samples.team(scorecard_code=None, people=(), everybody=0, total=None)},
    ),
    "other days": ("/ui/team", {"team": lambda: samples.team(period=samples.DAYS)}),
    "company": ("/ui/company", {}),
    "early company": ("/ui/company", {"company": lambda: samples.company(complete=False, dynamics=None)}),
    "no company": ("/ui/company", {"company": lambda: samples.company(total=None)}),
    "formula": ("/ui/my?why=revenue", {"why": lambda: samples.why(operands=(("ad_spend", samples.rows()[0].number),))}),
    "why": ("/ui/my?why=revenue", {}),
    "not counted": ("/ui/why?tab=not-counted", {}),
    "changes": ("/ui/why?tab=changes", {}),
    "locked": ("/ui/team", {"held": lambda: LOCKED}),
    "to lock": ("/ui/team", {"held": lambda: Held(may_lock=True)}),
    "records of a locked number": ("/ui/why", {"why": lambda: samples.why(of_lock=True)}),
    "late records": (
        "/ui/periods/late?subject=employee&subject_id=7&scorecard=sales&period=month&start=2026-11-01",
        {},
    ),
    "deal": ("/ui/deal/7405", {}),
    "reading": ("/ui/start", {"sync": lambda: samples.sync(3200, 8800, "running")}),
    "read": ("/ui/start", {"night": lambda: Night(samples.NOW, 1240, 3)}),
    "client": ("/ui/company/5", {}),
    "lead": ("/ui/lead/5", {}),
    "scorecards": ("/ui/scorecards", {}),
    "scorecard": ("/ui/scorecards/sales", {}),
    "notifications": ("/ui/settings/notifications", {}),
    "ledger": ("/ui/data", {}),
    "entry": ("/ui/data/entries/9", {}),
    "values by hand": ("/ui/data/enter", {}),
    "import": ("/ui/data/import", {}),
    "checked file": ("/ui/data/import/1", {}),
    "imported file": ("/ui/data/import/3", {}),
    "kinds of values": ("/ui/data/kinds", {}),
}

FITS = """() => new Promise((done) => {
  const off = () => Math.abs(innerHeight - document.body.getBoundingClientRect().height);
  const look = () => off() < 2 ? done() : setTimeout(look, 20);
  look();
})"""

INSTALLER = '{% extends "frame.html" %}{% block page %}<p data-install-done="/ui/my">Ready</p>{% endblock %}'


@pytest.fixture
def page(browser: Browser, site: object) -> Iterator[Page]:
    """A page that allows no error on its console. Closed before the site."""
    page = browser.new_page(viewport=WIDE, reduced_motion="reduce")
    complaints = complaints_of(page)
    yield page
    page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def walked(browser: Browser) -> Iterator[tuple[Flask, str, Page, list[str]]]:
    """One page of one site for a walk through all of them: the site, its address, the page and its complaints."""
    with application() as app, served(app) as url, browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        yield app, url, page, complaints_of(page)


@pytest.fixture
def site() -> Iterator[Callable[..., str]]:
    """Starts the pages with given answers behind them; gives their address."""
    with ExitStack() as open_sites:

        def start(prepare: Callable[[Flask], None] = lambda app: None, **known: object) -> str:
            app = open_sites.enter_context(application(**known))
            app.add_url_rule("/portal", "portal", portal)
            prepare(app)
            return open_sites.enter_context(served(app))

        yield start


def portal() -> tuple[str, dict[str, str]]:
    """The toy portal, a page of somebody else with no policy of ours."""
    page = portal_page(request.host_url.rstrip("/"), request.args["go"], install="install" in request.args["go"])
    return page, {"Content-Security-Policy": "frame-ancestors 'none'"}


def shell(url: str, address: str) -> str:
    """The address whose answer is what a placement is answered with: a session, and the page to begin with."""
    return f"{url}/shell?go={quote(address)}"


def in_portal(page: Page, url: str, address: str) -> Frame:
    page.goto(f"{url}/portal?go={quote(address)}")
    return page.frames[1]


def told(page: Page, command: str) -> list[dict[str, object]]:
    page.wait_for_function("command => told.some(one => one.command === command)", arg=command)
    return page.evaluate("command => told.filter(one => one.command === command)", command)


@pytest.mark.parametrize(("language", "viewport"), [("en", WIDE), ("ru", PHONE)], ids=["desk", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_and_fits(walked, name, language, viewport):
    app, url, page, complaints = walked
    address, answers = PAGES[name]
    with speaking(language):
        tell(app, language, Answers(**{key: make() for key, make in answers.items()}))
    complaints.clear()
    page.set_viewport_size(viewport)
    page.goto(shell(url, address))
    page.wait_for_selector("#panel[open] #panel-title" if "why=" in address else "#page h1")
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert violations(page) == []
    assert complaints == []


def test_a_page_opened_by_its_address_takes_a_session_from_the_portal(page, site):
    apps: list[Flask] = []
    frame = in_portal(page, site(apps.append), "/ui/my?period=week")
    expect(frame.locator("#score")).to_have_text("83.6%")
    given = next(asked[1] for asked in apps[0].extensions["asked"] if asked[0] == "session")
    assert given["access_token"] == "viewer-token"
    assert given["member_id"] == "m1"
    assert given["language"] == "en"
    assert frame.url.endswith("/ui/my?period=week")


def test_frame_is_as_high_as_its_content(page, site):
    frame = in_portal(page, site(), "/ui/team")
    frame.wait_for_selector(".heat")
    told(page, "resizeWindow")
    frame.evaluate(FITS)
    frame.get_by_role("link", name="My KPI").click()
    frame.wait_for_selector(".rows")
    frame.evaluate(FITS)


def test_a_session_that_ended_is_renewed_and_the_request_repeated(page, site):
    frame = in_portal(page, site(), "/shell?token=expired&go=/ui/my")
    expect(frame.locator("#score")).to_have_text("83.6%")


def test_outside_of_the_portal_the_page_says_where_to_open_it(page, site):
    page.goto(f"{site()}/ui/my")
    expect(page.locator("#page .error-message")).to_have_text("Open this page from the menu of your Bitrix24.")


def test_a_record_opens_in_the_portals_slider(page, site):
    frame = in_portal(page, site(), "/ui/my?why=revenue")
    frame.get_by_role("button", name="MG Special, Hottechi").click()
    assert "/crm/deal/details/7391/" in told(page, "openPath")[0]["path"]


def test_the_installer_finishes_when_the_server_is_done(page, site):
    def prepare(app: Flask) -> None:
        app.add_url_rule("/install", "install", lambda: render_template_string(INSTALLER))

    in_portal(page, site(prepare), "/install")
    assert told(page, "setInstallFinish")


def test_reasons_open_beside_the_page_with_an_address_and_escape_closes_them(page, site):
    page.goto(shell(site(), "/ui/my"))
    page.get_by_role("link", name="Why: Revenue").click()
    expect(page.get_by_role("dialog")).to_contain_text("96 records")
    assert "why=revenue" in page.url
    page.get_by_role("link", name="Not counted").click()
    expect(page.get_by_role("dialog")).to_contain_text("The deal has no amount.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("why="))


def test_closing_the_reasons_gives_the_focus_back_even_after_the_page_was_renewed(page, site):
    answers = Answers()
    page.goto(shell(site(answers=answers), "/ui/team"))
    cell = page.locator("#why-employee-8-revenue")
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    answers.team = samples.team(at_risk=3)
    expect(page.get_by_text("3 people at risk")).to_be_attached()
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()


def test_after_a_badge_was_given_the_focus_is_with_the_badges(page, site):
    def giving(app: Flask) -> None:
        app.view_functions["recognition.give"] = app.view_functions["recognition.given"]

    page.goto(shell(site(giving), "/ui/my"))
    page.locator(".give-badge summary").click()
    page.select_option("#badge-code", index=1)
    page.get_by_role("button", name="Give the badge").click()
    expect(page.locator("#badges-7")).to_be_focused()


def test_first_key_leads_past_the_menus_and_another_page_begins_at_its_beginning(page, site):
    page.goto(shell(site(), "/ui/team"))
    page.wait_for_selector(".heat")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#kind-day")).to_be_focused()
    page.get_by_role("link", name="Company", exact=True).press("Enter")
    page.wait_for_selector(".chart")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_person_is_found_while_typing_and_the_words_stay(page, site):
    apps: list[Flask] = []
    answers = Answers(team=samples.team(found=512, everybody=512))
    page.goto(shell(site(apps.append, answers=answers), "/ui/team"))
    answers.team = samples.team(people=samples.team().people[:1], found=1, everybody=512)
    page.get_by_label("Find a person").press_sequentially("boris")
    expect(page.locator("#rows-people tbody tr")).to_have_count(1)
    expect(page.get_by_label("Find a person")).to_be_focused()
    expect(page.get_by_label("Find a person")).to_have_value("boris")
    page.wait_for_url("**/ui/team?find=boris")
    assert "find=boris" in page.locator("#live").get_attribute("hx-get")
    assert "find=boris" in page.locator("#sort-name").get_attribute("href")


def test_other_days_are_asked_for(page, site):
    page.goto(shell(site(answers=Answers(team=samples.team(period=samples.DAYS))), "/ui/team?period=custom"))
    page.get_by_label("From").fill("2026-11-03")
    page.get_by_label("to", exact=True).fill("2026-11-09")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/ui/team?period=custom&start=2026-11-03&until=2026-11-09")


def test_numbers_of_the_chart_open_by_keyboard(page, site):
    page.goto(shell(site(), "/ui/company"))
    page.get_by_text("Show as a table").press("Enter")
    expect(page.locator("#chart-table table")).to_be_visible()


def test_more_records_are_added_to_the_list(page, site):
    page.goto(shell(site(), "/ui/my?why=revenue"))
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#facts tr")).to_have_count(16)


def test_back_and_forward_and_another_period(page, site):
    page.goto(shell(site(), "/ui/my"))
    page.get_by_role("link", name="Quarter").click()
    page.wait_for_url("**/ui/my?period=quarter*")
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Team")
    assert page.title() == "West: KPI"
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("My KPI")
    assert "period=quarter" in page.url
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Team")


def test_a_department_is_chosen_from_the_list(page, site):
    page.goto(shell(site(), "/ui/team"))
    page.get_by_label("Department", exact=True).select_option("West")
    page.wait_for_url("**/ui/team?department=5")


def test_a_number_that_moves_is_seen_to_move(page, site):
    answers = Answers()
    page.goto(shell(site(answers=answers), "/ui/my"))
    expect(page.locator("#score")).to_have_text("83.6%")
    answers.card = samples.card(score=98, rank=2)
    expect(page.locator("#score.changed")).to_have_text("98%", timeout=3000)
    expect(page.locator("#rank.changed")).to_contain_text("Place 2 of 30")
    expect(page.locator("#said")).to_have_text("Score 98%")


def test_what_went_wrong_is_said_in_the_servers_words(page, site):
    page.goto(shell(site(), "/ui/my"))
    expect(page.locator("#score")).to_be_visible()
    page.evaluate("htmx.ajax('GET', '/ui/my?start=never', '#page')")
    expect(page.get_by_role("alert")).to_contain_text("The date in the address is not a date.")
    expect(page.locator("#score")).to_be_visible()


def robot_page(app: Flask) -> None:
    """The settings page of a robot, as its POST is answered."""
    entry = next(one for one in json.loads(MANIFEST.read_text("utf-8"))["robots"] if one["code"] == "kpi_add")
    sales = ScorecardChoice("sales", "Sales", (("revenue", "Revenue"), ("visits", "Visits")))
    offered = Choices((("7", "Ann Lee"),), (sales,), (("visit", "Visits"),), ())

    def show() -> str:
        fields = robot_settings.fields(entry, {"current_values": {"code": "visit"}}, offered)
        told = {"title": "Add", "description": "Adds a value", "session": {"token": "sample", "expires_in": 3600}}
        return render_template("robots/settings.html", fields=fields, offered=offered, **told)

    app.add_url_rule("/robot", "robot", show)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["desk", "phone"])
def test_a_robots_settings_are_handed_to_the_portal_as_they_are_chosen(page, site, viewport):
    page.set_viewport_size(viewport)
    frame = in_portal(page, site(prepare=robot_page), "/robot")
    frame.select_option("[data-place]", label="Sales: Visits")
    frame.select_option("[name=employee]", label="Ann Lee")
    frame.fill("[name=value]", "{=Document:OPPORTUNITY}")
    frame.wait_for_selector("[data-handed]:not([hidden])")
    page.wait_for_function("told.some(one => one.value === '{=Document:OPPORTUNITY}')")
    last = told(page, "setPropertyValue")[-1]
    assert last == {
        "command": "setPropertyValue", "code": "visit", "value": "{=Document:OPPORTUNITY}", "employee": "user_7",
        "date": "", "comment": "", "scorecard": "sales", "indicator": "visits",
    }  # fmt: skip
    page.goto(f"{page.url.partition('/portal')[0]}/robot")
    assert violations(page) == []
