"""What people write becomes a plan, or is refused with everything that is wrong with it."""

from typing import Any

import pytest

from b24app.lib.errors import Invalid
from b24app.lib.i18n import LANGUAGES
from b24app.metrics import rules
from b24app.metrics.catalogue import CATALOGUE, REASONS
from b24app.metrics.conditions import WhereDocument
from b24app.metrics.plans import plan
from b24app.metrics.rules import Op, Scan, Where
from b24app.metrics.types.base import metric_types

OPTIONS: dict[str, dict[str, Any]] = {"entries": {"code": "nps"}}

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
    assert all(near.reason in REASONS for near in plan(code, OPTIONS.get(code)).near)


@codes
def test_every_offered_date_owner_and_choice_is_accepted(code: str) -> None:
    ready = CATALOGUE[code]
    for date in ready.dates:
        for owner in ready.owners:
            scan = plan(code, OPTIONS.get(code), date, owner).numerator.scan
            assert scan == Scan(ready.entity, ready.dates[date], ready.owners[owner])
    for name, option in ready.options.items():
        for choice in option.choices:
            plan(code, {name: choice})


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
        (rules.Test("category_id", Op.IN, (0, 1)),),
        any=(
            Where((rules.Test("source_id", Op.IN, ("WEB",)),)),
            Where((rules.Test("category_id", Op.IN, (3,)), rules.Test("stage_id", Op.IN, ("NEW",)))),
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
        {"mode": "cohort", "colour": "red"},
        "created",
        "ufCrm_3",
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
    ],
)
def test_refusals(arguments: tuple[Any, ...], path: str) -> None:
    assert list(refused(*arguments)) == [path]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("deal_conversion", {"mode": "window"}), "options.mode"),
        (("deal_conversion", {"stale_days": 60}), "options.stale_days"),
        (("average_days_to_close", {"stat": "median"}), "options.stat"),
        (("calls", {"answered": True}), "options.answered"),
        (("deals_won", None, None, "ufCrm_3"), "owner"),
        (("deals_won", None, None, None, {"product_id": [1]}), "where.product_id"),
        (("deals_won", None, None, None, {"fields": [{"field": "ufCrm_1", "op": "eq", "value": 1}]}), "where.fields"),
    ],
)
def test_what_is_known_and_not_there_yet_says_so(arguments: tuple[Any, ...], path: str) -> None:
    assert "not available yet" in refused(*arguments)[path]


def test_the_default_value_of_an_option_may_be_written_down() -> None:
    assert plan("deal_conversion", {"mode": "period"}) == plan("deal_conversion")
    assert plan("average_days_to_close", {"stat": "mean"}) == plan("average_days_to_close")
    assert plan("repeat_sales", {"mode": "history"}) == plan("repeat_sales")


def test_conditions_nested_too_deep_are_refused() -> None:
    where: dict[str, Any] = {"category_id": [1]}
    for _level in range(10):
        where = {"any": [where]}
    assert list(refused("deals_won", where=where)) == ["where.any[0].any[0].any[0].any[0].any"]
