"""What people write becomes a plan, or is refused with everything that is wrong with it."""

from typing import Any

import pytest

from b24app.lib.errors import Invalid
from b24app.lib.i18n import LANGUAGES
from b24app.metrics import measures
from b24app.metrics.catalogue import CATALOGUE, REASONS
from b24app.metrics.conditions import WhereDocument
from b24app.metrics.measures import FieldTest, Op, Scan, Where
from b24app.metrics.needs import dated, needs, ripening
from b24app.metrics.plans import defaults, plan
from b24app.metrics.rules import Plan, Unit
from b24app.metrics.types.base import metric_types

OPTIONS = {code: dict(ready.example) for code, ready in CATALOGUE.items()}

codes = pytest.mark.parametrize("code", CATALOGUE)


def refused(*arguments: Any, **named: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        plan(*arguments, **named)
    return {fault.path: fault.message for fault in refusal.value.errors}


@codes
def test_a_plan_is_pure_and_hashable(code: str) -> None:
    one, other = plan(code, OPTIONS.get(code)), plan(code, OPTIONS.get(code))
    assert one == other
    assert hash(one) == hash(other)
    assert {one: 1}[other] == 1


@codes
def test_every_metric_speaks_every_language_and_has_a_type(code: str) -> None:
    ready = CATALOGUE[code]
    assert ready.type in metric_types()
    assert set(ready.name) == set(ready.rule) == set(LANGUAGES)
    assert ready.template_owner in ready.owners
    near = plan(code, OPTIONS.get(code)).near
    assert all(one.reason in REASONS for one in near)
    assert len(set(near)) == len(near), "the same is looked for twice"


@codes
def test_every_offered_date_owner_and_choice_is_accepted(code: str) -> None:
    ready = CATALOGUE[code]
    for date in ready.dates:
        for owner in ready.owners:
            made = plan(code, OPTIONS.get(code), date, owner)
            assert Scan(ready.entity, ready.dates[date], ready.owners[owner]) in made.scans
    for name, option in ready.options.items():
        for choice in option.choices:
            plan(code, {**ready.example, name: choice})


def test_every_type_is_used_by_a_ready_metric() -> None:
    assert {ready.type for ready in CATALOGUE.values()} == set(metric_types())


def test_a_document_without_an_owner_means_the_responsible() -> None:
    assert plan("deals_won").numerator.scan == Scan("deal", "closed", "responsible")
    assert plan("deals_won", owner="closed_by").numerator.scan.owner == "closed_by"


def test_both_sides_of_a_ratio_share_the_scan() -> None:
    assert len(plan("deal_conversion").scans) == 1


def test_conditions_are_joined_by_and_and_alternatives_by_or() -> None:
    where = {"category_id": [0, 1], "any": [{"source_id": ["WEB"]}, {"stage_id": ["NEW"], "category_id": [3]}]}
    expected = Where(
        (measures.Test("category_id", Op.IN, (0, 1)),),
        any=(
            Where((measures.Test("source_id", Op.IN, ("WEB",)),)),
            Where((measures.Test("category_id", Op.IN, (3,)), measures.Test("stage_id", Op.IN, ("NEW",)))),
        ),
    )
    assert plan("deals_created", where=where).numerator.where == expected
    assert plan("deals_created", where=WhereDocument.model_validate(where)).numerator.where == expected


def test_empty_conditions_ask_for_nothing() -> None:
    empty = {"category_id": [], "stage_id": [], "source_id": [], "product_id": [], "fields": [], "any": []}
    assert plan("deals_won", where=empty) == plan("deals_won")


def test_everything_wrong_is_said_at_once_with_paths() -> None:
    faults = refused(
        "deal_conversion",
        {"mode": "guess", "colour": "red"},
        "created",
        "nobody",
        {"stage_id": "NEW", "any": [{}, {"category_id": ["a"]}]},
    )
    assert set(faults) == {
        "options.mode",
        "options.colour",
        "date",
        "owner",
        "where.stage_id",
        "where.any[1].category_id[0]",
    }


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("profit",), "metric"),
        (("deals_won", {"mode": "flag"}), "options.mode"),
        (("repeat_sales", {"mode": "guess"}), "options.mode"),
        (("repeat_sales", {"mode": ["flag"]}), "options.mode"),
        (("calls", {"direction": "sideways"}), "options.direction"),
        (("entries",), "options.code"),
        (("entries", {"code": ""}), "options.code"),
        (("entries", {"code": "nps", "aggregate": "median"}), "options.aggregate"),
        (("entries", {"code": "nps"}, None, "created_by"), "owner"),
        (("deals_created", None, "closed_at"), "date"),
        (("deals_created", None, None, "closed_by"), "owner"),
        (("meetings", None, None, None, {"category_id": [1]}), "where.category_id"),
        (("entries", {"code": "nps"}, None, None, {"stage_id": ["NEW"]}), "where.stage_id"),
        (("entries", {"code": "nps"}, None, None, {"any": [{"category_id": [1]}]}), "where.any[0].category_id"),
        (("deals_won", None, None, None, {"colour": [1]}), "where.colour"),
        (("deals_won", None, None, None, {"category_id": [True]}), "where.category_id[0]"),
        (("deals_won", None, None, None, {"source_id": [""]}), "where.source_id[0]"),
        (("deals_won", None, None, None, ["category_id"]), "where"),
        (("deals_won", {"a": 1}, None, None, None), "options.a"),
        (("deal_conversion", {"mode": "window"}), "options.days"),
        (("deal_conversion", {"mode": "cohort", "days": 30}), "options.days"),
        (("deal_conversion", {"days": 30}), "options.days"),
        (("deal_conversion", {"mode": "window", "days": 0}), "options.days"),
        (("deal_conversion", {"mode": "window", "days": 3651}), "options.days"),
        (("deal_conversion", {"mode": "window", "days": True}), "options.days"),
        (("deal_conversion", {"mode": "window", "days": 1.5}), "options.days"),
        (("deal_conversion", {"mode": "window", "days": 30, "stale_days": 5}), "options.stale_days"),
        (("deal_conversion", {"mode": "cohort", "stale_days": 5}), "options.stale_days"),
        (("deal_conversion", {"stale_days": 0}), "options.stale_days"),
        (("deal_conversion", {"stale_days": "60"}), "options.stale_days"),
        (("deal_conversion", {"mode": "cohort"}, "closed_at"), "date"),
        (("average_days_to_close", {"stat": "mode"}), "options.stat"),
        (("stage_entered",), "options.stages"),
        (("stage_entered", {"stages": []}), "options.stages"),
        (("stage_entered", {"stages": ["NEW"], "stage": "NEW"}), "options.stage"),
        (("stage_entered", {"stages": ["NEW"]}, None, "created_by"), "owner"),
        (("stage_entered", {"stages": ["NEW"]}, None, "ufCrm_3"), "owner"),
        (("stage_entered", {"stages": ["NEW"], "entity_type_id": 147}, None, "ufCrm_3"), "owner"),
        (("stage_entered", {"stages": ["NEW"], "entity_type_id": 7}), "options.entity_type_id"),
        (("stage_entered", {"stages": ["NEW"], "entity_type_id": 99}), "options.entity_type_id"),
        (
            ("stage_entered", {"stages": ["NEW"], "entity_type_id": 1}, None, None, {"category_id": [1]}),
            "where.category_id",
        ),
        (("return_share",), "options.code"),
        (("return_share", {"category_id": [], "stage_id": [], "code": ""}), "options.code"),
        (("return_share", {"category_id": [1], "stage_id": ["NEW"]}), "options.stage_id"),
        (("return_share", {"stage_id": ["NEW"], "code": "back"}), "options.code"),
        (("return_share", {"code": "back"}, None, None, {"category_id": [1]}), "where.category_id"),
        (("meetings", None, None, "ufCrm_3"), "owner"),
        (("entries", {"code": "nps"}, None, "ufCrm_3"), "owner"),
        (("deals_won", None, None, "uf Crm"), "owner"),
        (("meetings", None, None, None, {"product_id": [1]}), "where.product_id"),
        (("meetings", None, None, None, {"fields": [{"field": "f", "op": "empty"}]}), "where.fields"),
    ],
)
def test_refusals(arguments: tuple[Any, ...], path: str) -> None:
    assert list(refused(*arguments)) == [path]


