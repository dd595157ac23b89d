"""The deal tab: what a deal gives, why it does not count, and what a win would bring - which winning it then brings."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app import pipeline
from b24app.facts.tables import Deal, FieldValue, ProductRow, ProductSection, Term
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import speaking
from b24app.metrics import measures
from b24app.metrics.catalogue import CATALOGUE
from b24app.metrics.measures import Op, Where
from b24app.metrics.plans import plan
from b24app.metrics.queries import facts_behind
from b24app.metrics.rules import Plan, Unit
from b24app.outcomes.dashboards import queries
from b24app.outcomes.dashboards.deals import _record
from b24app.outcomes.dashboards.records import holds, moment, number, why_not
from b24app.outcomes.dashboards.records import owner as record_owner
from b24app.periods.rules import Span
from b24app.scores.context import Context
from tests.outcomes.test_dashboards import MONTH
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ADMIN_SEES, ANN, ANN_SEES, BOB, HEAD_SEES, NOW, PORTAL, SALES, STRANGER_SEES, deal

CARD = document(
    indicator("revenue", weight=40, owner="closed_by", target=1000),
    indicator("new_clients", metric="new_clients", weight=20, owner="closed_by", target=2),
    indicator("conversion", metric="deal_conversion", weight=20, owner="closed_by", target=50),
    indicator("web", metric="deals_won", weight=20, owner="closed_by", target=4, where={"source_id": ["WEB"]}),
    subjects={"departments": [SALES]},
)


@pytest.fixture(autouse=True)
def card(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-11-03", 100, won=False)
    pipeline.recompute_open(PORTAL, NOW)


def tab(one: Deal, viewer=ADMIN_SEES):
    with speaking("en"):
        return queries.deal(viewer, one.id, Context(viewer.portal_id, NOW))


def gives(one: Deal, viewer=ADMIN_SEES):
    return {gift.indicator_code: gift for gift in tab(one, viewer).gives}


def test_an_open_deal_shows_what_a_win_would_give():
    found = gives(deal(ANN, None, 500, client="C1"))
    assert (found["revenue"].number.value, found["revenue"].number.unit) == (500, "money")
    assert (found["new_clients"].counted, found["new_clients"].number.value) == (True, 1)
    assert (found["web"].counted, found["web"].reason) == (False, "Another source")
    # before: revenue 0, no new client, 0 of 1 won; after: 50 %, 50 %, 1 of 2 won
    assert (found["revenue"].score_now, found["revenue"].score_after) == (0, F(50 * 40 + 50 * 20 + 100 * 20, 100))
    assert found["revenue"].employee_name == "Ann"


def test_winning_it_brings_what_was_promised():
    one = deal(ANN, None, 500, client="C1", source_id="WEB")
    promised = gives(one)["revenue"].score_after
    one.semantic, one.closed_at, one.closed_by_id, one.win_no = "S", epoch(NOW), ANN, 1
    db.session.flush()
    pipeline.recompute_open(PORTAL, NOW)
    shown = queries.card(ANN_SEES, gives(one)["revenue"].employee, None, MONTH, Context(PORTAL, NOW))
    assert shown.score == promised


COMPUTED = document(
    indicator("ticket", metric="formula", formula="revenue / won * 2", weight=40, target=1000),
    indicator("revenue", weight=20, owner="closed_by", target=1000),
    indicator("won", metric="deals_won", weight=20, owner="closed_by", target=4),
    indicator("lost", metric="formula", formula="deals_lost", owner="closed_by", direction="down", weight=20, target=3),
    code="computed",
    subjects={"departments": [SALES]},
)


def test_winning_a_deal_brings_a_formula_what_was_promised():
    world.scorecard(COMPUTED)
    deal(ANN, "2026-11-04", 300)
    one = deal(ANN, None, 500, client="C1")
    pipeline.recompute_open(PORTAL, NOW)
    found = {gift.indicator_code: gift for gift in tab(one).gives if gift.scorecard_code == "computed"}
    assert (found["ticket"].counted, found["ticket"].number.value, found["ticket"].number.unit) == (True, 200, "number")
    assert (found["lost"].counted, found["lost"].reason) == (False, "Only lost deals count here.")
    assert found["ticket"].score_now < found["ticket"].score_after
    one.semantic, one.closed_at, one.closed_by_id, one.win_no = "S", epoch(NOW), ANN, 1
    db.session.flush()
    pipeline.recompute_open(PORTAL, NOW)
    shown = queries.card(ANN_SEES, found["ticket"].employee, "computed", MONTH, Context(PORTAL, NOW))
    assert shown.score == found["ticket"].score_after


def test_what_a_deal_brings_a_formula_over_money_is_hidden_with_money():
    world.scorecard(COMPUTED)
    one = deal(ANN, None, 500)
    poor = replace(ADMIN_SEES, sees_money=False)
    found = {gift.indicator_code: gift for gift in tab(one, poor).gives if gift.scorecard_code == "computed"}
    assert (found["ticket"].counted, found["ticket"].number) == (True, None)
    assert found["won"].number.value == 1


def test_a_won_deal_counts_in_a_formula_without_saying_how_much():
    world.scorecard(COMPUTED)
    one = deal(ANN, "2026-11-04", 300)
    pipeline.recompute_open(PORTAL, NOW)
    (found,) = (gift for gift in tab(one).gives if gift.indicator_code == "ticket")
    assert (found.counted, found.number.value) == (True, None)


def test_a_won_deal_shows_what_it_gave():
    found = gives(deal(ANN, "2026-11-05", 500))
    assert (found["revenue"].counted, found["revenue"].score_after) == (True, None)
    assert (found["new_clients"].counted, found["new_clients"].reason) == (False, "The deal names no client")


def test_a_lost_deal_says_that_only_won_ones_count():
    assert gives(deal(ANN, "2026-11-05", 500, won=False))["revenue"].reason == "Only won deals count here."


def test_a_known_client_is_not_new():
    deal(ANN, "2026-11-01", 1, client="C7", win_no=1)
    assert gives(deal(ANN, None, 5, client="C7"))["new_clients"].reason == "The client has bought before."


def test_a_deal_without_a_rate_counts_without_its_amount():
    found = gives(deal(ANN, None, None))
    assert (found["revenue"].counted, found["revenue"].number) == (False, None)
    assert found["conversion"].counted


def test_the_summary_names_the_stage():
    db.session.add(
        Term(portal_id=PORTAL, kind="stage", id="NEW", name="In work", extra={"semantic": "P", "category_id": 0})
    )
    shown = tab(deal(ANN, None, 500, title="Big one")).deal
    assert (shown.title, shown.state, shown.stage, shown.amount.value, shown.owner_name) == (
        "Big one",
        "open",
        "In work",
        500,
        "Ann",
    )


def test_a_deal_of_people_one_may_not_see():
    one = deal(BOB, None, 500)
    with pytest.raises(Forbidden):
        tab(one, ANN_SEES)
    assert tab(one, HEAD_SEES).gives
    with pytest.raises(NotFound):
        tab(one, STRANGER_SEES)


def test_a_deleted_deal_is_not_found():
    with pytest.raises(NotFound):
        tab(deal(ANN, None, 500, deleted_at=1))


FIELDS = {"semantic": ["S", "F", "P"], "source_id": ["WEB", "CALL", None], "win_no": [None, 1, 2]}
TESTS = st.one_of(
    st.builds(measures.Test, st.just("semantic"), st.just(Op.IN), st.sampled_from([("S",), ("S", "F")])),
    st.builds(measures.Test, st.just("source_id"), st.just(Op.IN), st.sampled_from([("WEB",), ("CALL", "WEB")])),
    st.builds(measures.Test, st.just("win_no"), st.just(Op.GT), st.just((1,))),
    st.builds(measures.Test, st.just("win_no"), st.sampled_from([Op.EMPTY, Op.NOT_EMPTY])),
)


def few(parts):
    return st.lists(parts, max_size=2).map(tuple)


WHERES = st.recursive(
    st.builds(Where, few(TESTS)),
    lambda inner: st.builds(
        Where,
        st.lists(TESTS, max_size=2).map(tuple),
        st.lists(inner, max_size=2).map(tuple),
        st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=4,
)


def slow(where: Where, record) -> bool:
    for test in where.tests:
        value = record[test.field]
        if test.op is Op.EMPTY and value is not None:
            return False
        if test.op is not Op.EMPTY and value is None:
            return False
        if test.op is Op.IN and value not in test.values:
            return False
        if test.op is Op.GT and value <= test.values[0]:
            return False
    for one in where.none:
        if slow(one, record):
            return False
    return not where.any or any(slow(one, record) for one in where.any)


@given(where=WHERES, record=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FIELDS.items()}))
def test_a_record_held_against_conditions(where, record):
    assert holds(where, record) is slow(where, record)


FIELD = {"fields": [{"field": "ufCrm_1", "op": "in", "value": ["A", 2]}]}
OTHER_FIELD = {
    "fields": [{"field": "ufCrm_1", "op": "ne", "value": "A"}, {"field": "ufCrm_2", "op": "gte", "value": 2}]
}
CONDITIONS = (
    {},
    {"source_id": ["WEB"], "any": [{"stage_id": ["WON"]}, {"stage_id": ["NEW"]}]},
    FIELD,
    {"any": [OTHER_FIELD, {"fields": [{"field": "ufCrm_1", "op": "empty"}], "source_id": ["CALL"]}]},
    {"product_id": [1, 2]},
    {"product_section_id": [50], "any": [{"product_id": [1]}, {"source_id": ["WEB"]}]},
    {"any": [{"product_id": [3]}, FIELD]},
)
MODES = [
    *((code, ready.example) for code, ready in CATALOGUE.items() if ready.entity == "deal" and code != "ad_roi"),
    ("deal_conversion", {"mode": "cohort"}),
    ("deal_conversion", {"mode": "resolved", "stale_days": 3}),
    ("deal_conversion", {"mode": "window", "days": 9}),
    ("deal_conversion", {"stale_days": 30}),
    ("item_metric", {"entity_type_id": 2, "aggregate": "mean", "field": "ufCrm_2"}),
    ("item_metric", {"entity_type_id": 2, "aggregate": "max", "field": "ufCrm_2", "date_field": "ufCrm_4"}),
]


def all_sorts_of_deals() -> list[Deal]:
    """Every mix of outcome, place among the client's wins, source and amount; with fields and products, or without."""
    deals = [
        deal(
            ANN,
            "2026-11-05" if state != "P" else None,
            amount,
            state == "S",
            win_no=win_no,
            source_id=source,
            client=client,
        )
        for state in "SFP"
        for win_no, client in ((None, None), (1, "C1"), (2, "C1"))
        for source in (None, "WEB", "CALL")
        for amount in (None, 7)
    ]
    for turn, one in enumerate(deals):
        of_deal = {"portal_id": PORTAL, "entity": "deal", "record_id": one.id}
        texts = ((), ("A",), ("B",), ("B", "A"))[turn % 4]
        values = [FieldValue(**of_deal, field="ufCrm_1", place=place, text=text) for place, text in enumerate(texts)]
        values += [FieldValue(**of_deal, field="ufCrm_2", place=0, num=turn % 3 * 1_000_000)] if turn % 5 else []
        values += [FieldValue(**of_deal, field="ufCrm_3", place=0, ref=(ANN, BOB)[turn % 2])] if turn % 3 else []
        values += [FieldValue(**of_deal, field="ufCrm_4", place=0, at=1_700_000_000 + turn)] if turn % 4 else []
        rows = [
            ProductRow(
                **of_deal, id=place, product_id=product, amount_original=0, amount=None if one.amount is None else 300
            )
            for place, product in enumerate(((), (1,), (1, 2), (3, 3), (None, 2))[turn % 5])
        ]
        db.session.add_all([*values, *rows])
    db.session.add_all(ProductSection(portal_id=PORTAL, product_id=id, section_id=50) for id in (2, 3))
    db.session.flush()
    return deals


