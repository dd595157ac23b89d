"""The pages with sample models behind them: what they ask for, what they say, and in which language."""

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html import unescape

import pytest
import time_machine
from flask.testing import FlaskClient

from b24app.outcomes.dashboards.panel import WhyOperand
from b24app.outcomes.dashboards.rules import Number
from b24app.outcomes.dashboards.tabs import ClientTab
from b24app.periods.rules import Kind, custom, period_at
from b24app.portal.rules import COMPANY, department, employee
from b24app.web import dashboards
from tests.web import samples
from tests.web.samples import ANNA, EMPLOYEE, HEAD, NOVEMBER, NOW, SETTINGS, WEST
from tests.web.site import Answers, application

HTMX = {"Authorization": "Bearer sample", "HX-Request": "true"}


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def stamp(monkeypatch):
    """What the stored numbers are stamped with; a test may change it."""
    stamps = ["1000.first"]
    monkeypatch.setattr(dashboards.stamps, "of_period", lambda *asked: stamps[-1])
    monkeypatch.setattr(dashboards.stamps, "of_deal", lambda *asked: stamps[-1])
    return stamps


@pytest.fixture
def client():
    with application() as app:
        yield app.test_client()


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    """The text of a page, as one line without tags."""
    response = client.get(address, headers=HTMX)
    assert response.status_code == status
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


def asked(client: FlaskClient) -> tuple[object, ...]:
    return client.application.extensions["asked"][-1]


def test_my_kpi_asks_for_the_viewers_own_card_of_this_month():
    with application(EMPLOYEE) as app:
        client = app.test_client()
        page(client, "/ui/my")
        assert asked(client) == ("card", employee(ANNA), None, NOVEMBER)


def test_address_names_subject_scorecard_and_any_day_of_the_period(client):
    page(client, "/ui/my?subject=department&subject_id=5&scorecard=sales&period=quarter&start=2026-08-17")
    assert asked(client) == (
        "card", department(WEST), "sales", period_at(Kind.QUARTER, NOVEMBER.start.replace(month=8), SETTINGS)
    )  # fmt: skip


def test_my_kpi_begins_with_what_to_do_today(client):
    text = page(client, "/ui/my")
    assert "83.6%" in text
    assert "Place 3 of 30" in text
    assert re.search(r"Revenue ?: 230,000 ₽ to go, 8 working days left, 28,750 ₽ a day", text.replace("\xa0", " "))


def test_numbers_are_written_as_the_viewer_writes_them():
    with application(language="ru") as app:
        text = page(app.test_client(), "/ui/my").replace("\xa0", " ")
        assert "83,6 %" in text
        assert "230 000 ₽" in text


def test_htmx_gets_the_content_and_everybody_else_the_document(client):
    assert "<html" not in client.get("/ui/my", headers=HTMX).text
    assert "<html" in client.get("/ui/my", headers={"Authorization": "Bearer sample"}).text


def test_without_a_session_the_page_holds_no_number_and_asks_for_itself(client):
    text = client.get("/ui/my?period=week").text
    assert 'hx-get="/ui/my?period=week"' in text
    assert "Anna" not in text
    assert client.application.extensions["asked"] == []


def polled(client: FlaskClient) -> str:
    """The address with which the page asks again."""
    return unescape(re.search(r'data-live hx-get="([^"]+version=[^"]+)"', client.get("/ui/my", headers=HTMX).text)[1])


def test_polling_asks_nothing_while_the_stamp_holds(client):
    address = polled(client)
    before = list(client.application.extensions["asked"])
    assert client.get(address, headers=HTMX).status_code == 204
    assert client.application.extensions["asked"] == before


@pytest.mark.parametrize("later", ["1005.second", "1015.first", ""], ids=["written", "old", "unsettled"])
def test_polling_looks_again_when_the_stamp_does_not_hold(client, stamp, later):
    address = polled(client)
    stamp.append(later)
    response = client.get(address, headers=HTMX)
    assert asked(client)[0] == "card"
    assert response.headers["HX-Retarget"] == "this", "the same is shown: only the asking element is renewed"
    assert "83.6" not in response.text


