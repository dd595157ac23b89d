"""What deals sell: product rows in both dialects, the catalogue with its sections, and what new rows do to a deal."""

from collections import defaultdict
from decimal import Decimal

import pytest

from b24app.demo import deals
from b24app.demo.dictionaries import LOST


def rows_of(admin, *ids: int, **more):
    return admin.result("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": list(ids)}, **more)[
        "productRows"
    ]


def test_rows_of_every_deal_name_its_product_and_sum_up_to_its_amount(admin, portal):
    rows = defaultdict(list)
    for start in range(0, 300, 50):
        ids = list(range(start + 1, start + 51))
        for page in range(0, 150, 50):
            for row in rows_of(admin, *ids, start=page):
                rows[row["ownerId"]].append(row)

    assert len(rows) == 300
    assert {len(one) for one in rows.values()} == {1, 2, 3}
    for id, deal in portal.deals.rows.items():
        total = sum(Decimal(str(row["price"])) * Decimal(str(row["quantity"])) for row in rows[id])
        catalogued = portal.products.rows[rows[id][0]["productId"]]
        assert deal["title"].startswith(catalogued["NAME"])
        if deal["stageSemanticId"] == LOST:
            assert (deal["opportunity"], total) == (0, catalogued["PRICE"])
        else:
            assert total == deal["opportunity"]


def test_some_row_names_no_product_of_the_catalogue(admin):
    free = [row for row in rows_of(admin, *range(1, 41)) if not row["productId"]]

    assert {row["productName"] for row in free} == {"Delivery and setup"}


@pytest.mark.parametrize("filter", [{}, {"=ownerType": "D"}, {"=ownerId": 5}, {"ownerType": "D", "=ownerId": ""}])
def test_rows_are_not_listed_without_both_mandatory_keys(admin, filter):
    answer = admin.raw("crm.item.productrow.list", filter=filter)

    assert (answer.status_code, answer.get_json()["error"]) == (400, "100")


def test_rows_come_in_pages_and_behind_an_id(admin):
    filter = {"=ownerType": "D", "=ownerId": list(range(1, 101))}
    first = admin("crm.item.productrow.list", filter=filter, order={"id": "ASC"})
    ids, after = [], 0
    while page := admin("crm.item.productrow.list", filter={**filter, ">id": after}, order={"id": "ASC"}, start=-1)[
        "result"
    ]["productRows"]:
        ids += [row["id"] for row in page]
        after = ids[-1]

    assert (len(first["result"]["productRows"]), first["next"]) == (50, 50)
    assert first["total"] == len(ids) == len(set(ids)) > 100
    assert ids == sorted(ids)


def test_rows_of_one_deal_come_by_their_sort(admin, portal):
    deals.set_products(portal, 5, [{"productId": 201, "sort": 30}, {"productId": 202, "sort": 10}], actor=1)

    assert [row["productId"] for row in rows_of(admin, 5)] == [202, 201]


def test_rows_are_read_in_a_batch(admin):
    command = "crm.item.productrow.list?filter[%3DownerType]=D&filter[%3DownerId]="

    result = admin.result("batch", cmd={"a": f"{command}5", "b": f"{command}$result[a][productRows][0][id]"})

    assert result["result"]["a"]["productRows"][0]["ownerId"] == 5
    assert result["result_error"] == []


def test_portal_that_takes_a_single_owner_refuses_a_list_of_them(client, admin):
    client.post("/demo/api/faults", json={"single_owner_rows": True})

    several = admin.raw("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": [5, 6]})
    single = admin.result("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": 5})

    assert several.get_json()["error"] == "100"
    assert {row["ownerId"] for row in single["productRows"]} == {5}


def test_stranger_to_a_deal_reads_and_writes_no_rows_of_it(agent, portal):
    mine = int(agent.result("user.current")["ID"])
    other = next(id for id, row in portal.deals.rows.items() if row["assignedById"] != mine)

    listed = agent.raw("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": other})
    written = agent.raw("crm.item.productrow.set", ownerType="D", ownerId=other, productRows=[])

    assert listed.get_json()["error"] == written.get_json()["error"] == "ACCESS_DENIED"
    assert deals.product_rows(portal, other)


