"""Rows as Bitrix24 writes them -> drafts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24app.bitrix.errors import RestError
from b24app.facts.rules import RateDraft
from b24app.ingest import rules
from b24app.ingest.sources import activities, currencies, deals, dictionaries, leads, product_rows, staff, stage_history
from b24app.ingest.sources.base import Extras, translated

DEAL: dict[str, Any] = {
    "id": 7405,
    "title": "Chairs",
    "categoryId": 0,
    "stageId": "WON",
    "stageSemanticId": "S",
    "sourceId": "",
    "companyId": 0,
    "contactId": 12,
    "assignedById": 7,
    "createdBy": 1,
    "currencyId": "USD",
    "opportunity": Decimal("19000.5"),
    "createdTime": "2026-10-01T12:00:00+03:00",
    "updatedTime": "2026-10-02T12:00:00+03:00",
    "movedTime": None,
    "closedate": "2026-10-09T03:00:00+03:00",
    "isReturnCustomer": "N",
    "isRecurring": "N",
}


def test_a_deal() -> None:
    draft = deals.translate(DEAL)
    assert (draft.id, draft.semantic, draft.responsible_id, draft.amount_original) == (7405, "S", 7, 19000_500_000)
    assert (draft.company_id, draft.contact_id, draft.source_id, draft.moved_at) == (None, 12, None, None)
    assert draft.close_day == "2026-10-09"


def test_a_deal_of_an_older_portal_writes_everything_as_text() -> None:
    texts = {name: "" if value is None else str(value) for name, value in DEAL.items()}
    assert deals.translate(texts) == deals.translate(DEAL)


def test_a_lead_has_no_funnel_and_tells_when_it_was_closed() -> None:
    draft = leads.translate({**DEAL, "categoryId": None, "dateClosed": "2026-10-02T12:00:00+03:00", "closedate": None})
    assert (draft.id, draft.semantic, draft.category_id, draft.close_day) == (7405, "S", None, None)
    assert draft.told_closed_at == draft.updated_at


def test_one_bad_record_does_not_stop_the_others() -> None:
    rows = [DEAL, {**DEAL, "id": 8, "createdTime": "soon"}, {**DEAL, "id": 9}]
    drafts, rejected = translated(rows, deals.translate, "id")
    assert [draft.id for draft in drafts] == [7405, 9]
    assert [(one.id, bool(one.reason)) for one in rejected] == [("8", True)]


@pytest.mark.parametrize(
    ("type_id", "provider", "kind"),
    [
        ("1", "", "meeting"),
        ("2", "VOXIMPLANT_CALL", "call"),
        ("3", "", "task"),
        ("4", "CRM_EMAIL", "email"),
        ("6", "CRM_MEETING", "meeting"),
        ("6", "CRM_TODO", "todo"),
        ("6", "IMOPENLINES_SESSION", "other"),
        (None, None, "other"),
    ],
)
def test_kinds_of_activities(type_id: str | None, provider: str | None, kind: str) -> None:
    row = {"ID": "20", "TYPE_ID": type_id, "PROVIDER_ID": provider, "CREATED": "2020-09-27T13:26:55+03:00"}
    assert activities.translate(row).kind == kind


@pytest.mark.parametrize(("written", "way"), [("1", "in"), ("2", "out"), ("0", None), (None, None)])
def test_directions_of_activities(written: str | None, way: str | None) -> None:
    row = {"ID": "20", "TYPE_ID": "2", "DIRECTION": written, "CREATED": "2020-09-27T13:26:55+03:00"}
    assert activities.translate(row).direction == way


def test_a_move_with_text_and_with_numbers_is_the_same() -> None:
    row = {"ID": 35, "TYPE_ID": 1, "OWNER_ID": 21, "CREATED_TIME": "2024-04-25T14:59:11+00:00", "CATEGORY_ID": 0,
           "STAGE_SEMANTIC_ID": "P", "STAGE_ID": "NEW"}  # fmt: skip
    draft = stage_history.translate(row)
    assert (draft.record_id, draft.kind, draft.semantic) == (21, 1, "P")
    assert stage_history.translate({name: str(value) for name, value in row.items()}) == draft


def test_rates_and_the_base_currency() -> None:
    rows = [
        {"CURRENCY": "USD", "AMOUNT": "1.0000", "AMOUNT_CNT": "1", "BASE": "Y", "FULL_NAME": "US dollar"},
        {"CURRENCY": "RUB", "AMOUNT": "1.2500", "AMOUNT_CNT": "100", "BASE": "N", "FULL_NAME": None},
        {"CURRENCY": "XXX", "AMOUNT": "0", "AMOUNT_CNT": "1", "BASE": "N"},
    ]
    found = currencies.translate({"currencies": rows, "base_currency": "USD"})
    assert found.base == "USD"
    assert found.rates == (RateDraft("USD", Decimal("1.0000")), RateDraft("RUB", Decimal("1.2500"), 100))
    assert [name.name for name in found.names] == ["US dollar", "RUB", "XXX"]


def test_without_access_to_the_settings_the_base_currency_is_all_there_is() -> None:
    found = currencies.translate({"currencies": RestError("Access denied."), "base_currency": "EUR"})
    assert (found.base, found.rates) == ("EUR", ())


def test_stages_belong_to_their_funnels() -> None:
    statuses = [
        {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "New", "SORT": "10", "SEMANTICS": None},
        {"ENTITY_ID": "DEAL_STAGE_3", "STATUS_ID": "C3:WON", "NAME": "Won", "SORT": "20", "SEMANTICS": "S"},
        {"ENTITY_ID": "STATUS", "STATUS_ID": "NEW", "NAME": "A lead's", "SORT": "10"},
        {"ENTITY_ID": "SOURCE", "STATUS_ID": "WEB", "NAME": "Website", "SORT": "10"},
    ]
    answers = {"categories": {"categories": [{"id": 0, "name": "General", "sort": 300}]}, "statuses": statuses}
    words = dictionaries.translate(answers)
    assert [(word.id, word.extra["category_id"], word.extra["semantic"]) for word in words["stage"]] == [
        ("NEW", 0, "P"),
        ("C3:WON", 3, "S"),
    ]
    assert [word.id for word in words["source"]] == ["WEB"]
    assert [word.id for word in words["funnel"]] == ["0"]


def test_people_and_departments() -> None:
    (person,) = staff.people(
        [
            {
                "ID": "7",
                "ACTIVE": False,
                "NAME": "Ann",
                "LAST_NAME": "Lee",
                "UF_DEPARTMENT": [3, "5"],
                "PERSONAL_PHOTO": None,
            }
        ]
    )
    assert (person.id, person.name, person.department_ids, person.active) == (7, "Ann Lee", (3, 5), False)
    (unit,) = staff.departments([{"ID": "15", "NAME": "R&D", "SORT": 500, "PARENT": "1"}])
    assert (unit.id, unit.parent_id, unit.head_id) == (15, 1, None)


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "licence", "server_time", "expected"),
    [
        ("Asia/Omsk", "ru_pro100", "2026-11-24T15:00:00+03:00", ("Asia/Omsk", "RU")),
        ("", "ru_pro100", "2026-11-24T15:00:00+03:00", ("Europe/Moscow", "RU")),
        ("", "ru_pro100", "2026-11-24T17:00:00+05:00", ("Asia/Yekaterinburg", "RU")),
        ("", "de_ent10000", "2026-11-24T13:00:00+01:00", ("Europe/Berlin", "DE")),
        ("", "en_basic", "2026-11-24T12:00:00+00:00", ("UTC", None)),
        ("", "en_basic", "2026-11-24T15:00:00+03:00", ("Europe/Moscow", None)),
        ("Mars/Olympus", "", "2026-11-24T22:00:00+10:00", ("Asia/Vladivostok", None)),
        ("", "", "2026-11-24T01:00:00-11:00", ("Etc/GMT+11", None)),
        ("", "", None, (None, None)),
    ],
)
def test_what_a_portal_says_of_itself(zone: str, licence: str, server_time: Any, expected: tuple[Any, Any]) -> None:
    found = rules.profile({"TIME_ZONE": zone}, {"LICENSE": licence, "LANGUAGE_ID": "de"}, server_time, NOW)
    assert (found.time_zone, found.country) == expected
    assert found.language == "en"


def test_a_product_row_is_worth_its_price_times_its_quantity() -> None:
    row = {"id": "17649", "ownerId": 5, "productId": 0, "productName": "Delivery", "price": Decimal("0.1"),
           "quantity": Decimal("2.5")}  # fmt: skip
    draft = product_rows.translate(row)
    assert (draft.id, draft.product_id, draft.name, draft.amount_original) == (17649, None, "Delivery", 250_000)


def test_a_deal_brings_the_values_and_rows_that_were_asked_for() -> None:
    row = {**DEAL, "updatedBy": "9", "ufCrm_1": [5, 6], "ufCrm_2": "x",
           "productRows": [{"id": 1, "price": 10, "quantity": 2}, {"id": 1, "price": 10, "quantity": 2}]}  # fmt: skip
    draft = deals.translate(row, Extras({"ufCrm_1": "enumeration"}, rows=True))
    assert draft.updated_by_id == 9
    assert [(value.field, value.place, value.text) for value in draft.values] == [
        ("ufCrm_1", 0, "5"),
        ("ufCrm_1", 1, "6"),
    ]
    assert [row.amount_original for row in draft.rows] == [20_000_000]
    assert deals.translate(row).values == ()


def test_fields_are_words_with_their_types_and_options() -> None:
    described = {
        "title": {"type": "string", "isMultiple": False, "isDynamic": False, "title": "Name"},
        "ufCrm_1": {"type": "enumeration", "isMultiple": True, "isDynamic": True, "title": "",
                    "items": [{"ID": "45", "VALUE": "Retail"}]},
    }  # fmt: skip
    answers = {"categories": {"categories": []}, "statuses": [], "fields": {"fields": described}}
    title, sector = dictionaries.translate(answers)["field"]
    assert (title.id, title.name, title.extra["type"], title.extra["custom"]) == ("title", "Name", "string", False)
    assert (sector.name, sector.extra) == (
        "ufCrm_1",
        {"type": "enumeration", "multiple": True, "options": {"45": "Retail"}, "custom": True},
    )


def test_without_the_dictionary_of_fields_the_other_words_are_there() -> None:
    answers = {"categories": {"categories": []}, "statuses": [], "fields": RestError("Access denied.")}
    assert dictionaries.translate(answers).keys() == {"funnel", "stage", "source"}
