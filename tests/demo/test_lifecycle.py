"""The app's life: tokens, installation, events to the app and the offline queue, robots that wait for an answer."""

from b24app.demo import deals, installation
from b24app.lib import clock


def refresh(client, token: str, **changes: str):
    settings = client.application.extensions["demo_portal"].settings
    query = {"client_id": settings.client_id, "client_secret": settings.client_secret, "grant_type": "refresh_token"}
    return client.get("/oauth-server/oauth/token/", query_string={**query, "refresh_token": token, **changes})


def pair_of(client, user_id: int = 1):
    return client.post("/demo/api/tokens", json={"user_id": user_id}).get_json()


def test_refresh_token_works_once(client, portal):
    pair = pair_of(client)

    first, second = refresh(client, pair["refresh_token"]), refresh(client, pair["refresh_token"])

    assert first.get_json()["member_id"] == portal.settings.member_id
    assert (second.status_code, second.get_json()["error"]) == (400, "invalid_grant")
    assert refresh(client, first.get_json()["refresh_token"]).status_code == 200
    assert (portal.tokens.refreshes, portal.tokens.reused_refreshes) == (2, 1)


def test_wrong_secret_and_wrong_client_get_no_token(client, portal):
    pair = pair_of(client)

    assert refresh(client, pair["refresh_token"], client_secret="x").get_json()["error"] == "invalid_client"
    stranger = refresh(client, pair["refresh_token"], client_id="x")
    assert (stranger.status_code, stranger.get_json()["error"]) == (200, "wrong_client")


def test_authorization_code_works_once(client, portal):
    code = client.post("/demo/api/codes", json={"user_id": 8}).get_json()["code"]

    answers = [refresh(client, "", grant_type="authorization_code", code=code) for _attempt in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].get_json()["user_id"] == 8


def test_expired_token_is_refused_until_refreshed(client, admin, portal):
    pair = pair_of(client)
    client.post("/demo/api/faults", json={"expire_tokens": True})

    assert (admin.raw("profile").status_code, admin.raw("profile").get_json()["error"]) == (401, "expired_token")
    admin.token = refresh(client, pair["refresh_token"]).get_json()["access_token"]
    assert admin.result("profile")["ID"] == "1"


def test_token_of_a_dismissed_user_is_refused(client, agent):
    client.post("/demo/api/faults", json={"dismiss": [int(agent.result("profile")["ID"])]})

    assert agent.raw("profile").get_json()["error"] == "authorization_error"


def test_unknown_token_is_refused(client, portal):
    assert client.post("/rest/profile", json={"auth": "forged"}).get_json()["error"] == "NO_AUTH_FOUND"


def test_app_info_of_the_oauth_server_tells_whose_token_it_is(client, portal):
    pair = pair_of(client, 8)

    result = client.get("/oauth-server/rest/app.info/", query_string={"auth": pair["access_token"]}).get_json()[
        "result"
    ]

    assert (result["user_id"], result["client_id"]) == (8, portal.settings.client_id)
    assert result["install"]["member_id"] == portal.settings.member_id
    assert result["install"]["domain"] == "localhost:8001"
    assert result["install"]["client_endpoint"] == "http://localhost:8001/rest/"


def test_first_visit_of_the_administrator_begins_the_installation(client):
    state = client.application.extensions["demo_portal"]
    assert client.post("/demo/api/placement-form", json={}).status_code == 404

    client.get("/")
    form = client.post("/demo/api/placement-form", json={"user_id": 1, "lang": "en"}).get_json()

    assert state.app.state == "installing"
    assert form["action"] == "http://127.0.0.1:8000/b24/install"
    assert set(form["query"]) == {"DOMAIN", "PROTOCOL", "LANG", "APP_SID"}
    assert form["fields"]["PLACEMENT"] == "DEFAULT"
    assert form["name"] == f"localhost:8001|0|{form['sid']}"


