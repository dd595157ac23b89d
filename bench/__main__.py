"""`make bench`: measure, print a table of ratios, write bench/last.json. Needs no network.

    engine    a full recompute, and one changed deal, against bare SQL            (bench/engine.py)
    reading   the history of a portal, against the limiter's bound and others     (bench/reading.py)
    pages     Team and Company with 500 people, against the same table rendered bare  (bench/pages.py)
    formulas  a million evaluations                                               (bench/formulas.py)
    support   a support scorecard of a thousand people against bare SQL           (bench/support.py)
    imports   100 000 rows of CSV and Excel, against reading the files alone      (bench/imports.py)
    events    how many are taken a second, and a burst of ten thousand            (bench/events.py)

All of it takes about half an hour; `--quick` measures the same with a tenth of the deals and less than that of history.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench import engine, events, formulas, imports, pages, reading, support
from bench.figures import Figure
from bench.stores import store

DATABASES = ("sqlite", "postgresql")
SECTIONS = ("engine", "reading", "pages", "formulas", "support", "imports", "events")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    arguments.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS)
    arguments.add_argument("--quick", action="store_true", help="less of everything")
    options = arguments.parse_args()
    figures = []
    for section in options.sections:
        for figure in MEASURED[section](options.databases, options.quick):
            figures.append(figure)
            print(figure.line(), flush=True)
    stored = {"processors": os.cpu_count(), "quick": options.quick, "figures": [one.stored() for one in figures]}
    Path(__file__).with_name("last.json").write_text(json.dumps(stored, indent=1) + "\n", "utf-8")


def _engine(databases: list[str], quick: bool) -> Iterator[Figure]:
    deals, few, many = (100_000, 10_000, 100_000) if quick else (1_000_000, 10_000, 1_000_000)
    for database in databases:
        with store(database):
            yield from engine.recompute_of_everything(database, deals)
        with store(database):
            yield from engine.one_changed_deal(database, few, many)


def _reading(databases: list[str], quick: bool) -> Iterator[Figure]:
    deals = 20_000 if quick else 200_000
    for database in databases:
        with store(database) as address:
            yield from reading.backfill(database, address, deals)
    yield from reading.others(deals)


def _pages(databases: list[str], quick: bool) -> Iterator[Figure]:
    for database in databases:
        for people in (500,) if quick else (500, 1000):
            with store(database) as address:
                yield from pages.measure(address, people)


def _formulas(_databases: list[str], _quick: bool) -> Iterator[Figure]:
    yield from formulas.million()


def _support(databases: list[str], quick: bool) -> Iterator[Figure]:
    for database in databases:
        with store(database):
            yield from support.recompute_of_everything(database, people=200 if quick else 1000)


def _imports(databases: list[str], quick: bool) -> Iterator[Figure]:
    for database in databases:
        with store(database):
            yield from imports.imported(database, 10_000 if quick else 100_000)


def _events(databases: list[str], quick: bool) -> Iterator[Figure]:
    for database in databases:
        with store(database) as address:
            yield from events.accepted(database, address, 500 if quick else 2000)
        with store(database) as address:
            yield from events.burst(database, address, 2_500 if quick else 10_000)


MEASURED: Mapping[str, Callable[[list[str], bool], Iterator[Figure]]] = {
    "engine": _engine, "reading": _reading, "pages": _pages, "formulas": _formulas,
    "support": _support, "imports": _imports, "events": _events,
}  # fmt: skip


if __name__ == "__main__":
    main()