def test_without_a_stamp_what_is_shown_decides(client, stamp):
    stamp.append("")
    assert client.get(polled(client), headers=HTMX).status_code == 204


def test_polling_brings_the_page_when_a_number_moved(client, stamp):
    address = polled(client)
    stamp.append("1001.second")
    with application(answers=Answers(card=samples.card(score=Fraction(90)))) as app:
        response = app.test_client().get(address, headers=HTMX)
    assert response.status_code == 200
    assert "90%" in response.text


@pytest.mark.parametrize(
    ("wins", "hidden", "words"),
    [
        (0, 0, "There are no deals with this client yet"),
        (34, 68, "This client's deals belong to other people 68 deals"),
    ],
    ids=["new", "of others"],
)
def test_client_tab_says_whether_the_client_is_new(client, monkeypatch, wins, hidden, words):
    tab = ClientTab(wins=wins, deals=(), total=0, hidden=hidden, complete=True)
    monkeypatch.setattr(dashboards.clients, "client", lambda *asked: tab)
    text = unescape(page(client, "/ui/company/5"))
    assert words in text
    assert ("Repeat client : 34 deals won" if wins else "New client : nothing bought yet") in text


def test_lead_tab_says_what_a_lead_counts_for(client):
    assert "This lead is counted among the leads" in page(client, "/ui/lead/5")


def test_score_just_below_its_limit_is_not_shown_as_reached(client):
    text = page(client, "/ui/team")
    assert "99.99%" in text
    assert "100.00%" not in text


def test_preliminary_score_takes_no_place_and_says_why():
    with application(answers=Answers(card=samples.early_card())) as app:
        text = page(app.test_client(), "/ui/my")
    assert "Preliminary" in text
    assert "Place" not in text
    assert "still being read" in text
    assert "No deal was closed in this period yet." in text


def test_nobody_is_left_before_an_empty_page():
    with application(EMPLOYEE, answers=Answers(card=samples.empty_card())) as app:
        text = page(app.test_client(), "/ui/my")
    assert "No scorecard applies here yet" in text
    assert "Open the scorecards" not in text, "an employee may not open them"


def test_employee_sees_no_way_to_the_team():
    with application(EMPLOYEE) as app:
        assert "/ui/team" not in app.test_client().get("/ui/my", headers=HTMX).text


def test_names_from_the_portal_are_text_not_markup(client):
    evil = samples.card(subject_name="<script>alert(1)</script>", scorecard_name="<b>bold</b>")
    with application(answers=Answers(card=evil)) as app:
        text = app.test_client().get("/ui/my?subject=employee&subject_id=8", headers=HTMX).text
    assert "<script>" not in text
    assert "<b>bold" not in text


@pytest.mark.parametrize(
    "address", ["/ui/my", "/ui/team", "/ui/company", "/ui/why", "/ui/deal/7405", "/ui/start", "/ui/sync"]
)
def test_pages_obey_the_content_security_policy(client, address):
    text = client.get(address, headers=HTMX).text
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style|javascript:", text)


def test_team_asks_for_the_order_the_name_and_as_many_rows_as_the_address_says(client):
    page(client, "/ui/team?sort=name&find=snell&rows=180")
    assert client.application.extensions["asked"][-1][4:] == ("name", "snell", 180)
    page(client, "/ui/team")
    assert client.application.extensions["asked"][-1][4:] == ("risk", "", dashboards.queries.PAGE)


def test_long_team_shows_the_first_and_the_way_to_the_others():
    with application(answers=Answers(team=samples.team(found=512, everybody=512))) as app:
        client = app.test_client()
        text = unescape(client.get("/ui/team?find=an", headers=HTMX).text)
        assert "4 of 512 people" in page(client, "/ui/team?find=an")
    assert re.search(r'id="show-more"[^>]+href="/ui/team\?find=an&rows=\d+"', text)
    assert re.search(r'id="show-all"[^>]+href="/ui/team\?find=an&rows=512"', text)


def test_nobody_of_that_name_is_said_and_the_box_stays():
    with application(answers=Answers(team=samples.team(people=(), found=0))) as app:
        client = app.test_client()
        assert "Nobody is called so here." in page(client, "/ui/team?find=zz")
        assert 'value="zz"' in client.get("/ui/team?find=zz", headers=HTMX).text