def test_nothing_is_told_before_the_installation_is_finished(client, listener):
    state = client.application.extensions["demo_portal"]
    installation.install(state)
    state.events.bind("ONCRMDEALUPDATE", listener.url, 1, False)
    state.events.bind("ONAPPINSTALL", listener.url, 1, False)

    deals.win(state, 5, actor=1)
    installation.finish(state)

    (post,) = listener.wait()
    assert post["event"] == "ONAPPINSTALL"
    assert post["auth"]["refresh_token"]


def test_changed_deal_is_told_as_bitrix24_tells_it(admin, portal, listener):
    admin.result("event.bind", event="OnCrmDealUpdate", handler=listener.url)
    deals.win(portal, 5, actor=8)

    (post,) = listener.wait()

    assert (post["event"], post["data"]) == ("ONCRMDEALUPDATE", {"FIELDS": {"ID": "5"}})
    assert post["auth"]["application_token"] == portal.app.token
    assert post["auth"]["member_id"] == portal.settings.member_id
    assert "refresh_token" not in post["auth"]


def test_move_to_another_funnel_fires_only_its_own_event(admin, portal, listener):
    for event in ("ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY"):
        admin.result("event.bind", event=event, handler=listener.url)

    deals.move(portal, 5, "C1:NEW", actor=1)
    deals.move(portal, 5, "C1:WON", actor=1)

    posts = sorted(listener.wait(2), key=lambda post: post["event"])
    assert [post["event"] for post in posts] == ["ONCRMDEALMOVETOCATEGORY", "ONCRMDEALUPDATE"]
    assert posts[0]["data"]["FIELDS"] == {"ID": "5", "CATEGORY_ID": "1", "STAGE_ID": "C1:NEW"}
    kinds = [portal.history.rows[id]["TYPE_ID"] for id in portal.history.matching("OWNER_ID", 5)]
    assert kinds[-2:] == [5, 3]


