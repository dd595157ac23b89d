"""How the portal answers REST calls: lists, filters, errors, batches, the rate limit, refusals on purpose."""

import pytest

from b24app.demo import deals
from b24app.demo.limits import CAPACITY, Limiter
from b24app.demo.wire import flatten, parse_query, unflatten


def test_list_pages_by_fifty_with_total_and_next(admin):
    first = admin("crm.item.list", entityTypeId=2, select=["id"])
    last = admin("crm.item.list", entityTypeId=2, select=["id"], start=250)

    assert (len(first["result"]["items"]), first["total"], first["next"]) == (50, 300, 50)
    assert (len(last["result"]["items"]), "next" in last) == (50, False)


def test_keyset_list_counts_nothing(admin):
    page = admin("crm.item.list", entityTypeId=2, select=["id"], filter={">id": 120}, order={"id": "ASC"}, start=-1)

    assert [item["id"] for item in page["result"]["items"]] == list(range(121, 171))
    assert "total" not in page
    assert "next" not in page


@pytest.mark.parametrize(
    ("filter", "test"),
    [
        ({"stageSemanticId": "S"}, lambda deal: deal["stageSemanticId"] == "S"),
        ({"@stageSemanticId": ["S", "F"]}, lambda deal: deal["stageSemanticId"] in "SF"),
        ({"!stageSemanticId": "S"}, lambda deal: deal["stageSemanticId"] != "S"),
        ({"!@stageId": ["WON"]}, lambda deal: deal["stageId"] != "WON"),
        ({">=opportunity": 1000, "<opportunity": "3000"}, lambda deal: 1000 <= deal["opportunity"] < 3000),
        ({"companyId": 0}, lambda deal: deal["companyId"] == 0),
        ({"%title": "gtx"}, lambda deal: "gtx" in deal["title"].lower()),
        ({"closed": "Y"}, lambda deal: deal["closed"] == "Y"),
        ({"<=ID": "20"}, lambda deal: deal["id"] <= 20),
        ({">closedate": "2026-02-05"}, lambda deal: deal["closedate"][:10] > "2026-02-05"),
        (
            {"0": {"logic": "OR", "0": {"stageSemanticId": "F"}, "1": {">opportunity": 5000}}, "<id": 200},
            lambda deal: (deal["stageSemanticId"] == "F" or deal["opportunity"] > 5000) and deal["id"] < 200,
        ),
    ],
)
def test_filter_selects_what_it_says(admin, filter, test):
    every = [admin.result("crm.item.list", entityTypeId=2, start=start)["items"] for start in range(0, 300, 50)]
    expected = [deal["id"] for page in every for deal in page if test(deal)]

    answer = admin("crm.item.list", entityTypeId=2, filter=filter)

    assert 0 < len(expected) < 300
    assert answer["total"] == len(expected)
    assert [deal["id"] for deal in answer["result"]["items"]] == expected[:50]


def test_filter_by_time_understands_other_offsets(admin):
    deal = admin.result("crm.item.get", entityTypeId=2, id=100)["item"]
    noon_in_utc = deal["createdTime"].replace("T12:00:00+03:00", "T09:00:00+00:00")

    found = admin.result("crm.item.list", entityTypeId=2, filter={"createdTime": noon_in_utc})["items"]

    assert deal["id"] in [one["id"] for one in found]


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("crm.item.list", {"entityTypeId": 2, "filter": {"stgeId": "NEW"}}, 400, "INVALID_ARG_VALUE"),
        ("crm.item.list", {"entityTypeId": 2, "order": {"id": "UP"}}, 400, "INVALID_ARG_VALUE"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {">createdTime": "soon"}}, 400, "INVALID_ARG_VALUE"),
        ("crm.item.list", {"entityTypeId": 999}, 400, "NOT_FOUND"),
        ("crm.item.get", {"entityTypeId": 2, "id": 999_999}, 400, "NOT_FOUND"),
        ("crm.stagehistory.list", {"entityTypeId": 2, "filter": {"OWNER": 1}}, 400, "INVALID_ARG_VALUE"),
        ("crm.nothing", {}, 404, "ERROR_METHOD_NOT_FOUND"),
        ("event.bind", {"event": "ONMOON", "handler": "http://a/"}, 400, "ERROR_EVENT_NOT_FOUND"),
        ("bizproc.robot.add", {"CODE": "a b", "HANDLER": "http://a/"}, 400, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ("placement.bind", {"PLACEMENT": ""}, 200, "ERROR_ARGUMENT"),
    ],
)
def test_errors_have_the_portals_codes(admin, method, params, status, code):
    answer = admin.raw(method, **params)

    assert (answer.status_code, answer.get_json()["error"]) == (status, code)


