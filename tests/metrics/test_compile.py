"""Compiled SQL against the slow reading, on generated facts and plans: every type in every mode, every ready metric.

Dates lie at the edges of periods on purpose, on days when the clock changes too; owners, amounts, clients and sources
are missing now and then; some records are deleted, recurring or undone. Deals have stage moves, product rows and values
of custom fields, or none; the present lies in the middle of everything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24app.facts.credit.rules import Share, credits
from b24app.facts.tables import (
    Activity,
    Call,
    CallSource,
    Credit,
    Deal,
    Entry,
    FieldValue,
    Item,
    ProductRow,
    ProductSection,
    Request,
    StageMove,
    Task,
)
from b24app.lib.db import db
from b24app.metrics.catalogue import CATALOGUE, REASONS
from b24app.metrics.conditions import conditions_of
from b24app.metrics.kept import facts_kept, write_down
from b24app.metrics.measures import Aggregate
from b24app.metrics.plans import plan
from b24app.metrics.queries import FactPage, FactRow, evaluate, facts_behind, not_counted
from b24app.metrics.rules import Among, Plan, value_of
from b24app.metrics.types.base import metric_types
from b24app.periods.rules import Kind, Period, Settings, Span, span
from tests.metrics import slow_reading
from tests.metrics.world import Fact, put, put_portal

BERLIN = Settings("Europe/Berlin")
SPANS = tuple(
    span(period, BERLIN)
    for period in (
        Period(Kind.DAY, date(2024, 3, 31), date(2024, 4, 1)),  # 23 hours
        Period(Kind.DAY, date(2024, 10, 27), date(2024, 10, 28)),  # 25 hours
        Period(Kind.MONTH, date(2024, 3, 1), date(2024, 4, 1)),
        Period(Kind.MONTH, date(2024, 4, 1), date(2024, 5, 1)),
        Period(Kind.YEAR, date(2024, 1, 1), date(2025, 1, 1)),  # overlaps all of them
    )
)
NOW = SPANS[3].start + 15 * 86_400
PEOPLE = (1, 2, 3)
GROUPS = ({1}, {2}, {1, 2}, {1, 2, 3}, None)
DEPARTMENTS = (10,)

instants = st.sampled_from(SPANS).flatmap(
    lambda span: st.sampled_from((span.start - 1, span.start, span.start + 3600, span.end - 1, span.end))
)
people = st.none() | st.sampled_from((*PEOPLE, 99))
sources = st.sampled_from((None, "WEB", "CALL"))
stages = st.sampled_from(("NEW", "WON", "C1:WON"))
values = st.tuples(
    st.sampled_from((None, 0, 1_000_000, 500_000)),
    st.sampled_from((None, "A", "B", "2024-04-01")),
    st.sampled_from((None, "2024-03-31", "2024-04-01", "2024-04-02")),
)


@st.composite
def deals(draw: st.DrawFn, id: int) -> Deal:
    semantic = draw(st.sampled_from("SSSFP"))
    won, closed = semantic == "S", semantic != "P"
    client = draw(st.sampled_from((None, "C1", "P2")))
    return Deal(
        id=id,
        category_id=draw(st.integers(0, 2)),
        stage_id=draw(stages),
        semantic=semantic,
        source_id=draw(sources),
        client=client,
        responsible_id=draw(people),
        created_by_id=draw(people),
        closed_by_id=draw(people) if closed else None,
        amount=draw(st.none() | st.integers(-100, 10**12)),
        currency="EUR",
        rate=draw(st.sampled_from((None, "1.5"))),
        created_at=draw(instants),
        updated_at=draw(instants),
        closed_at=draw(instants) if closed else None,
        closed_from=draw(st.sampled_from(("history", "moved", "planned"))) if closed else None,
        seconds_to_close=draw(st.none() | st.integers(0, 10**7)) if won else None,
        win_no=draw(st.integers(1, 3)) if won and client else None,
        is_return=draw(st.booleans()),
        is_recurring=draw(st.integers(0, 9)) == 0,
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


@st.composite
def activities(draw: st.DrawFn, id: int) -> Activity:
    completed = draw(st.booleans())
    return Activity(
        id=id,
        kind=draw(st.sampled_from(("call", "meeting", "email", "todo"))),
        direction=draw(st.sampled_from((None, "in", "out"))),
        responsible_id=draw(people),
        created_by_id=draw(people),
        created_at=0,
        updated_at=0,
        start_at=draw(st.none() | instants),
        completed=completed,
        completed_at=draw(instants) if completed else None,
        due_at=draw(st.none() | instants | st.just(NOW)),
        seconds_late=draw(st.none() | st.integers(-2, 2)) if completed else None,
        seconds=draw(lengths),
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


lengths = st.none() | st.sampled_from((0, 9, 10, 11, 600))


@st.composite
def calls(draw: st.DrawFn, id: int) -> Call:
    return Call(
        id=id,
        direction=draw(st.sampled_from((None, "in", "out"))),
        answered=draw(st.booleans()),
        seconds=draw(lengths) or 0,
        responsible_id=draw(people),
        created_by_id=draw(people),
        start_at=draw(instants),
        completed_at=draw(instants),
        created_at=0,
        updated_at=0,
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


@st.composite
def tasks(draw: st.DrawFn, id: int) -> Task:
    closed_at = draw(st.none() | instants)
    return Task(
        id=id,
        done=closed_at is not None,
        responsible_id=draw(people),
        created_by_id=draw(people),
        created_at=0,
        updated_at=0,
        closed_at=closed_at,
        due_at=draw(st.none() | instants),
        seconds_late=draw(st.none() | st.integers(-2, 2)) if closed_at is not None else None,
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


journals = st.dictionaries(instants, st.sampled_from(("activities", "telephony")), max_size=2)


@st.composite
def leads(draw: st.DrawFn, id: int) -> Item:
    semantic = draw(st.sampled_from("SFP"))
    return Item(
        type=draw(st.sampled_from(("lead", "lead", "item_147"))),
        id=id,
        title="",
        category_id=draw(st.none() | st.integers(0, 2)),
        stage_id=draw(stages),
        semantic=semantic,
        source_id=draw(sources),
        responsible_id=draw(people),
        created_by_id=draw(people),
        amount=draw(st.none() | st.integers(-100, 10**12)),
        created_at=draw(instants),
        updated_at=0,
        closed_at=draw(instants) if semantic != "P" else None,
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


@st.composite
def requests(draw: st.DrawFn, id: int) -> Request:
    answered, rated = draw(st.none() | instants), draw(st.booleans())
    seconds = draw(st.none() | st.integers(0, 10**6)) if answered else None
    resolved = draw(st.none() | instants)
    return Request(
        id=id,
        mapping=draw(st.sampled_from(("help", "help", "shop"))),
        entity="deal",
        record_id=id,
        responsible_id=draw(people),
        created_at=draw(instants),
        updated_at=0,
        first_response_at=answered,
        resolved_at=resolved,
        rating=draw(st.integers(0, 5 * 10**6)) if rated else None,
        rated_at=resolved if rated else None,
        seconds_to_response=seconds,
        seconds_working=seconds and seconds // 3,
        deleted_at=draw(st.sampled_from((None, None, None, 5))),
        read_at=0,
    )


@st.composite
def entries(draw: st.DrawFn, id: int) -> Entry:
    undoes = draw(st.integers(0, 9)) == 0
    return Entry(
        id=id,
        key=f"k{id}",
        code=draw(st.sampled_from(("nps", "nps", "ad_spend"))),
        kind=draw(st.sampled_from(("add", "add", "set"))),
        value=draw(st.integers(-(10**9), 10**12)),
        occurred_at=draw(instants),
        employee_id=draw(people),
        department_id=draw(st.sampled_from((None, 10, 11))),
        source_id=draw(sources),
        undone=draw(st.integers(0, 9)) == 0 and not undoes,
        undoes_id=1 if undoes else None,
        origin="api",
        author="system",
        created_at=0,
    )


@st.composite
def fields_of(draw: st.DrawFn, entity: str, record: int) -> list[Fact]:
    """What is stored of the fields of a record; of ufCrm_3 employees and instants."""
    found: list[Fact] = []
    for field in draw(st.sets(st.sampled_from(("ufCrm_1", "ufCrm_2", "ufCrm_3")))):
        for place, (number, text, day) in enumerate(draw(st.lists(values, min_size=1, max_size=2))):
            found.append(
                FieldValue(
                    entity=entity, record_id=record, field=field, place=place, num=number, text=text, day=day,
                    ref=draw(people) if field == "ufCrm_3" else None,
                    at=draw(instants) if field == "ufCrm_3" else None,
                )
            )  # fmt: skip
    return found


@st.composite
def kept_of(draw: st.DrawFn, deal: int) -> list[Fact]:
    """What is stored of a deal beside its row: fields, product rows, stage moves."""
    found: list[Fact] = draw(fields_of("deal", deal))
    for number in range(draw(st.integers(0, 2))):
        found.append(
            ProductRow(
                entity="deal", record_id=deal, id=number, product_id=draw(st.sampled_from((None, 1, 2, 3))),
                amount_original=0, amount=draw(st.none() | st.integers(-100, 10**9)),
            )
        )  # fmt: skip
    return found + draw(moves_of("deal", deal))


@st.composite
def credit_of(draw: st.DrawFn, deal: Deal) -> list[Fact]:
    """Some deals are divided between two or three people, one of them unknown."""
    people = draw(st.sampled_from(((), (), (1, 2), (2, 3), (1, 3, 99))))
    shares = [Share(id, draw(st.sampled_from((1, 333_333, 400_000)))) for id in people[1:]]
    rest = 1_000_000 - sum(one.share for one in shares)
    divided = credits([Share(people[0], rest), *shares], deal.amount) if people else ()
    return [Credit(deal_id=deal.id, **{name: getattr(one, name) for name in CREDIT}) for one in divided]


CREDIT = ("employee_id", "share", "amount", "by_hand")


@st.composite
def moves_of(draw: st.DrawFn, entity: str, record: int) -> list[Fact]:
    return [
        StageMove(
            entity=entity, id=10 * record + number, record_id=record, kind=draw(st.sampled_from((1, 2, 3, 5))),
            category_id=draw(st.sampled_from((None, 0, 1))), stage_id=draw(stages), semantic="P", at=draw(instants),
        )
        for number in range(draw(st.integers(0, 3)))
    ]  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn, of: tuple[Any, ...] = ()) -> tuple[Fact, ...]:
    mixes = (
        *((deals,), (deals,), (activities, calls), (leads,), (tasks,), (entries,), (requests,)),
        *((deals, leads, entries), (deals, activities, calls, leads, requests, entries)),
    )
    kinds = of or draw(st.sampled_from(mixes))
    records: list[Fact] = [draw(st.one_of(*(kind(id) for kind in kinds))) for id in range(1, draw(st.integers(1, 26)))]
    more = [fact for one in records if isinstance(one, Deal) for fact in draw(kept_of(one.id)) + draw(credit_of(one))]
    for one in records:
        if isinstance(one, Item):
            more += [*draw(fields_of(one.type, one.id)), *draw(moves_of(one.type, one.id))]
    pairs = draw(st.sets(st.tuples(st.integers(1, 3), st.integers(50, 51))))
    more += [CallSource(since=since, source=source) for since, source in draw(journals).items()]
    return (*records, *more, *(ProductSection(product_id=product, section_id=section) for product, section in pairs))


facts = worlds()

ids = st.lists(st.integers(1, 3), min_size=1, max_size=2)
numbers = st.sampled_from((-1, 0, 0.5, 1, 2))
texts = st.sampled_from(("A", "B", "2024-04-01"))
days = st.sampled_from(("2024-03-31", "2024-04-01", "2024-10-27"))
OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("eq", "ne"), numbers | texts | st.booleans()),
    **dict.fromkeys(("in", "not_in"), st.lists(numbers | texts | st.booleans(), min_size=1, max_size=3)),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), numbers | days),
    "between": st.lists(numbers, min_size=2, max_size=2) | st.lists(days, min_size=2, max_size=2),
    **dict.fromkeys(("empty", "not_empty"), st.none()),
}
field_conditions = st.sampled_from(tuple(OPERANDS)).flatmap(
    lambda op: st.fixed_dictionaries(
        {"field": st.sampled_from(("ufCrm_1", "ufCrm_2")), "op": st.just(op), "value": OPERANDS[op]}
    )
)
simple = {
    "category_id": st.lists(st.integers(0, 3), min_size=1, max_size=2),
    "stage_id": st.lists(stages, min_size=1, max_size=2),
    "source_id": st.lists(st.sampled_from(("WEB", "CALL", "FAX")), min_size=1, max_size=2),
}
detailed = {
    **simple,
    "product_id": ids,
    "product_section_id": st.lists(st.sampled_from((50, 51, 52)), min_size=1, max_size=2),
    "fields": st.lists(field_conditions, min_size=1, max_size=2),
}


def conditions(entities: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: detailed[name] for name in conditions_of(entities[-1])}
    some = [st.fixed_dictionaries({name: asked}) for name, asked in fields.items()]
    flat = st.lists(st.one_of(*some), max_size=2).map(merged) if some else st.just({})
    return st.fixed_dictionaries({}, optional={**fields, "any": st.lists(flat, max_size=3)})


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: asked for part in parts for name, asked in part.items()}


some_days = st.sampled_from((1, 7, 30, 200))
asked_of_requests = st.fixed_dictionaries(
    {}, optional={"source": st.sampled_from(("help", "shop")), "clock": st.sampled_from(("calendar", "working"))}
)
OPTIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "entries": st.fixed_dictionaries(
        {
            "code": st.sampled_from(("nps", "ad_spend")),
            "aggregate": st.sampled_from(("sum", "last", "mean", "min", "max", "count")),
        }
    ),
    "conversion": st.one_of(
        st.fixed_dictionaries({"mode": st.sampled_from(("period", "resolved"))}, optional={"stale_days": some_days}),
        st.fixed_dictionaries({"mode": st.just("window"), "days": some_days}),
        st.just({"mode": "cohort"}),
    ),
    "item_metric": st.fixed_dictionaries(
        {"entity_type_id": st.sampled_from((1, 147, 147, 2))},
        optional={
            "date_field": st.sampled_from(("createdTime", "closed_at", "ufCrm_3")),
            "owner_field": st.sampled_from(("assignedById", "createdBy", "ufCrm_3")),
        },
    ).flatmap(
        lambda chosen: (
            st.just(chosen)
            | st.fixed_dictionaries(
                {
                    **{name: st.just(value) for name, value in chosen.items()},
                    "aggregate": st.sampled_from(("sum", "mean", "min", "max", "distinct")),
                    "field": st.sampled_from(("opportunity", "ufCrm_1", "ufCrm_2")),
                }
            )
        )
    ),
    "lead_conversion": st.fixed_dictionaries({"mode": st.sampled_from(("cohort", "period"))}),
    **dict.fromkeys(
        ("calls", "call_minutes"),
        st.fixed_dictionaries({}, optional={"answered": st.booleans(), "min_seconds": st.sampled_from((9, 10, 11))}),
    ),
    "duration": st.fixed_dictionaries({"stat": st.sampled_from(("mean", "median"))}),
    **dict.fromkeys(("requests", "resolved", "rating"), asked_of_requests),
    "response": st.builds(
        dict.__or__, asked_of_requests, st.fixed_dictionaries({"stat": st.sampled_from(("mean", "median"))})
    ),
    **dict.fromkeys(
        ("spending", "returned"), st.fixed_dictionaries({}, optional={"code": st.sampled_from(("nps", "ad_spend"))})
    ),
    "entered": st.fixed_dictionaries(
        {"stages": st.lists(stages, min_size=1, max_size=2)}, optional={"entity_type_id": st.sampled_from((1, 2, 147))}
    ),
    "returns": st.one_of(
        st.fixed_dictionaries({"stage_id": st.lists(stages, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"category_id": st.lists(st.integers(0, 1), min_size=1, max_size=2)}),
        st.just({"code": "nps"}),
    ),
}


@st.composite
def plans(draw: st.DrawFn, metrics: tuple[str, ...] = tuple(CATALOGUE)) -> Plan:
    ready = CATALOGUE[draw(st.sampled_from(metrics))]
    options = draw(OPTIONS.get(ready.type, st.just({})))
    for name, option in ready.options.items():
        if draw(st.booleans()):
            options[name] = draw(st.sampled_from(tuple(option.choices)))
    model = metric_types()[ready.type].Params
    params = model.model_validate({name: value for name, value in options.items() if name in model.model_fields})
    entity = params.entity(ready.entity)
    asked_of = params.entities(entity)
    dates = params.dates(ready.dates)
    has_fields = entity in ("deal", "lead", "item_147") and ready.type != "entered"
    owners = (*params.owners(ready.owners), *(("ufCrm_3",) if has_fields else ()))
    date_, owner = draw(st.none() | st.sampled_from(tuple(dates))), draw(st.none() | st.sampled_from(owners))
    asked = draw(conditions(asked_of))
    return plan(ready.code, options, date_, owner, without_products(asked) if owner == "shared" else asked)


def without_products(asked: dict[str, Any]) -> dict[str, Any]:
    """A part of a deal has no products of its own."""
    left = {name: one for name, one in asked.items() if not name.startswith("product")}
    return {**left, "any": [without_products(one) for one in left["any"]]} if "any" in left else left


ALL_READY = tuple(plan(code, ready.example) for code, ready in CATALOGUE.items())

thorough = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@contextmanager
def stored(facts: tuple[Fact, ...]) -> Iterator[int]:
    """A portal with exactly these facts, and a second one with the same ones to be left alone."""
    portal = put_portal()
    for fact in facts:
        fact.portal_id = portal
    put(*facts)
    try:
        yield portal
    finally:
        db.session.rollback()


@given(
    facts=worlds((leads,)),
    drawn=st.lists(plans(("item_metric", "leads_created", "stage_entered")), min_size=3, max_size=6),
)
@thorough
def test_sql_gives_what_the_slow_reading_gives_of_records_by_their_fields(
    database: Flask, facts: tuple[Fact, ...], drawn: list[Plan]
) -> None:
    with stored(facts) as portal:
        parts = evaluate(portal, drawn, SPANS, NOW)
        for wanted in drawn:
            for number, instants in enumerate(SPANS):
                for members in GROUPS:
                    here = parts.get(wanted, number, members, DEPARTMENTS)
                    assert here == slow_reading.read(facts, wanted, instants, members, DEPARTMENTS, NOW), wanted
            listed = all_pages(facts_behind, portal, wanted, SPANS[0], None, 7)
            part = parts.get(wanted, 0, None, DEPARTMENTS)
            assert aggregated(wanted, listed) == wanted.value(part)


@given(facts=facts, drawn=st.lists(plans(), min_size=1, max_size=6))
@thorough
def test_sql_gives_what_the_slow_reading_gives(database: Flask, facts: tuple[Fact, ...], drawn: list[Plan]) -> None:
    asked = (*ALL_READY, *drawn)
    with stored(facts) as portal:
        parts = evaluate(portal, asked, SPANS, NOW)
        for wanted in asked:
            for number, instants in enumerate(SPANS):
                for members in GROUPS:
                    here = parts.get(wanted, number, members, DEPARTMENTS)
                    assert here == slow_reading.read(facts, wanted, instants, members, DEPARTMENTS, NOW), wanted


OF_DEALS = tuple(code for code, ready in CATALOGUE.items() if ready.entity in ("deal", "stage_move"))


@given(facts=worlds(of=(deals,)), drawn=st.lists(plans(OF_DEALS), min_size=6, max_size=10))
@thorough
def test_sql_gives_what_the_slow_reading_gives_of_deals(
    database: Flask, facts: tuple[Fact, ...], drawn: list[Plan]
) -> None:
    with stored(facts) as portal:
        parts = evaluate(portal, drawn, SPANS, NOW)
        for wanted in drawn:
            for number, instants in enumerate(SPANS):
                for members in ({1}, {1, 2, 3}, None):
                    here = parts.get(wanted, number, members)
                    assert here == slow_reading.read(facts, wanted, instants, members, (), NOW)


@given(facts=facts, wanted=plans(), limit=st.integers(1, 7))
@thorough
def test_listed_facts_give_the_value_again_and_can_be_kept(
    database: Flask, facts: tuple[Fact, ...], wanted: Plan, limit: int
) -> None:
    with stored(facts) as portal:
        parts = evaluate(portal, [wanted], SPANS, NOW)
        for number, instants in enumerate(SPANS):
            for members in GROUPS:
                part = parts.get(wanted, number, members, DEPARTMENTS)
                rows = all_pages(facts_behind, portal, wanted, instants, members, limit)
                kinds = wanted.numerator.scan.entity, wanted.below[0].scan.entity if wanted.below else None
                listed = {(*whose(wanted, row), row.part if kinds[0] == "stage_move" else "") for row in rows}
                assert len(listed) == part.facts or wanted.shown_as == "last"
                assert aggregated(wanted, rows) == value_of(wanted, part.numerator, part.denominator)
                kept = write_down(portal, wanted, instants, NOW)
                assert rows == all_pages(partial(read_down, kept), portal, wanted, instants, members, limit)


@given(facts=facts, wanted=plans(), limit=st.integers(1, 7))
@thorough
def test_what_did_not_count_is_told_once_and_with_a_reason(
    database: Flask, facts: tuple[Fact, ...], wanted: Plan, limit: int
) -> None:
    with stored(facts) as portal:
        for instants in SPANS:
            missed = all_pages(not_counted, portal, wanted, instants, None, limit)
            for reason in {near.reason for near in wanted.near if near.among is Among.LIVING}:
                expected = [
                    seen.record.id
                    for near in wanted.near
                    if near.reason == reason
                    for seen in slow_reading.chosen(facts, near.measure, instants, None, (), NOW)
                ]
                assert sorted(row.id for row in missed if row.reason == reason) == sorted(expected)
            assert all(row.reason in REASONS for row in missed)
            if wanted.shown_as == "ratio" and len({measure.scan.entity for measure in wanted.measures}) > 1:
                continue  # a deal may be missing in one list and be in the other
            assert len({whose(wanted, row) for row in missed}) == len(missed)
            counted = {row.id for row in all_pages(facts_behind, portal, wanted, instants, None, limit)}
            assert not any(row.id in counted for row in missed if row.reason != "no_rate")


def whose(wanted: Plan, row: FactRow) -> tuple[str, int, int | None]:
    """What a row is: a record, or somebody's part of one."""
    return row.entity, row.id, row.employee_id if wanted.numerator.scan.is_shared else None


