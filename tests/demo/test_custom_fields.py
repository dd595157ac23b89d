"""Custom fields of deals: under both names, in both dialects, read, found by, written and refused."""

import pytest

from b24app.demo import custom_fields as custom
from b24app.demo.settings import DemoSettings
from b24app.demo.state import Portal

SELECT = ["id", *(field.name for field in custom.DEAL)]
EXAMPLES = [
    (custom.SECTOR, 103, 103, "103"),
    (custom.PRESALES, "12", 12, "12"),
    (custom.EXTRAS, ["121", 123], [121, 123], [121, 123]),
    (custom.DISCOUNT, "12.5", 12.5, "12.5"),
    (custom.DELIVERY_COST, "1200|USD", "1200|USD", "1200|USD"),
    (custom.DELIVERY_DAY, "2026-11-05", "2026-11-05T03:00:00+03:00", "2026-11-05T03:00:00+03:00"),
    (custom.FIRST_MEETING, "2026-11-05T10:30:00+00:00", "2026-11-05T13:30:00+03:00", "2026-11-05T13:30:00+03:00"),
    (custom.TENDER, "1", "Y", "1"),
    (custom.CONTRACT, "A-7", "A-7", "A-7"),
]
by_name = pytest.mark.parametrize(
    ("field", "given", "new", "old"), EXAMPLES, ids=[field.type or field.kind for field, *_rest in EXAMPLES]
)


@by_name
def test_written_value_is_read_in_both_dialects(admin, field, given, new, old):
    item = admin.result("crm.item.update", entityTypeId=2, id=5, fields={field.name: given})["item"]

    assert item[field.name] == new
    assert admin.result("crm.deal.get", id=5)[field.old] == old


@by_name
def test_value_written_in_the_old_dialect_is_read_in_the_new_one(admin, field, given, new, old):
    admin.result("crm.deal.update", id=5, fields={field.old: given})

    assert admin.result("crm.item.get", entityTypeId=2, id=5)["item"][field.name] == new


@by_name
def test_emptied_value_reads_as_nothing(admin, field, given, new, old):
    admin.result("crm.item.update", entityTypeId=2, id=5, fields={field.name: given})

    item = admin.result("crm.item.update", entityTypeId=2, id=5, fields={field.name: ""})["item"]

    assert item[field.name] == ([] if field is custom.EXTRAS else None)


def test_original_names_go_both_ways_when_asked_for(admin):
    original = {"entityTypeId": 2, "useOriginalUfNames": "Y"}
    item = admin.result("crm.item.update", id=5, fields={custom.SECTOR.old: 104}, **original)["item"]
    asked = {"select": ["id", custom.SECTOR.old], "filter": {custom.SECTOR.old: 104, "id": 5}}
    (listed,) = admin.result("crm.item.list", **asked, **original)["items"]

    assert item[custom.SECTOR.old] == 104
    assert custom.SECTOR.name not in item
    assert listed == {"id": 5, custom.SECTOR.old: 104}
    assert custom.SECTOR.old in admin.result("crm.item.fields", **original)["fields"]
    unknown = admin.raw("crm.item.list", filter={custom.SECTOR.name: 104}, **original)
    assert unknown.get_json()["error"] == "INVALID_ARG_VALUE"


def test_old_list_brings_custom_fields_only_when_they_are_named(admin):
    def columns(*select: str) -> set[str]:
        return set(admin.result("crm.deal.list", select=list(select), filter={"ID": 5})[0])

    own = {field.old for field in custom.DEAL}
    assert not own & columns()
    assert not own & columns("*")
    assert columns("UF_*") == own | {"ID"}
    assert own < columns("*", "UF_*")
    assert columns(custom.SECTOR.old) == {"ID", custom.SECTOR.old}


def test_fields_travel_only_when_they_are_asked_for(admin):
    named = admin.result("crm.item.list", entityTypeId=2, select=["id", "title"], filter={"id": 5})["items"]
    every = admin.result("crm.item.list", entityTypeId=2, select=["*"], filter={"id": 5})["items"]

    assert set(named[0]) == {"id", "title"}
    assert set(SELECT) < set(every[0])