def test_old_lists_ignore_unknown_filter_fields_and_answer_strings(admin):
    answer = admin("crm.deal.list", filter={"NO_SUCH": 1}, select=["ID", "OPPORTUNITY", "CLOSEDATE"])

    assert answer["total"] == 300
    assert answer["result"][0]["ID"] == "1"
    assert answer["result"][0]["CLOSEDATE"].endswith("T03:00:00+03:00")


def test_employee_reads_only_their_own_deals_and_cannot_administer(admin, agent):
    mine = agent.result("user.current")["ID"]
    answer = agent("crm.item.list", entityTypeId=2, select=["assignedById"])

    assert {str(item["assignedById"]) for item in answer["result"]["items"]} == {mine}
    assert answer["total"] < admin("crm.item.list", entityTypeId=2)["total"]
    assert agent.raw("placement.get").get_json()["error"] == "ACCESS_DENIED"


def test_batch_chains_pages_through_results_of_earlier_commands(admin):
    command = "crm.item.list?entityTypeId=2&select[0]=id&order[id]=ASC&start=-1&filter[%3Eid]="
    cmd = {"p0": f"{command}0", **{f"p{n}": f"{command}$result[p{n - 1}][items][49][id]" for n in range(1, 6)}}

    result = admin.result("batch", halt=0, cmd=cmd)

    ids = [item["id"] for page in result["result"].values() for item in page["items"]]
    assert ids == list(range(1, 301))
    assert (result["result_error"], result["result_total"]) == ([], [])


def test_batch_reports_errors_beside_results_and_halts_when_asked(admin, portal):
    cmd = {"bad": "crm.nothing", "inner": "batch?cmd[a]=profile", "good": "profile"}

    going_on, halted = admin.result("batch", cmd=cmd), admin.result("batch", halt=1, cmd=cmd)

    assert going_on["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert list(going_on["result"]) == ["good"]
    assert (list(halted["result_error"]), halted["result"]) == (["bad"], [])
    assert portal.traffic.by_method["batch"] == portal.traffic.requests == 2
    assert portal.traffic.commands["profile"] == 1


def test_batch_of_more_than_fifty_is_refused(admin):
    answer = admin.raw("batch", cmd={f"c{n}": "profile" for n in range(51)})

    assert (answer.status_code, answer.get_json()["error"]) == (400, "ERROR_BATCH_LENGTH_EXCEEDED")


def test_form_bodies_and_suffixes_are_understood(client, admin):
    form = {"auth": admin.token, "entityTypeId": "2", "filter[>id]": "298", "select[]": "id"}

    answer = client.post("/rest/crm.item.list.json", data=form).get_json()

    assert [item["id"] for item in answer["result"]["items"]] == [299, 300]


def test_limiter_lets_fifty_through_and_drains_two_a_second():
    limiter = Limiter()

    burst = [limiter.admit("1.2.3.4", 100.0) for _request in range(CAPACITY + 3)]
    later = [limiter.admit("1.2.3.4", 102.0) for _request in range(6)]

    assert (burst.count(True), later.count(True)) == (50, 4)
    assert limiter.violations == 5
    assert limiter.admit("other", 102.0)


def test_request_over_the_limit_answers_503_and_is_counted(admin, portal):
    portal.limiter.enforced = True

    statuses = [admin.raw("profile").status_code for _request in range(60)]

    assert statuses[:50] == [200] * 50
    assert statuses[-1] == 503
    assert portal.limiter.violations == statuses.count(503)


def test_requests_are_refused_on_purpose_and_then_served_again(client, admin):
    client.post("/demo/api/faults", json={"reject": {"count": 2, "status": 502, "html": "<h1>Bad gateway</h1>"}})
    client.post("/demo/api/faults", json={"operation_limit": ["crm.type.list"]})

    answers = [admin.raw("profile") for _request in range(3)]

    assert [answer.status_code for answer in answers] == [502, 502, 200]
    assert "Bad gateway" in answers[0].text
    assert admin.raw("crm.type.list").get_json()["error"] == "OPERATION_TIME_LIMIT"
    client.delete("/demo/api/faults", json={})
    assert admin.raw("crm.type.list").status_code == 200


def test_moved_portal_answers_302_at_its_old_address(client, admin):
    client.post("/demo/api/faults", json={"moved_to": "http://new.example:8001"})

    old = admin.raw("profile")
    new = client.post("/rest/profile", json={"auth": admin.token}, base_url="http://new.example:8001")

    assert (old.status_code, old.headers["Location"]) == (302, "http://new.example:8001/rest/profile")
    assert new.status_code == 200


def test_written_deal_is_found_by_its_time_and_in_the_history(admin, portal):
    moment = portal.now().isoformat()
    item = admin.result("crm.item.add", entityTypeId=2, fields={"title": "Fresh", "opportunity": 10.5})["item"]
    admin.result("crm.item.update", entityTypeId=2, id=item["id"], fields={"stageId": "WON"})

    found = admin.result("crm.item.list", entityTypeId=2, filter={">=updatedTime": moment}, start=-1)["items"]
    steps = admin.result("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": item["id"]})["items"]

    assert [(deal["id"], deal["opportunity"], deal["stageSemanticId"]) for deal in found] == [(item["id"], 10.5, "S")]
    assert [(step["TYPE_ID"], step["STAGE_ID"]) for step in steps] == [(1, "NEW"), (3, "WON")]