def test_cell_says_whether_it_is_heading_up_or_down(client):
    rising = samples.rows()[0]._replace(
        before=Number(Fraction(1), "money", "RUB"), change=Number(Fraction(9), "money", "RUB")
    )
    person = samples.team().people[0]._replace(cells=(rising, *samples.rows()[1:]))
    with application(answers=Answers(team=samples.team(people=(person,)))) as app:
        assert "Heading for more than in the period before" in page(app.test_client(), "/ui/team")
    with application(answers=Answers(team=samples.team(people=(person,), is_open=False))) as app:
        assert "More than in the period before" in page(app.test_client(), "/ui/team")


def test_team_of_a_head_offers_departments_and_leads_to_people():
    with application(HEAD) as app:
        client = app.test_client()
        text = client.get("/ui/team?department=5", headers=HTMX).text
        assert asked(client)[:2] == ("team", WEST)
    assert "start=2026-11-01&amp;subject=employee&amp;subject_id=8" in text
    assert "1 person at risk" in text


def test_company_shows_the_whole_and_what_each_department_brings(client):
    text = page(client, "/ui/company?scorecard=sales&indicator=revenue").replace("\xa0", " ")
    assert asked(client) == ("company", "sales", NOVEMBER, "revenue")
    assert "400,000 ₽ of 500,000 ₽" in text
    assert "In the period before: 390,000 ₽; the forecast is +9,000 ₽ to it" in text
    assert "50% of the company" in text
    assert "Others" in text
    assert "200,000 ₽ 50% · 12 records" in text


def test_company_draws_the_course_and_has_the_numbers_in_a_table(client):
    text = client.get("/ui/company", headers=HTMX).text
    assert text.count('class="chart-column" x="') == 5 + 1, "five months have a value; one sign is the legend's"
    assert "520,000" in text.split("<details")[1]
    assert 'aria-labelledby="chart-title chart-words"' in text


def test_company_of_another_kind_of_period_says_where_the_course_is():
    with application(answers=Answers(company=samples.company(dynamics=None))) as app:
        assert "The course is kept by periods of the scorecard's own kind: Month" in unescape(
            page(app.test_client(), "/ui/company")
        )


def test_company_without_a_scorecard_says_what_to_do():
    empty = samples.company(total=None, scorecard_code=None, departments=(), others=(), dynamics=None)
    with application(answers=Answers(company=empty)) as app:
        assert "No scorecard applies here yet" in page(app.test_client(), "/ui/company")


@pytest.mark.parametrize(("viewer", "sees"), [(samples.ADMIN, True), (HEAD, False), (EMPLOYEE, False)])
def test_way_to_the_company_is_shown_to_those_who_may_see_it(viewer, sees):
    with application(viewer) as app:
        assert ('href="/ui/company"' in app.test_client().get("/ui/my", headers=HTMX).text) is sees


def test_other_days_are_chosen_by_their_first_and_last():
    days = custom(date(2026, 11, 2), date(2026, 11, 21))
    with application(answers=Answers(team=samples.team(period=days, previous=None))) as app:
        client = app.test_client()
        text = client.get("/ui/team?period=custom&start=2026-11-02&until=2026-11-20", headers=HTMX).text
        assert asked(client)[3] == days
    assert 'hx-get="/ui/team?period=custom" hx-push-url="true"' in text
    assert 'name="until" value="2026-11-20"' in text


def test_kind_of_period_offers_other_days_beginning_with_those_shown(client):
    text = unescape(client.get("/ui/team", headers=HTMX).text)
    assert 'href="/ui/team?period=custom&start=2026-11-01&until=2026-11-30"' in text


def test_shared_link_of_a_number_opens_its_reasons(client):
    text = client.get("/ui/team?why=revenue&whose=employee-8", headers=HTMX).text
    assert 'hx-trigger="load" hx-target="#panel-body"' in text
    assert "indicator=revenue&amp;subject=employee&amp;subject_id=8" in text