@pytest.mark.parametrize(
    ("filter", "test"),
    [
        ({custom.SECTOR.name: 103}, lambda deal: deal[custom.SECTOR.name] == 103),
        ({f"@{custom.SECTOR.name}": ["101", 102]}, lambda deal: deal[custom.SECTOR.name] in (101, 102)),
        ({custom.PRESALES.name: ""}, lambda deal: deal[custom.PRESALES.name] is None),
        ({f"!{custom.PRESALES.name}": ""}, lambda deal: deal[custom.PRESALES.name] is not None),
        ({custom.EXTRAS.name: 122}, lambda deal: 122 in deal[custom.EXTRAS.name]),
        ({f"!{custom.EXTRAS.name}": 122}, lambda deal: 122 not in deal[custom.EXTRAS.name]),
        ({f"@{custom.EXTRAS.name}": [121, 124]}, lambda deal: {121, 124} & set(deal[custom.EXTRAS.name])),
        ({custom.EXTRAS.name: ""}, lambda deal: not deal[custom.EXTRAS.name]),
        ({f">={custom.DISCOUNT.name}": 7.5}, lambda deal: (deal[custom.DISCOUNT.name] or 0) >= 7.5),
        ({f"%{custom.DELIVERY_COST.name}": "|eur"}, lambda deal: "|EUR" in (deal[custom.DELIVERY_COST.name] or "")),
        (
            {f">{custom.DELIVERY_DAY.name}": "2026-03-15"},
            lambda deal: (deal[custom.DELIVERY_DAY.name] or "")[:10] > "2026-03-15",
        ),
        ({custom.TENDER.name: 1}, lambda deal: deal[custom.TENDER.name] == "Y"),
        ({custom.TENDER.name: 0}, lambda deal: deal[custom.TENDER.name] == "N"),
    ],
)
def test_deals_are_found_by_custom_fields(admin, filter, test):
    pages = [admin.result("crm.item.list", entityTypeId=2, select=SELECT, start=s)["items"] for s in range(0, 300, 50)]
    expected = [deal["id"] for page in pages for deal in page if test(deal)]

    answer = admin("crm.item.list", entityTypeId=2, select=["id"], filter=filter)

    assert 0 < len(expected) < 300
    assert answer["total"] == len(expected)
    assert [deal["id"] for deal in answer["result"]["items"]] == expected[:50]


def test_yes_or_no_is_not_found_by_the_letter_it_is_read_as(admin):
    found = admin.result("crm.item.list", entityTypeId=2, select=SELECT, filter={custom.TENDER.name: "Y"})["items"]

    assert {deal[custom.TENDER.name] for deal in found} == {"N"}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (custom.SECTOR, 999, "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (custom.EXTRAS, [121, 999], "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (custom.EXTRAS, "121", "100"),
        (custom.DELIVERY_COST, "cheap", "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
        (custom.DELIVERY_DAY, "soon", "INVALID_ARG_VALUE"),
    ],
)
def test_wrong_value_is_refused_and_nothing_is_written(admin, field, value, code):
    before = admin.result("crm.item.get", entityTypeId=2, id=5)["item"]

    answer = admin.raw("crm.item.update", entityTypeId=2, id=5, fields={"title": "New", field.name: value})

    assert (answer.status_code, answer.get_json()["error"]) == (400, code)
    assert admin.result("crm.item.get", entityTypeId=2, id=5)["item"] == before


def test_new_deal_carries_its_custom_fields(admin):
    fields = {"title": "Fresh", custom.SECTOR.name: 105, custom.EXTRAS.name: [121]}
    item = admin.result("crm.item.add", entityTypeId=2, fields=fields)["item"]

    assert (item[custom.SECTOR.name], item[custom.EXTRAS.name], item[custom.TENDER.name]) == (105, [121], "N")
    id = admin.result("crm.deal.add", fields={"TITLE": "Old", custom.CONTRACT.old: "B-1"})
    assert admin.result("crm.item.get", entityTypeId=2, id=id)["item"][custom.CONTRACT.name] == "B-1"


