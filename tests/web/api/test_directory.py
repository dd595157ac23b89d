"""GET portal, employees, departments, metrics."""

from decimal import Decimal

from tests.web.api.conftest import ADMIN, COMPANY, HEAD, SALES, SELLER, Api


def test_the_portal_says_how_far_it_has_been_read(api: Api) -> None:
    portal = api.get("/portal")
    assert (portal["member_id"], portal["time_zone"], portal["base_currency"]) == ("acme", "Europe/Moscow", "RUB")
    assert portal["today"] == "2026-11-20"
    assert portal["sync"].keys() == {"state", "complete", "entities", "lag_seconds", "pending_events", "error"}


def test_employees_come_with_their_departments(api: Api) -> None:
    people = api.get("/employees")["items"]
    assert [person["id"] for person in people] == [ADMIN, HEAD, SELLER]
    assert people[2] == {
        "id": SELLER,
        "name": "Sam Seller",
        "position": "Sales manager",
        "photo_url": None,
        "department_ids": [SALES],
        "active": True,
    }


def test_a_list_is_read_page_by_page(api: Api) -> None:
    first = api.get("/employees", limit=2)
    second = api.get("/employees", limit=2, cursor=first["next_cursor"])
    assert [person["id"] for page in (first, second) for person in page["items"]] == [ADMIN, HEAD, SELLER]
    assert second["next_cursor"] is None


def test_departments_come_with_parent_and_head(api: Api) -> None:
    top, sales = api.get("/departments")["items"]
    assert (top["id"], top["parent_id"], top["head_id"]) == (COMPANY, None, ADMIN)
    assert (sales["id"], sales["parent_id"], sales["head_id"]) == (SALES, COMPANY, HEAD)


def test_the_catalogue_names_unit_and_options(api: Api) -> None:
    metrics = {metric["code"]: metric for metric in api.get("/metrics")["items"]}
    assert metrics["deals_won_amount"]["unit"] == "money"
    assert metrics["deal_conversion"]["unit"] == "percent"
    assert metrics["entries"]["options"]["required"] == ["code"]
    assert metrics["repeat_sales"]["options"]["properties"]["mode"]["enum"] == ["history", "flag"]
    assert metrics["deals_won"]["name"].keys() == {"ru", "en"}


def test_the_catalogue_lists_formulas_with_their_rule(api: Api) -> None:
    metrics = {metric["code"]: metric for metric in api.get("/metrics")["items"]}
    formula = metrics["formula"]
    assert (formula["unit"], formula["dates"], formula["options"]["properties"]) == ("number", [], {})
    assert formula["rule"].keys() == {"ru", "en"}


def test_numbers_never_arrive_as_text(api: Api, scorecard: dict[str, object]) -> None:
    indicator = scorecard["indicators"][0]  # type: ignore[index]
    assert (indicator["target"], indicator["weight"]) == (Decimal("500000.5"), 40)
