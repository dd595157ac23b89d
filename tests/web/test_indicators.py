"""The form of an indicator: what it offers, what it saves, what it says of what is wrong."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from flask import Flask

from b24app.facts import operations as facts
from b24app.facts import watching
from b24app.facts.rules import TermDraft
from b24app.lib.db import write
from b24app.metrics.catalogue import CATALOGUE
from b24app.scorecards import queries
from b24app.scorecards.documents import IndicatorDocument
from tests.scores import world
from tests.scores.world import ANN, HEAD, NOW, PORTAL, SALES
from tests.web.test_sources import Reader

CARD = "/ui/scorecards/sales"
FORM = f"{CARD}/indicator"
FUNNELS = (TermDraft("0", "Sales"), TermDraft("3", "Partners"))
ITEMS = {
    "metric": "item_metric", "name": "Hours", "option_entity_type_id": "1036", "option_aggregate": "sum",
    "option_field": "ufCrm_Hours", "option_date_field": "ufCrm_Day", "option_owner_field": "ufCrm_Who",
    "direction": "up", "target": "1 000,5", "target_per": "period", "weight": "40", "weight_revenue": "60",
}  # fmt: skip
REVENUE = {"code": "revenue", "name": {"en": "Revenue", "ru": "Выручка"}, "metric": "deals_won_amount", "weight": 100,
           "target": 500000, "where": {"stage_id": ["WON"]}}  # fmt: skip


@pytest.fixture
def admin(app: Flask) -> Iterator[Reader]:
    with write():
        world.settle()
        facts.save_terms(PORTAL, "funnel", FUNNELS)
        facts.save_terms(PORTAL, "stage", [_stage("NEW", "First talk", 0), _stage("C3:WON", "Agreed", 3)])
        facts.save_terms(PORTAL, "type", [TermDraft("1036", "Works")])
        fields = ("ufCrm_Hours", "Spent hours", "double"), ("ufCrm_Day", "Day of work", "date")
        fields += ("ufCrm_Who", "Master", "employee"), ("ufCrm_Note", "Note", "string")
        facts.save_terms(PORTAL, "field:1036", [_field(*one) for one in fields])
        document = {"code": "sales", "name": "Sales", "period": "month", "effective_from": "2026-09-01"}
        world.scorecard({**document, "subjects": {"departments": [SALES]}, "indicators": [REVENUE]})
    with time_machine.travel(NOW, tick=False):
        yield Reader(app)


def _stage(id: str, name: str, category_id: int) -> TermDraft:
    return TermDraft(id, name, extra={"category_id": category_id, "semantic": "P", "color": ""})


def _field(id: str, name: str, type: str) -> TermDraft:
    return TermDraft(id, name, extra={"type": type, "options": {}, "multiple": False, "custom": True})


def stored(code: str = "item_metric") -> IndicatorDocument:
    return next(one for one in queries.get(PORTAL, "sales").document.indicators if one.code == code)


def offered(text: str, name: str) -> list[str]:
    """What a list offers, in its words."""
    (found,) = re.findall(rf'<select id="indicator-{name}".*?</select>', text)
    return [word.strip() for word in re.findall(r"<option[^>]*>(.*?)</option>", found)]


def test_only_administrators_change_indicators(admin: Reader) -> None:
    for user_id in (HEAD, ANN):
        assert Reader(admin.app, user_id).ask("GET", FORM).status_code == 403
        assert Reader(admin.app, user_id).ask("POST", FORM, **ITEMS).status_code == 403
    assert "Add an indicator" not in Reader(admin.app, HEAD).read(CARD)
    assert f'href="{FORM}?of=revenue"' in admin.read(CARD)


def test_records_and_fields_are_chosen_by_their_names(admin: Reader) -> None:
    text = admin.read(f"{FORM}?metric=item_metric&option_entity_type_id=1036&option_aggregate=sum")
    assert offered(text, "option_entity_type_id") == [
        *("Deals", "Leads", "Invoices", "Quotes", "Contacts", "Companies"), "Works"]  # fmt: skip
    assert offered(text, "option_field") == ["Choose a field", "Amount, in the base currency", "Spent hours"]
    assert offered(text, "option_date_field") == [
        "The creation of the record",
        "The closing of the record",
        "Day of work",
    ]
    assert offered(text, "option_owner_field") == ["the responsible", "who created it", "Master"]


def test_a_count_asks_for_no_field_and_different_values_are_counted_of_any(admin: Reader) -> None:
    assert "option_field" not in admin.read(f"{FORM}?metric=item_metric&option_entity_type_id=1036")
    text = admin.read(f"{FORM}?metric=item_metric&option_entity_type_id=1036&option_aggregate=distinct")
    assert "Note" in offered(text, "option_field")


def test_an_indicator_of_a_smart_process_is_added_and_what_it_counts_is_read(admin: Reader) -> None:
    assert admin.ask("POST", FORM, **ITEMS, option_money="yes").status_code == 303
    one = stored()
    assert one.options == {
        "entity_type_id": 1036, "aggregate": "sum", "field": "ufCrm_Hours", "date_field": "ufCrm_Day",
        "owner_field": "ufCrm_Who", "money": True,
    }  # fmt: skip
    assert (one.name, one.target, one.weight) == ("Hours", Decimal("1000.5"), 40)
    assert stored("revenue").weight == 60
    assert {"ufCrm_Hours", "ufCrm_Day", "ufCrm_Who"} < watching.watches(PORTAL, "item_1036").keys()


def test_a_change_holds_from_the_present_period_on_unless_another_is_chosen(admin: Reader) -> None:
    assert admin.ask("POST", FORM, **ITEMS).status_code == 303
    starts = [version.effective_from.isoformat() for version in queries.versions(PORTAL, "sales")]
    assert starts == ["2026-09-01", "2026-11-01"]
    assert admin.ask("POST", f"{FORM}?of=item_metric", **ITEMS | {"effective_from": "2026-12-01"}).status_code == 303
    assert len(queries.versions(PORTAL, "sales")) == 3


def test_an_indicator_is_removed_from_the_chosen_period_on_once_the_others_weigh_100(admin: Reader) -> None:
    assert "Remove the indicator" not in admin.read(f"{FORM}?of=revenue"), "a scorecard without any counts nothing"
    assert admin.ask("POST", FORM, **ITEMS).status_code == 303
    remove = ITEMS | {"remove": "yes"}
    assert "Remove the indicator" in admin.read(f"{FORM}?of=item_metric")
    assert admin.faults(f"{FORM}?of=item_metric", **remove).keys() == {"weights"}
    remove |= {"weight_revenue": "100", "effective_from": "2026-12-01"}
    assert admin.ask("POST", f"{FORM}?of=item_metric", **remove).status_code == 303
    assert [len(one.document.indicators) for one in queries.versions(PORTAL, "sales")] == [1, 2, 1]


def test_an_indicator_that_a_formula_names_is_not_removed(admin: Reader) -> None:
    half = {"metric": "formula", "name": "Half", "formula": "revenue / 2", "weight": "40", "weight_revenue": "60"}
    assert admin.ask("POST", FORM, **half).status_code == 303
    asked = {"metric": "deals_won_amount", "name": "Revenue", "remove": "yes", "weight_formula": "100"}
    answer = admin.ask("POST", f"{FORM}?of=revenue", **asked)
    assert (answer.status_code, len(queries.get(PORTAL, "sales").document.indicators)) == (200, 2)
    assert "is called revenue" in answer.text


def test_stages_are_chosen_by_name_under_their_funnels(admin: Reader) -> None:
    text = admin.read(f"{FORM}?metric=stage_entered")
    assert re.search(r">Sales</p>.*First talk.*>Partners</p>.*Agreed", text)
    answers = {"metric": "stage_entered", "name": "Agreed", "weight": "40", "weight_revenue": "60"}
    assert admin.faults(FORM, **answers).keys() == {"option_stages"}
    answers |= {"option_stages": ["NEW", "C3:WON"], "option_entity_type_id": "2"}
    assert admin.ask("POST", FORM, **answers).status_code == 303
    assert stored("stage_entered").options == {"stages": ["NEW", "C3:WON"], "entity_type_id": 2}
    assert admin.read(f"{FORM}?of=stage_entered").count(" checked") == 2


def test_what_is_not_asked_stays_and_another_metric_loses_the_conditions_of_its_records(admin: Reader) -> None:
    revenue = {"metric": "deals_won_amount", "name": "Sold", "weight": "100", "target": "7", "owner": "created_by"}
    assert admin.ask("POST", f"{FORM}?of=revenue", **revenue).status_code == 303
    one = stored("revenue")
    assert (one.name, one.target, one.owner) == ({"en": "Sold", "ru": "Выручка"}, 7, "created_by")
    assert one.where["stage_id"] == ["WON"]
    assert "they go when you save" in admin.read(f"{FORM}?of=revenue&metric=calls")
    assert admin.ask("POST", f"{FORM}?of=revenue", **revenue | {"metric": "calls"}).status_code == 303
    assert not any(stored("revenue").where.values())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"option_field": ""}, "option_field"),
        ({"option_field": "ufCrm_Gone"}, ""),
        ({"option_entity_type_id": "x"}, "option_entity_type_id"),
        ({"target": "a lot"}, "target"),
        ({"name": " "}, "name"),
        ({"weight": ""}, "weight"),
        ({"weight": "50"}, "weights"),
        ({"weight_revenue": "x"}, "weights"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_saved(
    admin: Reader, wrong: dict[str, Any], field: str
) -> None:
    answer = admin.ask("POST", FORM, **ITEMS | wrong)
    assert answer.status_code == 200
    assert "Not saved: see the marked fields." in answer.text
    assert (f'id="indicator-{field}-told" role="alert"' in answer.text) == bool(field)
    assert 'value="Hours"' in answer.text or field == "name"
    assert len(queries.get(PORTAL, "sales").document.indicators) == 1


def test_fields_of_a_type_that_nobody_has_read_are_promised(admin: Reader) -> None:
    with write():
        facts.save_terms(PORTAL, "type", [TermDraft("1036", "Works"), TermDraft("1040", "Visits")])
    text = admin.read(f"{FORM}?metric=item_metric&option_entity_type_id=1040&option_aggregate=sum")
    assert "The fields of these records are not known yet." in text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_metric_has_a_form_in_words(admin: Reader, language: str) -> None:
    admin.language = language
    for metric in (*CATALOGUE, "formula"):
        text = admin.read(f"{FORM}?metric={metric}")
        assert f'<option value="{metric}" selected>' in text
        for name in re.findall(r'<select id="indicator-(\w+)"', text):
            assert all(word and not re.fullmatch(r"[a-z_]+[A-Z]\w*|[a-z]+_\w+", word) for word in offered(text, name))


def test_what_is_not_there_cannot_be_changed(admin: Reader) -> None:
    assert admin.ask("GET", "/ui/scorecards/none/indicator").status_code == 404
    assert admin.ask("GET", f"{FORM}?of=none").status_code == 404


def test_another_metric_brings_its_own_date_and_owner(admin: Reader) -> None:
    """Handing over a deal that is closed moves nobody's past (semantics 3.4)."""
    text = admin.read(f"{FORM}?shown=deals_created&metric=deals_won&owner=responsible")
    assert '<option value="closed_by" selected>' in text
    text = admin.read(f"{FORM}?shown=deals_won&metric=deals_won&owner=responsible")
    assert '<option value="responsible" selected>' in text