def test_description_tells_types_titles_and_choices(admin):
    fields = admin.result("crm.item.fields", entityTypeId=2)["fields"]
    sector, extras, stage = fields[custom.SECTOR.name], fields[custom.EXTRAS.name], fields["stageId"]

    assert {fields[field.name]["type"] for field in custom.DEAL} == {
        *("enumeration", "employee", "double", "money", "date", "datetime", "boolean", "string"),
    }
    assert (sector["title"], sector["upperName"], sector["isDynamic"]) == ("Client's industry", custom.SECTOR.old, True)
    assert (sector["isMultiple"], extras["isMultiple"]) == (False, True)
    assert {"ID": "103", "VALUE": "Retail"} in sector["items"]
    assert (stage["type"], stage["statusType"], stage["isDynamic"]) == ("crm_status", "DEAL_STAGE", False)
    assert (fields["assignedById"]["type"], fields["assignedById"]["title"]) == ("user", "Responsible")
    assert fields["createdTime"]["upperName"] == "CREATED_TIME"
    assert (fields["createdTime"]["isReadOnly"], fields["title"]["isReadOnly"]) == (True, False)


def test_every_field_has_a_title_in_both_languages(admin, portal):
    english = admin.result("crm.item.fields", entityTypeId=2)["fields"]
    portal.settings = DemoSettings(language="ru")
    russian = admin.result("crm.item.fields", entityTypeId=2)["fields"]

    assert {name for name, one in english.items() if one["title"] == russian[name]["title"]} == {"id"}
    assert russian[custom.SECTOR.name]["items"][2]["VALUE"] == "Розничная торговля"


def test_old_description_calls_a_yes_a_char_and_labels_custom_fields(admin):
    fields = admin.result("crm.deal.fields")

    assert (fields["OPENED"]["type"], fields["ASSIGNED_BY_ID"]["title"]) == ("char", "Responsible")
    assert fields[custom.TENDER.old]["type"] == "boolean"
    assert (fields[custom.TENDER.old]["title"], fields[custom.TENDER.old]["formLabel"]) == (custom.TENDER.old, "Tender")


def test_user_fields_are_listed_with_labels_in_the_language_named(admin):
    plain = admin("crm.deal.userfield.list", filter={"USER_TYPE_ID": "enumeration"}, order={"ID": "DESC"})
    (labelled,) = admin.result("crm.deal.userfield.list", filter={"FIELD_NAME": custom.SECTOR.old, "LANG": "ru"})

    assert [one["FIELD_NAME"] for one in plain["result"]] == [custom.EXTRAS.old, custom.SECTOR.old]
    assert (plain["total"], plain["result"][0]["MULTIPLE"]) == (2, "Y")
    assert "EDIT_FORM_LABEL" not in plain["result"][0]
    assert labelled["EDIT_FORM_LABEL"] == "Отрасль клиента"
    assert labelled["LIST"][2]["VALUE"] == "Розничная торговля"
    assert admin("crm.deal.userfield.list")["total"] == len(custom.DEAL)


def test_same_seed_gives_the_same_values_and_another_one_others():
    def values(seed: int) -> list[tuple[object, ...]]:
        portal = Portal(DemoSettings(deals=50, activities=False, event_workers=0, seed=seed))
        return [tuple(field.read(row) for field in custom.DEAL) for row in portal.deals.rows.values()]

    assert values(1) == values(1) != values(2)


def test_presales_engineers_are_employees_who_own_no_deals(portal):
    engineers = {row.get(custom.PRESALES.name) for row in portal.deals.rows.values()}

    assert None in engineers
    assert len(engineers) == 6
    assert not engineers & {row["assignedById"] for row in portal.deals.rows.values()}


def test_back_door_sets_a_custom_field_as_a_person_and_the_app_hears_of_it(client, admin, listener):
    admin.result("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)

    deal = client.patch("/demo/api/deals/5", json={custom.PRESALES.name: 9, "as": 8}).get_json()

    assert (deal[custom.PRESALES.name], deal["updatedBy"]) == (9, 8)
    assert listener.wait()[0]["data"]["FIELDS"]["ID"] == "5"