def test_the_default_value_of_an_option_may_be_written_down() -> None:
    assert plan("deal_conversion", {"mode": "period"}) == plan("deal_conversion")
    assert plan("average_days_to_close", {"stat": "mean"}) == plan("average_days_to_close")
    assert plan("repeat_sales", {"mode": "history"}) == plan("repeat_sales")


def test_conditions_nested_too_deep_are_refused() -> None:
    where: dict[str, Any] = {"category_id": [1]}
    for _level in range(10):
        where = {"any": [where]}
    assert list(refused("deals_won", where=where)) == ["where.any[0].any[0].any[0].any[0].any"]


def field(op: str, value: Any = None) -> dict[str, Any]:
    return {"fields": [{"field": "ufCrm_1", "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("op", "value", "path"),
    [
        ("like", "A", "op"),
        ("eq", None, "value"),
        ("eq", ["A"], "value"),
        ("eq", {"a": 1}, "value"),
        ("eq", "", "value"),
        ("eq", "A" * 256, "value"),
        ("eq", 0.0000001, "value"),
        ("eq", 10**19, "value"),
        ("eq", float("nan"), "value"),
        ("in", [], "value"),
        ("in", "A", "value"),
        ("not_in", [None], "value"),
        ("gt", "A", "value"),
        ("gt", "2026-13-01", "value"),
        ("gt", "20261101", "value"),
        ("gt", True, "value"),
        ("lte", [1], "value"),
        ("between", [1], "value"),
        ("between", [1, 2, 3], "value"),
        ("between", [1, "2026-11-01"], "value"),
        ("between", ["a", "b"], "value"),
        ("empty", 1, "value"),
    ],
)
def test_a_condition_on_a_field_that_says_nothing_is_refused(op: str, value: Any, path: str) -> None:
    assert list(refused("deals_won", where=field(op, value))) == [f"where.fields[0].{path}"]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("eq", 1.5, FieldTest("ufCrm_1", Op.IN, (("num", 1_500_000),))),
        ("eq", True, FieldTest("ufCrm_1", Op.IN, (("num", 1_000_000),))),
        ("ne", "A", FieldTest("ufCrm_1", Op.NOT_IN, (("text", "A"),))),
        ("in", ["A", 2, "A"], FieldTest("ufCrm_1", Op.IN, (("text", "A"), ("num", 2_000_000)))),
        ("eq", "2026-11-01", FieldTest("ufCrm_1", Op.IN, (("text", "2026-11-01"),))),
        ("gte", "2026-11-01", FieldTest("ufCrm_1", Op.GTE, (("day", "2026-11-01"),))),
        ("between", [1, 2], FieldTest("ufCrm_1", Op.BETWEEN, (("num", 1_000_000), ("num", 2_000_000)))),
        ("not_empty", None, FieldTest("ufCrm_1", Op.NOT_EMPTY)),
    ],
)
def test_a_condition_on_a_field_compares_numbers_texts_and_days(op: str, value: Any, expected: FieldTest) -> None:
    assert plan("deals_won", where=field(op, value)).numerator.where.tests[-1] == expected


