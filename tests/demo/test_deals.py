"""What people do to deals leaves the right history, the right names and the events of a real portal."""

import pytest

from b24app.demo import deals
from b24app.demo.records import STAGE_HISTORY
from b24app.demo.state import COMPANY, DEAL


def history(portal, id: int) -> list[tuple[int, int, str, str]]:
    fields = [STAGE_HISTORY[name] for name in ("TYPE_ID", "CATEGORY_ID", "STAGE_ID", "STAGE_SEMANTIC_ID")]
    steps = [portal.history.rows[step] for step in portal.history.matching("OWNER_ID", id)]
    return [tuple(field.read(step) for field in fields) for step in steps]


def test_whole_life_of_a_deal_is_in_its_history(portal):
    id = deals.create(portal, DEAL, {"title": "Long"}, actor=8)["id"]
    deals.move(portal, id, "EXECUTING", actor=8)
    deals.win(portal, id, actor=8)
    deals.reopen(portal, id, actor=9)
    deals.change(portal, DEAL, id, {"assignedById": 10}, actor=9)
    deals.move(portal, id, "C1:PREPARATION", actor=9)
    deals.lose(portal, id, actor=9)
    deals.move(portal, id, "C1:WON", actor=9)
    deals.move(portal, id, "NEW", actor=9)

    assert history(portal, id) == [
        (1, 0, "NEW", "P"),
        (2, 0, "EXECUTING", "P"),
        (3, 0, "WON", "S"),
        (2, 0, "PREPARATION", "P"),
        (5, 1, "C1:PREPARATION", "P"),
        (3, 1, "C1:LOSE", "F"),
        (3, 1, "C1:WON", "S"),
        (5, 0, "NEW", "P"),
    ]


def test_deal_knows_who_changed_it_and_who_moved_it(admin, agent, portal):
    mine = int(agent.result("user.current")["ID"])
    id = agent.result("crm.item.add", entityTypeId=2, fields={"title": "Mine"})["item"]["id"]
    agent.result("crm.item.update", entityTypeId=2, id=id, fields={"stageId": "PREPARATION"})
    admin.result("crm.deal.update", id=id, fields={"TITLE": "Ours"})

    deal = admin.result("crm.item.get", entityTypeId=2, id=id)["item"]

    assert (deal["createdBy"], deal["movedBy"], deal["updatedBy"]) == (mine, mine, 1)
    deals.reopen(portal, id, actor=9)
    assert admin.result("crm.deal.get", id=id)["MOVED_BY_ID"] == str(mine)  # it was on that stage already
    deals.win(portal, id, actor=9)
    assert admin.result("crm.deal.get", id=id)["MOVED_BY_ID"] == "9"


def two_clients(portal) -> tuple[int, int]:
    kept, merged = sorted(portal.companies.ids, key=lambda id: -len(portal.deals.matching("companyId", id)))[:2]
    return kept, merged


def test_merged_company_leaves_its_deals_silently_to_the_other_one(admin, portal, listener):
    for event in ("ONCRMDEALUPDATE", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE"):
        admin.result("event.bind", event=event, handler=listener.url)
    kept, merged = two_clients(portal)
    own, given = portal.deals.matching("companyId", kept), portal.deals.matching("companyId", merged)
    times = {id: portal.deals.rows[id]["updatedTime"] for id in given}

    moved = deals.merge_companies(portal, kept, merged, actor=8)

    assert moved == list(given)
    assert set(portal.deals.matching("companyId", kept)) == {*own, *given}
    assert {id: portal.deals.rows[id]["updatedTime"] for id in given} == times
    posts = listener.wait(2)
    assert {(post["event"], post["data"]["FIELDS"]["ID"]) for post in posts} == {
        ("ONCRMCOMPANYUPDATE", str(kept)),
        ("ONCRMCOMPANYDELETE", str(merged)),
    }
    assert admin.raw("crm.item.get", entityTypeId=4, id=merged).get_json()["error"] == "NOT_FOUND"
    contact = admin.result("crm.item.get", entityTypeId=3, id=merged)["item"]
    assert (contact["companyId"], contact["companyIds"]) == (kept, [kept])


def test_merge_that_touches_deals_tells_each_of_them(client, admin, portal, listener):
    admin.result("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)
    kept, merged = two_clients(portal)
    given = portal.deals.matching("companyId", merged)

    answer = client.post(f"/demo/api/companies/{merged}/merge", json={"into": kept, "touch_deals": True, "as": 8})

    assert answer.get_json() == {"company": kept, "deals": list(given)}
    assert {post["data"]["FIELDS"]["ID"] for post in listener.wait(len(given))} == {str(id) for id in given}
    assert {portal.deals.rows[id]["updatedBy"] for id in given} == {8}


@pytest.mark.parametrize(("into", "status"), [(1, 400), (999, 404)])
def test_company_is_merged_only_with_another_one_that_exists(client, portal, into, status):
    before = portal.deals.matching("companyId", 1)

    assert client.post("/demo/api/companies/1/merge", json={"into": into}).status_code == status
    assert portal.deals.matching("companyId", 1) == before


def test_deals_of_a_deleted_company_stay_without_a_client(client, admin, portal):
    (first, *_rest) = portal.deals.matching("companyId", 3)
    admin.result("crm.item.delete", entityTypeId=COMPANY, id=3)

    assert admin.result("crm.item.get", entityTypeId=2, id=first)["item"]["companyId"] == 0
    assert client.get(f"/crm/deal/details/{first}/").status_code == 200
