"""`make bench`: measure, print a table, write bench/last.json. Needs no network.

b24app's evaluation of 20 plans x 200 people x 51 months   against one hand-written grouped scan of the same table
one month of one person at 10 000 and at 100 000 deals     against each other
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

from b24app.facts import tables as _facts
from b24app.ingest import tables as _ingest
from b24app.lib.db import db, prepare
from b24app.metrics import queries
from b24app.metrics.plans import plan
from b24app.metrics.rules import Plan
from b24app.periods.rules import Kind, Settings, Span, covering, span
from b24app.scorecards import tables as _scorecards
from b24app.scores import tables as _scores
from bench.portal import MONTHS, fill

TABLES = (_facts, _ingest, _scorecards, _scores)
"""Imported so that `create_all` knows them."""

SETTINGS = Settings("Europe/Moscow")
METRICS = (
    "deals_won", "deals_lost", "deals_won_amount", "deal_conversion", "average_deal", "average_days_to_close",
    "new_clients", "repeat_sales", "repeat_sales_amount", "deals_won",
)  # fmt: skip
FUNNELS = ([], [0])
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
        fill(1, options.deals)
        fill(2, options.deals // 10)
        figures = measure(options.deals)
    for figure in figures:
        print(f"{figure['name']:<72} {figure['ours_ms']:>9.1f} ms {figure['base_ms']:>9.1f} ms  x{figure['ratio']:.2f}")
    Path(__file__).with_name("last.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def measure(deals: int) -> list[dict[str, Any]]:
    plans, spans = _plans(), _spans()
    full = _figure(
        f"full evaluation, 20 plans x 200 people x {MONTHS} months, {deals} deals | bare scan",
        lambda: queries.evaluate(1, plans, spans),
        lambda: _bare(1, spans),
    )
    small = max(1, round(MONTHS / 10))
    one = _figure(
        f"one month of one person, {deals} deals | a tenth of them",
        lambda: queries.evaluate(1, plans, spans[-1:], owners=[7]),
        lambda: queries.evaluate(2, plans, spans[-1:], owners=[7]),
    )
    month = _figure(
        f"one month of everybody, {deals} deals | bare scan of that month",
        lambda: queries.evaluate(1, plans, spans[-small : -small + 1] or spans[-1:]),
        lambda: _bare(1, spans[-small : -small + 1] or spans[-1:]),
    )
    return [full, one, month]


def _figure(name: str, ours: Callable[[], object], base: Callable[[], object]) -> dict[str, Any]:
    """Both sides in turns, so that whatever else the machine does falls on both; medians."""
    times: tuple[list[float], list[float]] = ([], [])
    ours(), base()
    for _ in range(REPEAT):
        for side, work in zip(times, (ours, base), strict=True):
            began = time.perf_counter()
            work()
            side.append(1000 * (time.perf_counter() - began))
    medians = [statistics.median(side) for side in times]
    return {"name": name, "ours_ms": medians[0], "base_ms": medians[1], "ratio": medians[0] / medians[1]}


def _plans() -> tuple[Plan, ...]:
    return tuple(
        plan(metric, {}, "closed_at", "closed_by", {"category_id": funnel}) for funnel in FUNNELS for metric in METRICS
    )


def _spans() -> tuple[Span, ...]:
    months = covering(Kind.MONTH, date(2022, 8, 1), date(2026, 10, 31), SETTINGS)
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