def test_events_are_lost_or_doubled_on_purpose(client, admin, portal, listener):
    admin.result("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)
    client.post("/demo/api/faults", json={"drop_events": 1.0})
    deals.win(portal, 5, actor=1)
    client.post("/demo/api/faults", json={"drop_events": 0, "double_events": True})
    deals.win(portal, 6, actor=1)

    posts = listener.wait(2)

    assert [post["data"]["FIELDS"]["ID"] for post in posts] == ["6", "6"]
    assert portal.courier.dropped == 1


def test_events_overtake_each_other_on_purpose(client, admin, portal, listener):
    admin.result("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)
    client.post("/demo/api/faults", json={"shuffle_events": 8})
    for id in range(1, 21):
        deals.win(portal, id, actor=1)
    listener.wait(12)
    assert client.get("/demo/api/stats").get_json()["events"]["pending"] >= 8

    client.post("/demo/api/faults", json={"shuffle_events": 0})

    ids = [int(post["data"]["FIELDS"]["ID"]) for post in listener.wait(20)]
    assert sorted(ids) == list(range(1, 21))
    assert ids != sorted(ids)


def test_binding_the_same_handler_twice_is_an_error(admin):
    admin.result("event.bind", event="ONCRMDEALADD", handler="http://127.0.0.1:1/")

    assert (
        "Unable to set event handler"
        in admin.raw("event.bind", event="ONCRMDEALADD", handler="http://127.0.0.1:1/").get_json()["error_description"]
    )
    assert admin.result("event.get")[0]["auth_type"] == "1"
    assert admin.result("event.unbind", event="ONCRMDEALADD", handler="http://127.0.0.1:1/") == {"count": 1}


def test_offline_queue_keeps_one_row_per_object_and_hands_it_to_one_reader(admin, portal):
    admin.result("event.bind", event="ONCRMDEALUPDATE", event_type="offline")
    for _time in range(3):
        deals.change(portal, 2, 5, {"title": "x"}, actor=1)
    deals.change(portal, 2, 6, {"title": "y"}, actor=1)

    taken = admin.result("event.offline.get", clear=0)
    again = admin.result("event.offline.get", clear=0)
    first, second = (event["MESSAGE_ID"] for event in taken["events"])
    admin.result("event.offline.clear", process_id=taken["process_id"], message_id=[first])
    admin.result("event.offline.error", process_id=taken["process_id"], message_id=[second])

    assert [event["EVENT_DATA"]["FIELDS"]["ID"] for event in taken["events"]] == ["5", "6"]
    assert again["events"] == []
    assert [row["ERROR"] for row in admin.result("event.offline.list")] == ["1"]


def test_offline_queue_empties_at_once_by_default(admin, portal):
    admin.result("event.bind", event="ONCRMDEALUPDATE", event_type="offline")
    deals.win(portal, 5, actor=1)

    assert len(admin.result("event.offline.get")["events"]) == 1
    assert admin.result("event.offline.get") == {"process_id": None, "events": []}


ROBOT = {
    "CODE": "kpi_get",
    "NAME": {"en": "Get KPI"},
    "USE_SUBSCRIPTION": "Y",
    "PROPERTIES": {"period": {"Name": "Period", "Type": "select", "Options": {"current": "Now"}, "Default": "current"}},
    "RETURN_PROPERTIES": {"score": {"Name": "Score", "Type": "double"}},
}


def test_robot_waits_until_the_app_answers_and_only_once(client, admin, portal, listener):
    admin.result("bizproc.robot.add", HANDLER=listener.url, **ROBOT)
    run = client.post("/demo/api/robots/run", json={"code": "kpi_get", "document": "DEAL_5"}).get_json()
    (post,) = listener.wait()
    answer = {"EVENT_TOKEN": post["event_token"], "RETURN_VALUES": {"score": "98.5"}, "LOG_MESSAGE": "counted"}

    assert run["state"] == "waiting"
    assert (post["code"], post["document_id"]) == ("kpi_get", ["crm", "CCrmDocumentDeal", "DEAL_5"])
    assert (post["properties"], post["use_subscription"]) == ({"period": "current"}, "Y")
    admin.result("bizproc.event.send", **answer)
    assert client.get(f"/demo/api/robots/runs/{run['id']}").get_json()["results"] == {"score": "98.5"}
    assert admin.raw("bizproc.event.send", **answer).status_code == 403


def test_robots_and_activities_share_their_codes(admin):
    admin.result("bizproc.robot.add", HANDLER="http://127.0.0.1:1/", **ROBOT)
    twice = admin.raw("bizproc.activity.add", HANDLER="http://127.0.0.1:1/", **ROBOT)

    assert twice.get_json()["error"] == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    assert admin.result("bizproc.robot.update", CODE="kpi_get", FIELDS={"NAME": "Other"}) is True
    assert (admin.result("bizproc.robot.list"), admin.result("bizproc.activity.list")) == (["kpi_get"], [])
    assert admin.result("bizproc.robot.delete", CODE="kpi_get") is True


def test_update_wipes_handlers_and_robots_but_keeps_placements(admin, portal, listener):
    admin.result("event.bind", event="ONAPPUPDATE", handler=listener.url)
    admin.result("bizproc.robot.add", HANDLER=listener.url, **ROBOT)
    admin.result("placement.bind", PLACEMENT="LEFT_MENU", HANDLER="http://127.0.0.1:8000/b24/app", TITLE="KPI")

    installation.update(portal, new_token=True)

    assert listener.wait()[0]["data"]["PREVIOUS_VERSION"] == "1"
    assert (admin.result("event.get"), admin.result("bizproc.robot.list")) == ([], [])
    assert [one["placement"] for one in admin.result("placement.get")] == ["LEFT_MENU"]


def test_removal_kills_tokens_and_tells_without_any(client, admin, portal, listener):
    admin.result("event.bind", event="ONAPPUNINSTALL", handler=listener.url)
    old_token = portal.app.token

    client.post("/demo/api/app/uninstall", json={"clean": True})

    (post,) = listener.wait()
    assert post["data"]["CLEAN"] == "1"
    assert post["auth"]["application_token"] == old_token
    assert "access_token" not in post["auth"]
    assert admin.raw("profile").get_json()["error"] == "APPLICATION_NOT_FOUND"
    client.post("/demo/api/app/install", json={})
    assert portal.app.token != old_token


def test_tokens_in_events_are_reused_while_they_are_fresh(portal):
    assert portal.tokens.current(8, clock.now()) == portal.tokens.current(8, clock.now())