def test_why_lists_the_records_with_their_amounts_and_hides_those_of_others(client):
    text = page(client, "/ui/why?scorecard=sales&indicator=revenue&subject=employee&subject_id=7&cursor=7")
    assert asked(client) == ("why", "sales", "revenue", employee(ANNA), NOVEMBER, "7")
    assert "96 records" in text
    assert "$611.02 × 90" in text
    assert "and 3 records of other people" in text


def test_why_shows_the_formula_with_its_numbers_and_leads_to_their_own_reasons():
    operands = (WhyOperand("Выручка", None, "revenue"), WhyOperand("meetings", Number(Fraction(3), "count"), None))
    told = samples.why(formula="[Выручка] / meetings < 5", operands=operands)
    with application(answers=Answers(why=told)) as app:
        text = app.test_client().get("/ui/why?scorecard=sales&indicator=f&subject=employee", headers=HTMX).text
    assert "<code>[Выручка] / meetings &lt; 5</code>" in text
    assert re.search(r'href="/ui/why[^"]*indicator=revenue[^"]*"[^>]*>Выручка</a>', text)
    assert "Amounts of money are hidden from you." in text
    assert re.search(r"<td>meetings</td>\s*<td[^>]*>3</td>", text)


def test_sides_of_a_number_are_tabs_and_an_unknown_one_is_an_error(client):
    text = client.get("/ui/why?tab=not-counted", headers=HTMX).text
    assert re.search(r'id="tab-not-counted"[^>]+aria-current="page"', text)
    assert page(client, "/ui/why?tab=nonsense", status=422)


def test_not_counted_tells_the_reason_of_each_record(client):
    text = page(client, "/ui/why?scorecard=sales&indicator=revenue&subject=company&tab=not-counted")
    assert asked(client)[:4] == ("not_counted", "sales", "revenue", COMPANY)
    assert "The deal has no amount." in text


def test_deal_tab_says_what_a_win_gives_to_whom(client):
    text = page(client, "/ui/deal/7405")
    assert asked(client) == ("deal", 7405)
    assert "Won now, it adds 6.4 to the score of Anna Snelling" in text
    assert "The client has bought before." in text


def test_gain_is_told_once_per_person_and_scorecard():
    assert len(dashboards.gains(samples.deal())) == 1


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (samples.sync(3200, 8800, "running"), "Reading: 3,200 of 8,800"),
        (samples.sync(3200, 8800, "failed"), "Sync has stopped"),
        (samples.sync(), "Live"),
        (replace(samples.sync(), pending_events=2), "2 changes on their way"),
        (replace(samples.sync(), lag_seconds=7200), "Behind the portal by 2 hours"),
    ],
)
def test_sync_chip_says_how_fresh_the_numbers_are(state, says):
    with application(answers=Answers(sync=state)) as app:
        assert says in page(app.test_client(), "/ui/sync")


def test_first_run_shows_progress_and_then_the_way_to_the_numbers():
    with application(answers=Answers(sync=samples.sync(3200, 8800, "running"))) as app:
        assert "3,200 of 8,800" in page(app.test_client(), "/ui/start")
    with application() as app:
        assert "See the first numbers" in page(app.test_client(), "/ui/start")


@pytest.mark.parametrize(
    ("viewer", "sync", "leads_to"),
    [
        (samples.ADMIN, samples.sync(10, 20, "running"), "/ui/start"),
        (samples.ADMIN, samples.sync(), "/ui/team"),
        (HEAD, samples.sync(), "/ui/team"),
        (EMPLOYEE, samples.sync(10, 20, "running"), "/ui/my"),
    ],
)
def test_everybody_begins_where_their_question_is_answered(viewer, sync, leads_to):
    with application(viewer, answers=Answers(sync=sync)) as app:
        assert app.test_client().get("/ui/", headers=HTMX).location == leads_to


@pytest.mark.parametrize(
    "address",
    [
        "/ui/my?period=fortnight",
        "/ui/my?start=yesterday",
        "/ui/my?subject=robot&subject_id=1",
        "/ui/my?subject=employee&subject_id=x",
        "/ui/team?department=x",
        "/ui/team?why=revenue&whose=7",
    ],
)
def test_a_broken_address_is_answered_with_a_sentence(client, address):
    text = page(client, address, status=422)
    assert text.endswith("Open the first page")
    assert len(text) > len("Open the first page")
