"""The engine: a full recompute against one hand-written grouped scan, and one changed deal.

All of it 20 indicators x 200 people x 51 months at the most. "The numbers" are values of everybody, of the department
and of the company, in memory; "recomputed and stored" is what `b24app portal recompute` does: targets, attainment,
scores and places on top, compared with what is stored and written.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import event, text

from b24app import pipeline
from b24app.facts import operations as facts
from b24app.facts import queries as stored
from b24app.facts.rules import DealDraft, columns
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.metrics import queries
from b24app.metrics.plans import plan
from b24app.metrics.rules import Plan
from b24app.periods.rules import Span, span
from b24app.portal import operations as portals
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from b24app.scores.rules import Slice
from bench.figures import Figure, compare, timed
from bench.portal import NOW, SETTINGS, Shape, fill

METRICS = (
    "deals_won", "deals_lost", "deals_won_amount", "deal_conversion", "average_deal", "average_days_to_close",
    "new_clients", "repeat_sales", "repeat_sales_amount", "deals_won",
)  # fmt: skip
FUNNELS: tuple[list[int], ...] = ([], [0])

LONGEST = 500
"""Milliseconds (architecture, decision 2)."""

BARE = """
SELECT span.n, closed_by_id, {columns}
FROM deal JOIN ({spans}) AS span ON closed_at >= span.since AND closed_at < span.until
WHERE portal_id = :portal AND deleted_at IS NULL AND is_recurring = false
GROUP BY span.n, closed_by_id
"""
AGGREGATES = (
    "COUNT(CASE WHEN semantic = 'S'{and_} THEN 1 END)",
    "COUNT(CASE WHEN semantic = 'F'{and_} THEN 1 END)",
    "SUM(CASE WHEN semantic = 'S'{and_} THEN amount END)",
    "COUNT(CASE WHEN semantic = 'S'{and_} THEN amount END)",
    "SUM(CASE WHEN semantic = 'S'{and_} THEN seconds_to_close END)",
    "COUNT(CASE WHEN semantic = 'S'{and_} THEN seconds_to_close END)",
    "COUNT(CASE WHEN win_no = 1{and_} THEN 1 END)",
    "COUNT(CASE WHEN win_no > 1{and_} THEN 1 END)",
    "SUM(CASE WHEN win_no > 1{and_} THEN amount END)",
)


def recompute_of_everything(database: str, deals: int) -> Iterator[Figure]:
    """200 people, 51 months, so many deals."""
    shape = Shape(1, people=200, months=51, deals_each=max(1, deals // (200 * 51)))
    fill(shape)
    plans = tuple(_plans())
    spans = tuple(span(month, SETTINGS) for month in shape.periods())
    people = range(1, shape.people + 1)
    size = f"20 indicators x {shape.people} people x {shape.months} months, {shape.deals:,} deals, {database}"
    goal = 1.3 if database == "postgresql" else 1.5

    def numbers() -> None:
        parts = queries.evaluate(shape.id, plans, spans, epoch(NOW))
        for index in range(len(spans)):
            for one in plans:
                parts.of_each(one, index, people)
                parts.get(one, index, people, (1,))
                parts.get(one, index)

    bare = bare_scan(shape.id, spans)
    yield compare(f"every number of {size} | one bare scan", numbers, bare, repeat=3, goal=goal)
    yield compare(
        f"one month of everybody, {shape.deals:,} deals, {database} | bare scan of that month",
        lambda: queries.evaluate(shape.id, plans, spans[-1:], epoch(NOW)),
        bare_scan(shape.id, spans[-1:]),
    )
    save_scorecard(shape)
    transactions: list[float] = []
    first, base = timed(lambda: transactions.extend(recompute(shape.id))), timed(bare)
    yield Figure(f"recomputed and stored for the first time, {size} | one bare scan", first, base)
    if database == "sqlite":
        name = f"longest write transaction of that, of {len(transactions)} | what the event handler may wait"
        yield Figure(name, max(transactions), LONGEST, goal=1)
    yield compare(
        f"recomputed, nothing has changed, {size} | one bare scan", lambda: recompute(shape.id), bare, repeat=1
    )


def one_changed_deal(database: str, few: int, many: int) -> Iterator[Figure]:
    """200 people with as many deals each and month in both portals; what differs is how far the history goes back."""
    shapes = [
        Shape(number, people=200, months=max(1, deals // 10_000), deals_each=50)
        for number, deals in ((2, few), (3, many))
    ]
    for shape in shapes:
        fill(shape)
        save_scorecard(shape)
        recompute(shape.id)
    small, large = shapes
    changes = count(1)
    yield compare(
        f"one changed deal, its facts and scores stored, at {large.deals:,} | at {small.deals:,} deals, {database}",
        lambda: change(large, next(changes)),
        lambda: change(small, next(changes)),
        repeat=15,
        goal=1.3,
    )
    with recorded() as statements:
        change(large, next(changes))
    yield compare(
        f"one changed deal at {large.deals:,} deals, {database} | its {len(statements)} SQL statements bare",
        lambda: change(large, next(changes)),
        lambda: replay(statements),
        repeat=15,
        goal=2,
    )


def save_scorecard(shape: Shape) -> None:
    """The 20 indicators for everybody, since the first month."""
    indicators = [
        {
            "code": f"i{number}", "name": f"Indicator {number}", "metric": metric, "owner": "closed_by",
            "where": {"category_id": funnel}, "target": 100, "weight": 5,
        }
        for number, (funnel, metric) in enumerate((funnel, metric) for funnel in FUNNELS for metric in METRICS)
    ]  # fmt: skip
    document = {
        "code": "bench", "name": "Bench", "period": "month", "subjects": {"departments": [1]},
        "effective_from": shape.periods()[0].start.isoformat(), "indicators": indicators,
    }  # fmt: skip
    with write():
        scorecards.save(shape.id, documents.parse(document), "system", NOW)


def recompute(portal_id: int) -> list[float]:
    """How many milliseconds each of its transactions took."""
    return [timed(lambda slice_=slice_: _recompute(portal_id, slice_)) for slice_ in pipeline.slices(portal_id, NOW)]


def _recompute(portal_id: int, slice_: Slice) -> None:
    with write():
        pipeline.recompute_slice(portal_id, slice_, NOW)


def change(shape: Shape, times: int) -> None:
    """What the job of a deal event does once the deal is read: the same transaction, and a sum never seen before."""
    deal = stored.deal(shape.id, 1)
    assert deal is not None
    draft = DealDraft(**columns(deal, DealDraft))
    draft = replace(draft, amount_original=times * 1_000_000, updated_at=deal.updated_at + 1)
    with write():
        portals.lock(shape.id)
        cells = facts.upsert_deals(shape.id, [draft], (), NOW)
        changes = pipeline.recompute(shape.id, cells, NOW)
    assert changes


Statement = tuple[str, Any, bool]


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """The statements sent meanwhile, with their parameters, as the driver got them."""
    sent: list[Statement] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not statement.startswith("BEGIN"):
            sent.append((statement, parameters, many))

    event.listen(db.engine, "before_cursor_execute", remember)
    yield sent
    event.remove(db.engine, "before_cursor_execute", remember)


def replay(statements: list[Statement]) -> None:
    """The same statements in one transaction, with nothing around them."""
    with write() as session:
        cursor = session.connection().connection.cursor()
        for statement, parameters, many in statements:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
            if not many and cursor.description:
                cursor.fetchall()


def bare_scan(portal_id: int, spans: tuple[Span, ...]) -> Callable[[], object]:
    conditions = ("", " AND category_id = 0")
    columns = ", ".join(aggregate.format(and_=condition) for condition in conditions for aggregate in AGGREGATES)
    inline = " UNION ALL ".join(
        f"SELECT {n} AS n, {one.start} AS since, {one.end} AS until" for n, one in enumerate(spans)
    )
    statement = text(BARE.format(columns=columns, spans=inline))
    return lambda: db.session.execute(statement, {"portal": portal_id}).all()


def _plans() -> Iterator[Plan]:
    for funnel in FUNNELS:
        for metric in METRICS:
            yield plan(metric, {}, "closed_at", "closed_by", {"category_id": funnel})
