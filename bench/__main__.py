"""`make bench`: measure, print a table, write bench/last.json. Needs no network, and little more than a minute.

b24app's evaluation of 20 plans x 200 people x 51 months   against one hand-written grouped scan of the same table
one month of everybody                                     against the same scan of that month
every score of 200 people in 51 months, from the facts     against the scan of everything
one changed deal, its facts and scores stored              with a tenth of the history against the whole of it
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

from b24app import pipeline
from b24app.facts import operations as facts
from b24app.facts import queries as stored
from b24app.facts.rules import DealDraft, columns
from b24app.lib.clock import epoch
from b24app.lib.db import db, prepare, write
from b24app.metrics import queries
from b24app.metrics.plans import plan
from b24app.metrics.rules import Plan
from b24app.periods.rules import Kind, Settings, Span, covering, span
from b24app.portal import operations as portals
from b24app.scorecards import operations as scorecards
from bench.portal import MONTHS, PEOPLE, fill

SETTINGS = Settings("Europe/Moscow")
FIRST, LAST = date(2022, 8, 1), date(2026, 10, 31)
NOW = datetime(2026, 10, 30, 9, tzinfo=UTC)
WHOLE, TENTH = 1, 2
"""The portals: with the whole history, and with a tenth of it, as many deals a month."""

METRICS = (
    "deals_won", "deals_lost", "deals_won_amount", "deal_conversion", "average_deal", "average_days_to_close",
    "new_clients", "repeat_sales", "repeat_sales_amount", "deals_won",
)  # fmt: skip
FUNNELS: tuple[list[int], ...] = ([], [0])
REPEAT = 5

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


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("--deals", type=int, default=100_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, _app(folder).app_context():
        db.create_all()
        fill(WHOLE, options.deals)
        fill(TENTH, options.deals // 10, MONTHS // 10)
        figures = measure(options.deals)
    for figure in figures:
        print(f"{figure['name']:<72} {figure['ours_ms']:>9.1f} ms {figure['base_ms']:>9.1f} ms  x{figure['ratio']:.2f}")
    Path(__file__).with_name("last.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def measure(deals: int) -> list[dict[str, Any]]:
    plans, spans = _plans(), _spans()
    for portal_id in (WHOLE, TENTH):
        _score(portal_id)
    changes = count(1)
    return [
        _figure(
            f"full evaluation, 20 plans x {PEOPLE} people x {MONTHS} months, {deals} deals | bare scan",
            lambda: queries.evaluate(WHOLE, plans, spans, epoch(NOW)),
            lambda: _bare(WHOLE, spans),
        ),
        _figure(
            f"one month of everybody, {deals} deals | bare scan of that month",
            lambda: queries.evaluate(WHOLE, plans, spans[-1:], epoch(NOW)),
            lambda: _bare(WHOLE, spans[-1:]),
        ),
        _figure(
            f"every score of {PEOPLE} people x {MONTHS} months, {deals} deals | bare scan",
            lambda: _recompute(WHOLE),
            lambda: _bare(WHOLE, spans),
            repeat=1,
        ),
        _figure(
            f"one changed deal and its scores, {deals} deals | {deals // 10} deals",
            lambda: _change(WHOLE, next(changes)),
            lambda: _change(TENTH, next(changes)),
        ),
    ]


def _figure(name: str, ours: Callable[[], object], base: Callable[[], object], repeat: int = REPEAT) -> dict[str, Any]:
    """Both sides in turns, so that whatever else the machine does falls on both; medians."""
    times: tuple[list[float], list[float]] = ([], [])
    ours(), base()
    for _ in range(repeat):
        for side, work in zip(times, (ours, base), strict=True):
            began = time.perf_counter()
            work()
            side.append(1000 * (time.perf_counter() - began))
    medians = [statistics.median(side) for side in times]
    return {"name": name, "ours_ms": medians[0], "base_ms": medians[1], "ratio": medians[0] / medians[1]}


def _score(portal_id: int) -> None:
    """Give a portal the sales scorecard for all its people and all its history."""
    with write():
        changes = {"subjects": {"departments": [1]}, "effective_from": FIRST.isoformat()}
        scorecards.apply_template(portal_id, "sales", changes, "system", NOW)
    _recompute(portal_id)


def _recompute(portal_id: int) -> None:
    for slice_ in pipeline.slices(portal_id, NOW):
        with write():
            pipeline.recompute_slice(portal_id, slice_, NOW)


def _change(portal_id: int, times: int) -> None:
    """What the job of a deal event does once the deal is read: the same transaction, and a sum never seen before."""
    deal = stored.deal(portal_id, PEOPLE)
    assert deal is not None
    draft = DealDraft(**columns(deal, DealDraft))
    draft = replace(draft, amount_original=times * 1_000_000, updated_at=deal.updated_at + 1)
    with write():
        portals.lock(portal_id)
        cells = facts.upsert_deals(portal_id, [draft], (), NOW)
        changes = pipeline.recompute(portal_id, cells, NOW)
    assert changes


def _plans() -> tuple[Plan, ...]:
    return tuple(
        plan(metric, {}, "closed_at", "closed_by", {"category_id": funnel}) for funnel in FUNNELS for metric in METRICS
    )


def _spans() -> tuple[Span, ...]:
    months = covering(Kind.MONTH, FIRST, LAST, SETTINGS)
    assert len(months) == MONTHS
    assert all(one.end == other.start for one, other in pairwise(months))
    return tuple(span(month, SETTINGS) for month in months)


def _bare(portal_id: int, spans: tuple[Span, ...]) -> object:
    conditions = ("", " AND category_id = 0")
    columns = ", ".join(aggregate.format(and_=condition) for condition in conditions for aggregate in AGGREGATES)
    inline = " UNION ALL ".join(
        f"SELECT {n} AS n, {one.start} AS since, {one.end} AS until" for n, one in enumerate(spans)
    )
    statement = text(BARE.format(columns=columns, spans=inline))
    return db.session.execute(statement, {"portal": portal_id}).all()


def _app(folder: str) -> Flask:
    app = Flask("bench")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder}/bench.sqlite"
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    return app


main()