@pytest.mark.databases("sqlite")  # the other one agrees with it: tests/metrics/test_compile.py
@pytest.mark.parametrize(("metric", "options"), MODES)
@pytest.mark.parametrize("owner", ["responsible", "ufCrm_3"])
def test_a_record_in_memory_counts_exactly_when_the_stored_one_does(metric, options, owner):
    """With the same number, in every mode, under every kind of condition."""
    deals = {one.id: _record(one, NOW) for one in all_sorts_of_deals()}
    for where in CONDITIONS:
        for measure in plan(metric, options, None, owner, where).measures:
            if measure.scan.entity != "deal":
                continue
            alone = Plan(measure, Unit.COUNT, "sum")
            ever = Span(0, 2**40)
            listed = facts_behind(PORTAL, alone, ever, (ANN,), now=epoch(NOW), limit=1000).items
            expected = {
                id: F(number(measure, record), measure.scale)
                for id, record in deals.items()
                if moment(measure.scan, record) is not None
                and record_owner(measure.scan, record) == ANN
                and why_not(measure, record) is None
            }
            assert {row.id: row.number for row in listed if row.id in deals} == expected


def test_a_stage_that_is_counted_by_its_history_says_that_the_tab_cannot_tell():
    world.scorecard(
        document(
            indicator("won_stage", metric="stage_entered", options={"stages": ["WON"]}, weight=100, target=5),
            code="stages",
            subjects={"departments": [SALES]},
        )
    )
    db.session.add(
        Term(portal_id=PORTAL, kind="stage", id="WON", name="Won", extra={"semantic": "S", "category_id": 0})
    )
    found = gives(deal(ANN, None, 500))["won_stage"]
    assert (found.counted, found.number, found.score_after) == (False, None, None)
    assert found.reason == "Counted by the history of stages: this page cannot tell."


