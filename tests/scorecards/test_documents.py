"""The scorecard document: what is accepted, what comes back, and how every fault is told with its path."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from b24app.lib.errors import Invalid
from b24app.scorecards import documents
from b24app.scorecards.operations import template
from tests.scorecards.documents import document, indicator

EXAMPLE = {
    "code": "sales",
    "name": {"ru": "Отдел продаж", "en": "Sales"},
    "status": "active",
    "period": "month",
    "effective_from": "2026-11-01",
    "subjects": {"departments": [5], "employees": [12], "exclude": {"departments": [], "employees": []}},
    "missing": "skip",
    "prorate": False,
    "zones": {"done": 100, "close": 80},
    "indicators": [
        {
            "code": "revenue",
            "name": {"ru": "Выручка за месяц", "en": "Revenue"},
            "metric": "deals_won_amount",
            "options": {},
            "date": "closed_at",
            "owner": "closed_by",
            "where": {
                "category_id": [0],
                "stage_id": [],
                "source_id": ["WEB"],
                "product_id": [],
                "fields": [],
                "any": [],
            },
            "formula": None,
            "operands": {},
            "direction": "up",
            "target": 500000,
            "target_per": "period",
            "baseline": None,
            "floor": None,
            "cap": 150,
            "steps": [[80, 50], [100, 100.5]],
            "weight": 100,
            "critical": {"limit": 70, "share": 25},
            "empty": None,
            "min_count": None,
            "refresh": "live",
            "notify": True,
        }
    ],
}


def deep(levels: int):
    nested: dict = {}
    for _ in range(levels):
        nested = {"a": nested}
    return nested


def faults(raw) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        documents.parse(raw)
    return {fault.path: fault.message for fault in caught.value.errors}


def test_what_was_put_is_what_is_given_back():
    assert documents.parse(EXAMPLE).as_json() == EXAMPLE


def test_a_stored_document_comes_back_exactly():
    one = documents.parse(
        document(
            indicator(target=Decimal("500000.000001"), weight=Decimal("99.99")), indicator("b", weight=Decimal("0.01"))
        )
    )
    again = documents.load(json.loads(json.dumps(one.stored())))
    assert again == one
    assert again.indicators[0].target == Decimal("500000.000001")


def test_defaults_are_filled():
    one = documents.parse(document()).as_json()
    assert (one["status"], one["missing"], one["zones"]) == ("active", "skip", {"done": 100, "close": 80})
    assert (one["indicators"][0]["cap"], one["indicators"][0]["owner"], one["indicators"][0]["date"]) == (
        150,
        "responsible",
        "closed_at",
    )


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (document(indicator(weight=99)), {"indicators"}),
        (document(indicator(weight="100")), {"indicators[0].weight"}),
        (document(indicator(weight=True)), {"indicators[0].weight"}),
        (
            document(indicator(weight=99.999), indicator("b", weight=0.001)),
            {"indicators[0].weight", "indicators[1].weight"},
        ),
        (document(indicator(weight=100), indicator("b", weight=0)), {"indicators[1].weight"}),
        (document(indicator(weight=110), indicator("b", weight=-10)), {"indicators[1].weight"}),
        (document(indicator(weight=50), indicator(weight=50)), {"indicators[0].code", "indicators[1].code"}),
        (document(indicator(metric="deals_wonn")), {"indicators[0].metric"}),
        (document(indicator(metric="formula")), {"indicators[0].formula"}),
        (document(indicator(metric="formula", formula="a /")), {"indicators[0].formula"}),
        (document(indicator(metric="formula", formula="a", options={"x": 1})), {"indicators[0].options"}),
        (document(indicator(metric="formula", formula="a", date="created")), {"indicators[0].date"}),
        (document(indicator(metric="formula", formula="a", min_count=3)), {"indicators[0].min_count"}),
        (document(indicator(metric="formula", formula="a", target_per="working_day")), {"indicators[0].target_per"}),
        (document(indicator(metric="formula", formula="a", refresh="manual")), {"indicators[0].refresh"}),
        (document(indicator(metric="formula", formula="a", operands=5)), {"indicators[0].operands"}),
        (document(indicator(metric="formula", formula="a", operands={"a": {"x": 1}})), {"indicators[0].operands.a.x"}),
        (document(indicator(metric="formula", formula="a", operands={"a": {}})), {"indicators[0].operands.a.metric"}),
        (document(indicator(formula="a / b")), {"indicators[0].formula"}),
        (document(indicator(options={"mode": "x"})), {"indicators[0].options.mode"}),
        (document(indicator(where={"color": []})), {"indicators[0].where.color"}),
        (document(indicator(date="created", owner="nobody")), {"indicators[0].owner"}),
        (document(indicator(direction="sideways")), {"indicators[0].direction"}),
        (document(indicator(direction="down", target=0)), {"indicators[0].target"}),
        (document(indicator(baseline=1000)), {"indicators[0].target"}),
        (document(indicator(direction="down", baseline=1000)), {"indicators[0].target"}),
        (document(indicator(floor=-1, cap=0)), {"indicators[0].floor", "indicators[0].cap"}),
        (document(indicator(steps=[])), {"indicators[0].steps"}),
        (document(indicator(steps=[[100, 100], [80, 50]])), {"indicators[0].steps"}),
        (document(indicator(steps=[[100]])), {"indicators[0].steps[0][1]"}),
        (document(indicator(critical={"limit": 70, "share": 101})), {"indicators[0].critical.share"}),
        (document(indicator(min_count=0)), {"indicators[0].min_count"}),
        (document(indicator(refresh="sometimes")), {"indicators[0].refresh"}),
        (document(indicator(refresh="cron: 61 * * * *")), {"indicators[0].refresh"}),
        (document(indicator(refresh="manual")), {"indicators[0].refresh"}),
        (document(indicator(metric="deal_conversion", target_per="working_day")), {"indicators[0].target_per"}),
        (document(indicator(target=1.0000001)), {"indicators[0].target"}),
        (document(indicator(target=10**15)), {"indicators[0].target"}),
        (document(indicator(target=float("inf"))), {"indicators[0].target"}),
        (document(indicator(colour="red")), {"indicators[0].colour"}),
        (document(period="custom"), {"period"}),
        (document(effective_from="01.11.2026"), {"effective_from"}),
        (document(effective_from="2026-02-30"), {"effective_from"}),
        (document(effective_from="9999-12-01"), {"effective_from"}),
        (document(indicator(options=deep(5000))), {"indicators[0].options"}),
        (document(subjects={"departments": ["5"]}), {"subjects.departments[0]"}),
        (document(subjects={"teams": []}), {"subjects.teams"}),
        (document(zones={"done": 80, "close": 100}), {"zones"}),
        (document(code="1 b"), {"code"}),
        (document(name=""), {"name"}),
        (document(name={"en": 5}), {"name"}),
        (document(indicators=[]), {"indicators"}),
        (document(indicators="none"), {"indicators"}),
        ({}, {"code", "name", "period", "subjects", "effective_from"}),
        ([], {""}),
    ],
)
def test_each_fault_is_told_where_it_is(raw, paths):
    assert set(faults(raw)) == paths


def test_all_faults_are_told_at_once():
    found = faults(document(indicator(weight=50, metric="nope"), indicator("b", weight=10, extra=1), unknown=1))
    assert set(found) == {"unknown", "indicators[0].metric", "indicators[1].extra"}


def test_the_sum_of_the_weights_is_said():
    assert "90" in faults(document(indicator(weight=90)))["indicators"]


@pytest.mark.parametrize("refresh", ["live", "hourly", "daily", "weekly", "cron: */5 * * * *"])
def test_every_refresh_is_accepted(refresh):
    assert documents.parse(document(indicator(refresh=refresh))).indicators[0].refresh == refresh


def test_a_draft_may_be_unfinished():
    assert documents.parse(document(indicator(weight=40), status="draft")).status == "draft"
    assert documents.parse(document(indicators=[], status="draft")).indicators == ()


def test_the_sales_template_is_the_article():
    one = documents.parse(template("sales") | {"subjects": {"departments": [1]}, "effective_from": "2026-01-01"})
    assert [(i.code, i.metric, i.target, i.weight) for i in one.indicators] == [
        ("revenue", "deals_won_amount", 500_000, 40),
        ("new_clients", "new_clients", 10, 25),
        ("conversion", "deal_conversion", 15, 20),
        ("meetings", "meetings", 30, 15),
    ]


def test_every_template_is_a_whole_document():
    folder = Path(documents.__file__).parent / "templates"
    for path in folder.glob("*.json"):
        assert documents.parse(template(path.stem) | {"subjects": {}, "effective_from": "2026-01-01"}).code == path.stem


TARGET = {"scorecard": "s", "indicator": "i", "subject": {"type": "employee", "id": 1}, "period": "month", "target": 1}


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ([{"scorecard": "sales", "indicator": "revenue"}], {"[0].subject", "[0].period", "[0].target"}),
        (
            [
                {
                    "scorecard": "s",
                    "indicator": "i",
                    "subject": {"type": "team", "id": 1},
                    "period": "month",
                    "target": 1,
                }
            ],
            {"[0].subject.type"},
        ),
        ([5], {"[0]"}),
    ],
)
def test_faults_of_targets(raw, paths):
    with pytest.raises(Invalid) as caught:
        documents.parse_targets(raw)
    assert {fault.path for fault in caught.value.errors} == paths
