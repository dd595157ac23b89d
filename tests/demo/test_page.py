"""The portal's pages answer, show the app where it is bound, and let people act."""

import pytest

from b24app.demo import custom_fields, deals

PAGES = (
    "/",
    "/crm/deal/list/?q=gtx&stage=WON",
    "/crm/company/list/",
    "/crm/deal/details/5/",
    "/crm/deal/details/5/?IFRAME=Y",
    "/crm/company/details/5/",
    "/crm/contact/details/5/",
    "/crm/lead/details/5/",
    "/report/analytics/",
    "/notifications/",
    "/marketplace/app/b24app.kpi/",
    "/marketplace/view/b24app.kpi/?params[go]=/ui/team",
)


@pytest.fixture(autouse=True)
def _bound(admin):
    for code in ("LEFT_MENU", "CRM_ANALYTICS_MENU", "CRM_DEAL_DETAIL_TAB", "REST_APP_URI"):
        titles = {"en": {"TITLE": f"KPI in {code}"}, "ru": {"TITLE": f"Показатели в {code}"}}
        admin.result("placement.bind", PLACEMENT=code, HANDLER="http://127.0.0.1:8000/b24/app", LANG_ALL=titles)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_page_answers_in_both_languages(client, path, language):
    client.set_cookie("demo_language", language)

    answer = client.get(path, follow_redirects=True)

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_bound_placements_appear_under_their_titles(client):
    assert "KPI in LEFT_MENU" in client.get("/").text
    assert "KPI in CRM_DEAL_DETAIL_TAB" in client.get("/crm/deal/details/5/").text
    assert "Показатели в CRM_ANALYTICS_MENU" in client.get("/report/analytics/?lang=ru").text


def test_deal_card_shows_what_is_sold_and_its_custom_fields(client, portal):
    deals.change(portal, 2, 5, {custom_fields.CONTRACT.name: "A-7", custom_fields.SECTOR.name: 103}, actor=1)
    deals.set_products(portal, 5, [{"productId": 203, "price": 60, "quantity": 2}], actor=1)

    text = client.get("/crm/deal/details/5/?lang=en").text

    assert "MG Special" in text
    assert "$60.00 × 2" in text
    assert 'value="A-7"' in text
    assert '<option value="103" selected>Retail</option>' in text
    assert "Отрасль клиента" in client.get("/crm/deal/details/5/?lang=ru").text


def test_unknown_records_and_apps_are_not_found(client):
    assert client.get("/crm/deal/details/999999/").status_code == 404
    assert client.get("/marketplace/app/other/").status_code == 404


def test_frame_is_opened_with_the_viewers_own_token(client, portal):
    client.get("/?viewer=8")

    frame = client.post("/portal/frame", json={"placement": "CRM_DEAL_DETAIL_TAB", "options": {"ID": "5"}}).get_json()

    assert frame["init"]["IS_ADMIN"] is False
    assert frame["init"]["PLACEMENT_OPTIONS"] == {"ID": "5"}
    assert client.post("/rest/profile", json={"auth": frame["fields"]["AUTH_ID"]}).get_json()["result"]["ID"] == "8"


def test_link_for_a_colleague_carries_its_parameters_into_the_frame(client):
    assert "/ui/team" in client.get("/marketplace/view/b24app.kpi/?params[go]=/ui/team").text


def test_only_an_administrator_finishes_an_installation(client, portal):
    portal.app.state = "installing"
    client.get("/marketplace/app/b24app.kpi/?viewer=8")

    assert client.post("/portal/install-finish", json={}).status_code == 403
    assert portal.app.state == "installing"


def test_actions_need_a_json_body_so_that_no_foreign_page_can_post_them(client):
    assert client.post("/demo/api/deals/5/win", data={"as": "1"}).status_code == 415


def test_back_door_acts_as_a_person(client, portal):
    deal = client.post("/demo/api/deals", json={"title": "New", "opportunity": 700, "as": 8}).get_json()
    won = client.post(f"/demo/api/deals/{deal['id']}/win", json={"amount": 900, "as": 8}).get_json()
    client.patch(f"/demo/api/deals/{deal['id']}", json={"assignedById": 9})
    meeting = client.post("/demo/api/activities", json={"kind": "meeting", "owner": 8, "deal": deal["id"]}).get_json()
    history = client.get(f"/demo/api/deals/{deal['id']}").get_json()["history"]

    assert (won["stageId"], won["opportunity"], won["movedBy"]) == ("WON", 900, 8)
    assert portal.deals.rows[deal["id"]]["assignedById"] == 9
    assert (meeting["COMPLETED"], meeting["RESPONSIBLE_ID"]) == ("Y", 8)
    assert [step["STAGE_ID"] for step in history] == ["NEW", "WON"]
    assert client.post("/demo/api/deals/999999/win", json={}).status_code == 404