def test_a_median_shows_the_deal_and_promises_no_score():
    world.scorecard(
        document(
            indicator(
                "days",
                metric="average_days_to_close",
                options={"stat": "median"},
                weight=100,
                direction="down",
                target=10,
                owner="closed_by",
            ),
            code="median",
            subjects={"departments": [SALES]},
        )
    )
    found = gives(deal(ANN, None, 500, created="2026-11-06"))["days"]
    assert (found.counted, found.number.value, found.number.unit) == (True, 10, "days")
    assert found.score_after is None


def test_a_stale_deal_that_is_won_is_no_longer_among_the_lost():
    world.scorecard(
        document(
            indicator(
                "conversion",
                metric="deal_conversion",
                options={"mode": "resolved", "stale_days": 3},
                weight=100,
                target=100,
            ),
            code="stale",
            subjects={"departments": [SALES]},
        )
    )
    deal(ANN, "2026-11-05", 1, created="2026-11-02")
    deal(ANN, "2026-11-05", 1, won=False, created="2026-11-02")
    found = {
        (one.scorecard_code, one.indicator_code): one for one in tab(deal(ANN, None, 500, created="2026-11-02")).gives
    }["stale", "conversion"]
    assert (found.score_now, found.score_after) == (F(100, 3), F(200, 3))