def test_a_plan_tells_which_fields_it_needs() -> None:
    where = {"fields": [{"field": "typeId", "op": "eq", "value": "SALE"}], "any": [field("empty"), {"product_id": [1]}]}
    assert needs(plan("deals_won", where=where)) == of_deals("typeId", "ufCrm_1", "productRows")
    assert needs(plan("deals_won", where={"product_section_id": [5]})) == of_deals("productRows", "productSections")
    assert needs(plan("deals_won", owner="ufCrm_3")) == of_deals("ufCrm_3")
    assert needs(plan("return_share", {"stage_id": ["NEW"]}, where=field("empty"))) == of_deals("ufCrm_1")
    assert needs(plan("leads_created", where=field("empty"))) == {("lead", "ufCrm_1")}
    assert needs(plan("deals_won", where={"category_id": [1]})) == frozenset()


def item(**options: Any) -> Plan:
    return plan("item_metric", {"entity_type_id": 147, **options})


def test_a_metric_of_items_says_which_records_and_fields_it_needs() -> None:
    assert needs(item()) == {("item_147", "records")}
    chosen = item(aggregate="sum", field="ufCrm_7", date_field="ufCrm_8", owner_field="ufCrm_9")
    assert needs(chosen) == {("item_147", name) for name in ("records", "ufCrm_7", "ufCrm_8", "ufCrm_9")}
    assert dated(chosen) == {("item_147", "ufCrm_8")}
    assert needs(plan("item_metric", {"entity_type_id": 2, "aggregate": "max", "field": "opportunity"})) == frozenset()
    assert item(aggregate="mean", field="opportunity").is_money
    assert item(aggregate="sum", field="ufCrm_7").unit is Unit.NUMBER
    assert item(aggregate="mean", field="ufCrm_7", money=True).unit is Unit.MONEY
    assert item(owner_field="createdBy").numerator.scan.owner == "created_by"
    assert defaults("item_metric", {"entity_type_id": 147, "date_field": "closed_at"}) == ("closed_at", "assignedById")


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"entity_type_id": 5}, "options.entity_type_id"),
        ({"entity_type_id": 147, "aggregate": "sum"}, "options.field"),
        ({"entity_type_id": 147, "field": "ufCrm_7"}, "options.field"),
        ({}, "options.entity_type_id"),
    ],
)
def test_a_metric_of_items_names_a_type_and_a_field_to_aggregate(options: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        plan("item_metric", options)
    assert [fault.path for fault in refused.value.errors] == [path]


def of_deals(*names: str) -> set[tuple[str, str]]:
    return {("deal", name) for name in names}


def test_a_plan_tells_when_its_numbers_change_by_themselves() -> None:
    day = 86_400
    assert ripening(plan("deal_conversion", {"mode": "window", "days": 30})) == {("deal", "created", 30 * day)}
    assert ripening(plan("deal_conversion", {"stale_days": 60})) == {("deal", "updated", 60 * day)}
    assert ripening(plan("deal_conversion", {"mode": "resolved", "stale_days": 1})) == {("deal", "updated", day)}
    assert ripening(plan("deal_conversion")) == frozenset()


def test_the_mode_decides_the_date_that_is_filled_in() -> None:
    assert defaults("deal_conversion", {}) == ("closed_at", "responsible")
    assert defaults("deal_conversion", {"mode": "cohort"}) == ("created", "responsible")
    assert defaults("stage_entered", {"stages": ["NEW"]}) == ("entered_at", "responsible")
