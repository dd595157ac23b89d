"""Support: a scorecard of requests against one hand-written grouped scan of the same table.

The four metrics of the ready scorecard, each over all requests and over those of one mapping, for so many people x 12
months with 50 requests each and month. Ratings count by when they were given, so a statement of their own is due.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from sqlalchemy import text

from b24app.facts.requests.documents import MappingDocument
from b24app.facts.requests.rules import MOST_MAPPINGS
from b24app.facts.requests.tables import RequestMapping
from b24app.facts.tables import Request
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.lib.storage import table_of
from b24app.metrics import queries
from b24app.metrics.plans import plan
from b24app.metrics.rules import Plan
from b24app.periods.rules import Span, span
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from bench.engine import recompute
from bench.figures import Figure, compare, timed
from bench.portal import DAY, NOW, SETTINGS, Shape, fill

MONTHS, EACH = 12, 50
MAPPINGS = ("tickets", "chats")
METRICS = ("first_response_hours", "requests", "requests_resolved_share", "customer_rating")
SOURCES: tuple[dict[str, str], ...] = ({}, {"source": MAPPINGS[0]})

BARE = """
SELECT span.n, responsible_id, {columns}
FROM request JOIN ({spans}) AS span ON {date} >= span.since AND {date} < span.until
WHERE portal_id = :portal AND deleted_at IS NULL
GROUP BY span.n, responsible_id
"""
BY_CREATION = (
    "COUNT(CASE WHEN 1 = 1{and_} THEN 1 END)",
    "COUNT(CASE WHEN resolved_at IS NOT NULL{and_} THEN 1 END)",
    "SUM(CASE WHEN 1 = 1{and_} THEN seconds_to_response END)",
    "COUNT(CASE WHEN 1 = 1{and_} THEN seconds_to_response END)",
)
BY_RATING = ("SUM(CASE WHEN 1 = 1{and_} THEN rating END)", "COUNT(CASE WHEN 1 = 1{and_} THEN rating END)")


def recompute_of_everything(database: str, people: int) -> Iterator[Figure]:
    shape = Shape(1, people=people, months=MONTHS, deals_each=EACH)
    fill(shape, rows=_rows(shape, Random(2017)), table=table_of(Request))
    _map(shape)
    plans = tuple(_plans())
    spans = tuple(span(month, SETTINGS) for month in shape.periods())
    size = f"{len(plans)} indicators x {people} people x {MONTHS} months, {shape.deals:,} requests, {database}"

    def numbers() -> None:
        parts = queries.evaluate(shape.id, plans, spans, epoch(NOW))
        for index in range(len(spans)):
            for one in plans:
                parts.of_each(one, index, range(1, people + 1))
                parts.get(one, index)

    def bare() -> None:
        for date, aggregates in (("created_at", BY_CREATION), ("rated_at", BY_RATING)):
            _scan(shape.id, spans, date, aggregates)

    yield compare(f"every number of {size} | two bare scans", numbers, bare, repeat=3)
    _save_scorecard(shape)
    first, base = timed(lambda: recompute(shape.id)), timed(bare)
    yield Figure(f"recomputed and stored for the first time, {size} | two bare scans", first, base)


def _plans() -> Iterator[Plan]:
    for options in SOURCES:
        for metric in METRICS:
            yield plan(metric, options)


def _scan(portal_id: int, spans: tuple[Span, ...], date: str, aggregates: tuple[str, ...]) -> None:
    conditions = ("", f" AND mapping = '{MAPPINGS[0]}'")
    columns = ", ".join(aggregate.format(and_=condition) for condition in conditions for aggregate in aggregates)
    inline = " UNION ALL ".join(
        f"SELECT {n} AS n, {one.start} AS since, {one.end} AS until" for n, one in enumerate(spans)
    )
    statement = text(BARE.format(columns=columns, spans=inline, date=date))
    db.session.execute(statement, {"portal": portal_id}).all()


def _map(shape: Shape) -> None:
    """Both mappings, made of deals of which all have been read."""
    with write() as session:
        session.add_all(
            RequestMapping(
                portal_id=shape.id, code=code, number=number, entity="deal", name=code, complete=True, author="system",
                saved_at=0, document=MappingDocument(code=code, name=code, entity="deal").stored(),
            )
            for number, code in enumerate(MAPPINGS)
        )  # fmt: skip


def _save_scorecard(shape: Shape) -> None:
    indicators = [
        {"code": f"i{number}", "name": f"Indicator {number}", "metric": metric, "options": options, "target": 1,
         "direction": "down" if metric == "first_response_hours" else "up", "weight": 12.5}
        for number, (options, metric) in enumerate((options, metric) for options in SOURCES for metric in METRICS)
    ]  # fmt: skip
    document = {
        "code": "bench", "name": "Bench", "period": "month", "subjects": {"departments": [1]},
        "effective_from": shape.periods()[0].start.isoformat(), "indicators": indicators,
    }  # fmt: skip
    with write():
        scorecards.save(shape.id, documents.parse(document), "system", NOW)


def _rows(shape: Shape, random: Random) -> Iterator[dict[str, Any]]:
    """Every tenth is not answered yet, a fifth not resolved, half of the others rated."""
    number = 0
    for month in shape.periods():
        begin = span(month, SETTINGS).start
        for place in range(shape.people * EACH):
            number += 1
            created = begin + DAY + random.randrange(26 * DAY)
            waited = random.randrange(4 * 3600) if random.random() < 0.9 else None
            resolved = created + random.randrange(2 * DAY) if random.random() < 0.8 else None
            rating = random.randrange(1, 6) * 1_000_000 if resolved and random.random() < 0.5 else None
            yield {
                "portal_id": shape.id, "id": number * MOST_MAPPINGS + number % 2, "mapping": MAPPINGS[number % 2],
                "entity": "deal", "record_id": number, "title": f"Request {number}",
                "responsible_id": place % shape.people + 1, "created_at": created, "updated_at": created,
                "first_response_at": None if waited is None else created + waited, "resolved_at": resolved,
                "rating": rating, "rated_at": resolved if rating else None, "seconds_to_response": waited,
                "seconds_working": waited, "read_at": created,
            }  # fmt: skip