def test_deleted_deal_leaves_lists_and_history(admin, portal):
    deals.delete(portal, 2, 7, actor=1)

    assert admin("crm.item.list", entityTypeId=2)["total"] == 299
    assert admin.result("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": 7})["items"] == []


def test_dictionaries_people_and_departments(admin):
    stages = admin.result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"})
    currencies = admin.result("crm.currency.list")
    people = admin("user.get", FILTER={"ACTIVE": True})
    departments = admin.result("department.get")

    assert {stage["STATUS_ID"]: stage["SEMANTICS"] for stage in stages}["WON"] == "S"
    assert {one["CURRENCY"]: one["BASE"] for one in currencies} == {"USD": "Y", "EUR": "N", "RUB": "N"}
    assert people["total"] == 50
    assert "EMAIL" not in people["result"][0]
    assert [one["NAME"] for one in departments if one.get("PARENT") == "1"] == [
        "Administration",
        "Central",
        "East",
        "West",
        "Customer support",
    ]


def test_notification_with_the_same_tag_replaces_the_older_one(client, admin):
    admin.result("im.notify.system.add", USER_ID=8, MESSAGE="80 %", TAG="kpi-november")
    admin.result("im.notify.system.add", USER_ID=8, MESSAGE="90 %", TAG="kpi-november")

    items = client.get("/demo/api/notifications?user_id=8").get_json()["items"]
    assert [item["text"] for item in items] == ["90 %"]


def test_php_forms_survive_the_way_there_and_back():
    nested = {"data": {"FIELDS": {"ID": "7"}}, "document_id": ["crm", "CCrmDocumentDeal", "DEAL_7"], "ts": "1"}

    assert unflatten(flatten(nested)) == nested
    assert parse_query("select[]=id&select[]=title&filter[%3E%3Did]=5") == {
        "select": ["id", "title"],
        "filter": {">=id": "5"},
    }


def test_a_smart_process_is_made_filled_moved_and_listed(admin):
    type_id = admin.result("crm.type.add", fields={"title": "Contracts"})["type"]["entityTypeId"]
    assert "Contracts" in {one["title"] for one in admin.result("crm.type.list")["types"]}
    (funnel,) = admin.result("crm.category.list", entityTypeId=type_id)["categories"]
    stages = admin.result("crm.status.list", filter={"ENTITY_ID": f"DYNAMIC_{type_id}_STAGE_{funnel['id']}"})
    item = admin.result("crm.item.add", entityTypeId=type_id, fields={"title": "One"})["item"]
    won = next(stage["STATUS_ID"] for stage in stages if stage["SEMANTICS"] == "S")
    assert item["stageId"] == stages[0]["STATUS_ID"] != won
    admin.result("crm.item.update", entityTypeId=type_id, id=item["id"], fields={"stageId": won})
    moves = admin.result("crm.stagehistory.list", entityTypeId=type_id, filter={"OWNER_ID": item["id"]})["items"]
    assert [(move["TYPE_ID"], move["STAGE_SEMANTIC_ID"]) for move in moves] == [(1, "P"), (3, "S")]
    assert "stageSemanticId" not in admin.result("crm.item.get", entityTypeId=type_id, id=item["id"])["item"]
