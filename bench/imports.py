"""An import of a file: checked, posted and counted, against reading the file alone; its memory, its transactions."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO, TextIOWrapper
from typing import Any

from openpyxl import Workbook, load_workbook

from b24app import pipeline
from b24app.ingest.imports import entries, files, posting
from b24app.jobs import imports as jobs
from b24app.lib import queue
from b24app.lib.db import db, write
from b24app.portal.rules import Viewer
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from bench.figures import Figure, timed
from bench.memory import forget_peak, peak_mb
from bench.portal import NOW, Shape, fill
from bench.readers import transactions
from bench.reading import redis

PEOPLE, MONTHS, DAYS = 200, 12, 360
LAST = date(2026, 10, 29)
CARD = {
    "code": "visits", "name": "Visits", "period": "month", "effective_from": "2025-11-01",
    "subjects": {"departments": [1]},
    "indicators": [{"code": "visits", "name": "Visits", "metric": "entries", "options": {"code": "visit"},
                    "target": 100, "weight": 100}],
}  # fmt: skip


def imported(database: str, rows: int) -> Iterator[Figure]:
    """A year of values of two hundred people, as CSV and as a workbook."""
    with redis() as redis_url:
        queue.use_redis(redis_url)
        shape = Shape(1, PEOPLE, MONTHS, 0)
        fill(shape)
        with write():
            scorecards.save(1, documents.parse(CARD), "user:1", NOW)
            pipeline.recompute_open(1, NOW)
        for name, content, alone in (("visits.csv", _csv(rows), _read_csv), ("visits.xlsx", _excel(rows), _read_excel)):
            yield from _measure(database, rows, name, content, alone)


def _measure(database: str, rows: int, name: str, content: bytes, alone: Any) -> Iterator[Figure]:
    viewer = Viewer(1, 999, is_admin=True)
    read = timed(lambda: alone(content))
    forget_peak()
    before = peak_mb()
    with transactions(db.engine) as longest:
        checked = timed(lambda: _check(viewer, name, content))
        posted = timed(lambda: _post(viewer))
    what = f"{rows:,} rows of {name.rpartition('.')[2]}, {database}"
    found = files.listed(viewer)[0]
    note = (
        f"{found.state}, {found.found['new']:,} values; checked in {checked / 1000:.1f} s, then {posted / 1000:.1f} s"
    )
    yield Figure(f"importing {what} | reading the file alone", checked + posted, read, note=note)
    yield Figure(f"checking {what} | reading the file alone", checked, read)
    yield Figure(
        f"peak memory of importing {what} over what was before | 100 MB", peak_mb() - before, 100, "MB", goal=1
    )
    goal = 1 if database == "sqlite" else None
    yield Figure(f"the longest write transaction of importing {what} | half a second", 1000 * longest(), 500, goal=goal)
    with write():
        posting.ask_back(viewer, found.id, "bench", NOW)
    with transactions(db.engine) as longest:
        back = timed(lambda: jobs.work(1))
    yield Figure(
        f"the longest write transaction of taking back {what} | half a second", 1000 * longest(), 500, goal=goal
    )
    yield Figure(f"taking back {what} | reading the file alone", back, read)


def _check(viewer: Viewer, name: str, content: bytes) -> None:
    looked = files.look(name, content)
    with write():
        id = files.take(viewer, entries, name, content, looked, NOW)
        meaning = replace(files.meaning_of(files.find(1, id)), code="visit")
        files.choose(viewer, entries, id, meaning, NOW)
    jobs.work(1)


def _post(viewer: Viewer) -> None:
    with write():
        posting.begin(viewer, entries, files.listed(viewer)[0].id, False, NOW)
    jobs.work(1)


def _table(rows: int) -> Iterator[tuple[date, str, int, str]]:
    for number in range(rows):
        day = LAST - timedelta(days=number * DAYS // rows)
        yield day, f"Person {1 + number % PEOPLE}", 1 + number % 7, f"document {number}"


HEADS = ("Дата", "Сотрудник", "Значение", "Комментарий")


def _csv(rows: int) -> bytes:
    lines = (f"{day:%d.%m.%Y};{who};{value};{comment}" for day, who, value, comment in _table(rows))
    return "\n".join((";".join(HEADS), *lines)).encode("cp1251")


def _excel(rows: int) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADS)
    for row in _table(rows):
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _read_csv(content: bytes) -> int:
    return sum(1 for _row in csv.reader(TextIOWrapper(BytesIO(content), "cp1251"), delimiter=";"))


def _read_excel(content: bytes) -> int:
    book = load_workbook(BytesIO(content), read_only=True)
    return sum(1 for _row in book.worksheets[0].iter_rows(values_only=True))