def read_down(
    kept: bytes, portal: int, wanted: Plan, instants: Span, members: Any, *, now: int, **page: Any
) -> FactPage:
    """What was written down, listed as the stored facts are."""
    return facts_kept(kept, wanted, members, **page)


def all_pages(ask: Any, portal: int, wanted: Plan, instants: Span, members: Any, limit: int) -> list[FactRow]:
    """Every row, page after page; the pages agree on how many there are."""
    rows: list[FactRow] = []
    cursor: str | None = None
    while True:
        page: FactPage = ask(
            portal, wanted, instants, members, now=NOW, departments=DEPARTMENTS, limit=limit, cursor=cursor
        )
        assert len(page.items) <= limit
        rows.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            assert page.total == len(rows)
            return rows


def aggregated(wanted: Plan, rows: list[FactRow]) -> Fraction | None:
    """What a reader of the list would do with it."""
    numbers: dict[str, list[Fraction]] = {"value": [], "numerator": [], "denominator": []}
    for row in rows:
        numbers[row.part].append(row.number or Fraction(0))
    values = numbers["value"]
    match wanted.shown_as:
        case "count" | "sum":
            nothing = wanted.numerator.over_nothing if wanted.numerator.aggregate is not Aggregate.BALANCE else None
            return sum(values, Fraction(0)) if values else None if nothing is None else Fraction(nothing)
        case "mean":
            return sum(values, Fraction(0)) / len(values) if values else None
        case "ratio":
            below = sum(numbers["denominator"])
            if wanted.needs_numerator and not numbers["numerator"]:
                return None
            return wanted.factor * sum(numbers["numerator"]) / below if below else None
        case "median":
            ordered = sorted(values)
            return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2 if values else None
        case "min":
            return min(values, default=None)
        case "max":
            return max(values, default=None)
        case "distinct":
            return Fraction(len(set(values)))
        case _:
            assert len(values) <= 1
            return values[0] if values else None