def test_new_rows_change_the_deal_and_tell_it_as_changed(admin, agent, portal, listener):
    admin.result("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)
    mine = int(agent.result("user.current")["ID"])
    id = next(id for id, row in portal.deals.rows.items() if row["assignedById"] == mine and row["stageId"] == "WON")
    before = dict(portal.deals.rows[id])

    rows = agent.result(
        "crm.item.productrow.set",
        ownerType="D",
        ownerId=id,
        productRows=[{"productId": 203, "price": 50.5, "quantity": 3}, {"productName": "Travel", "price": 10}],
    )["productRows"]

    (post,) = listener.wait()
    deal = admin.result("crm.item.get", entityTypeId=2, id=id)["item"]
    assert (post["event"], post["data"]["FIELDS"]["ID"]) == ("ONCRMDEALUPDATE", str(id))
    assert [(row["productName"], row["price"], row["quantity"]) for row in rows] == [
        ("MG Special", 50.5, 3),
        ("Travel", 10, 1),
    ]
    assert (deal["opportunity"], deal["isManualOpportunity"]) == (161.5, "N")
    assert (deal["updatedBy"], deal["movedBy"]) == (mine, before["movedBy"])
    assert portal.deals.rows[id]["updatedTime"] > before["updatedTime"]
    assert portal.deals.rows[id]["movedTime"] == before["movedTime"]


def test_amount_set_by_hand_outlives_new_rows_until_it_is_left_to_them_again(admin, portal):
    admin.result("crm.item.update", entityTypeId=2, id=5, fields={"opportunity": 77})
    deals.set_products(portal, 5, [{"productId": 201, "price": 500}], actor=1)
    by_hand = admin.result("crm.item.get", entityTypeId=2, id=5)["item"]
    admin.result("crm.item.update", entityTypeId=2, id=5, fields={"isManualOpportunity": "N"})
    summed = admin.result("crm.item.get", entityTypeId=2, id=5)["item"]

    assert (by_hand["opportunity"], by_hand["isManualOpportunity"]) == (77, "Y")
    assert (summed["opportunity"], summed["isManualOpportunity"]) == (500, "N")


def test_row_that_names_its_id_stays_and_the_others_go(admin, portal):
    deals.set_products(portal, 5, [{"productId": 201, "price": 1}, {"productId": 202, "price": 2}], actor=1)
    first, second = rows_of(admin, 5)

    admin.result("crm.item.productrow.set", ownerType="D", ownerId=5, productRows=[{"id": second["id"], "price": 9}])

    (left,) = rows_of(admin, 5)
    assert (left["id"], left["productId"], left["price"]) == (second["id"], 202, 9)
    assert admin.raw("crm.item.productrow.get", id=first["id"]).get_json()["error"] == "NOT_FOUND"


def test_wrong_row_leaves_the_deal_as_it_was(admin, portal):
    before = rows_of(admin, 5)

    answer = admin.raw(
        "crm.item.productrow.set", ownerType="D", ownerId=5, productRows=[{"price": 5}, {"price": "a lot"}]
    )

    assert (answer.status_code, rows_of(admin, 5)) == (400, before)


def test_rows_leave_with_their_deal(admin, portal):
    deals.delete(portal, 2, 5, actor=1)

    assert rows_of(admin, 5) == []
    assert admin.raw("crm.item.productrow.set", ownerType="D", ownerId=5, productRows=[]).get_json()["error"] == (
        "OWNER_NOT_FOUND"
    )


def test_old_dialect_reads_and_writes_the_same_rows(admin):
    assert admin.result("crm.deal.productrows.set", id=5, rows=[{"PRODUCT_ID": 204, "PRICE": 899.1, "QUANTITY": 2}])

    (row,) = admin.result("crm.deal.productrows.get", id=5)
    (listed,) = admin.result("crm.productrow.list", filter={"OWNER_TYPE": "D", "OWNER_ID": "5"})
    (native,) = rows_of(admin, 5)

    assert row == listed
    assert (row["OWNER_ID"], row["PRODUCT_ID"], row["PRODUCT_NAME"]) == ("5", 204, "MG Advanced")
    assert (row["PRICE"], row["PRICE_ACCOUNT"], row["QUANTITY"]) == (899.1, "899.10", 2)
    assert native["id"] == int(row["ID"])


def test_reporting_price_is_in_the_base_currency(admin):
    admin.result("crm.item.update", entityTypeId=2, id=5, fields={"currencyId": "EUR"})
    admin.result("crm.item.productrow.set", ownerType="D", ownerId=5, productRows=[{"productId": 201, "price": 100}])

    (row,) = rows_of(admin, 5)
    assert (row["price"], row["priceAccount"]) == (100, 116)


def test_catalogue_is_a_tree_of_series_under_one_section(admin):
    sections = admin.result("crm.productsection.list", select=["ID", "NAME", "SECTION_ID", "CATALOG_ID"])
    products = admin("crm.product.list", select=["ID", "NAME", "SECTION_ID"], filter={">ID": 202}, start=-1)["result"]
    (top,) = [one for one in sections if not one["SECTION_ID"]]
    names = {one["ID"]: one["NAME"] for one in sections}

    assert {one["SECTION_ID"] for one in sections if one is not top} == {top["ID"]}
    assert {one["NAME"]: names[one["SECTION_ID"]] for one in products} == {
        "MG Special": "MG",
        "MG Advanced": "MG",
        "GTX Plus Pro": "GTX",
        "GTX Plus Basic": "GTX",
        "GTK 500": "GTK",
    }
    assert set(products[0]) == {"ID", "NAME", "SECTION_ID"}


def test_products_are_found_by_their_section_and_sorted(admin):
    gtx = next(one["ID"] for one in admin.result("crm.productsection.list") if one["NAME"] == "GTX")

    answer = admin("crm.product.list", filter={"SECTION_ID": gtx}, order={"NAME": "DESC"})

    assert answer["total"] == 4
    assert [one["NAME"] for one in answer["result"]][:2] == ["GTX Pro", "GTX Plus Pro"]


def test_back_door_replaces_rows_as_a_person(client, portal):
    body = {"productRows": [{"productId": 203, "price": 60, "quantity": 2}], "as": 8}

    deal = client.put("/demo/api/deals/5/products", json=body).get_json()
    shown = client.get("/demo/api/deals/5").get_json()

    assert (deal["opportunity"], deal["updatedBy"]) == (120, 8)
    assert [(row["productName"], row["quantity"]) for row in shown["productRows"]] == [("MG Special", 2)]
