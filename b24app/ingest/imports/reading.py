"""From the bytes of a file to rows of cells: CSV in the encodings and separators people have, and Excel workbooks.

Rows are given one by one, so that a large file is never in memory as rows. What is no table, pretends to be another
kind of file, or would unpack to more than a table needs, is refused with a sentence before anybody reads on.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from itertools import islice

import charset_normalizer

from b24app.ingest.imports import workbooks
from b24app.ingest.imports.workbooks import Unreadable
from b24app.lib.i18n import gettext as _

Cell = str | Decimal | date | datetime | None
Row = tuple[Cell, ...]

CSV, EXCEL = "csv", "excel"
LARGEST = 15 * 1024 * 1024
"""Bytes of a file."""

MOST_ROWS = 100_000
MOST_COLUMNS = 100
LONGEST_CELL = 4_000
LONGEST_ROW = 50
"""Lines of one row of a text: cells of several lines are seldom, and short."""

SAMPLE = 20
"""So many rows are looked at to find the separator, and shown."""

ENDINGS = {"csv": CSV, "txt": CSV, "tsv": CSV, "xlsx": EXCEL, "xlsm": EXCEL}
ENCODINGS = ("utf-8", "cp1251", "utf-16", "cp866", "koi8-r")
SEPARATORS = (";", ",", "\t", "|")
CYRILLIC = ["cp1251", "cp866", "koi8_r"]
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
LOOKED_AT = 64 * 1024
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read. `sheet`: of a workbook, empty for the first one."""

    kind: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row that has something in it, and its number as spreadsheets count."""

    number: int
    cells: Row


def look(name: str, content: bytes) -> Layout:
    """What kind of file it is and how it is to be read. Unreadable with a sentence if it is none of ours."""
    if not content.strip(b"\0 \r\n\t"):
        raise Unreadable(_("The file is empty."))
    if len(content) > LARGEST:
        raise Unreadable(_("The file is larger than 15 MB: split it."), status=413)
    kind = _kind(name, content)
    if kind == EXCEL:
        workbooks.inspect(content)
        return Layout(EXCEL, sheet=workbooks.sheets(content)[0])
    encoding = _encoding(content)
    return Layout(CSV, encoding, _separator(content, encoding))


def _kind(name: str, content: bytes) -> str:
    """By what is in it; an ending that says something else is refused, for one of the two is a mistake."""
    kind = ENDINGS.get(name.rpartition(".")[2].lower())
    if content.startswith(OLE):
        raise Unreadable(
            _("This is an old Excel file or one with a password: save it as .xlsx without one, or as CSV."), status=415
        )
    if kind is None:
        raise Unreadable(_("Choose a CSV file or an Excel workbook (.xlsx)."), status=415)
    is_zip = content.startswith(ZIP)
    if kind == EXCEL and not is_zip:
        raise Unreadable(
            _("The file is named like an Excel workbook and is none: save it again from Excel."), status=415
        )
    if kind == CSV and is_zip:
        raise Unreadable(_("The file is named like a text and is an Excel workbook or an archive."), status=415)
    return kind


def _encoding(content: bytes) -> str:
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return encoding
    if guess := _wide(content[:LOOKED_AT]):
        return guess
    if b"\0" in content:
        raise Unreadable(_("This is no text: choose a CSV file or an Excel workbook (.xlsx)."), status=415)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        found = charset_normalizer.from_bytes(content[:LOOKED_AT], cp_isolation=CYRILLIC).best()
        return found.encoding if found else "cp1251"
    return "utf-8"


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: most of what Latin texts and digits have in every other byte is zero."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 3 < len(start) / 2 or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _separator(content: bytes, encoding: str) -> str:
    """The one that cuts most of the first rows into equally many cells, as many as possible."""

    def quality(separator: str) -> tuple[float, int]:
        rows: list[tuple[int, list[str]]] = []
        with suppress(Unreadable):  # as far as it can be read
            rows.extend(islice(_csv_rows(content, encoding, separator), SAMPLE))
        widths = Counter(len(row) for _number, row in rows if any(row))
        if not widths:
            return 0, 0
        width, times = widths.most_common(1)[0]
        return (times / widths.total(), width) if width > 1 else (0, 1)

    return max(SEPARATORS, key=quality)


def lines(content: bytes, layout: Layout) -> Iterator[Line]:
    """The rows that have something in them, one by one. Unreadable where the file breaks, is too long or too wide."""
    raw: Iterable[tuple[int, Sequence[object]]]
    if layout.kind == EXCEL:
        raw = workbooks.rows(content, layout.sheet)
    else:
        raw = _csv_rows(content, layout.encoding, layout.separator)
    count = 0
    for number, row in raw:
        cells = _cells(number, row)
        if not cells:
            continue
        count += 1
        if count > MOST_ROWS + 1:
            raise Unreadable(_("The file has more than 100 000 rows: split it."), status=413)
        yield Line(number, cells)


def _csv_rows(content: bytes, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """A quotation mark that nobody closes takes whole rows into one cell: refused, for they would be lost unseen."""
    text = TextIOWrapper(BytesIO(content), encoding=encoding, errors="replace", newline="")
    of_row: list[str] = []
    reader = csv.reader(_kept(text, of_row), delimiter=separator or ";")
    csv.field_size_limit(LOOKED_AT)
    number = 0
    try:
        for row in reader:
            if len(of_row) > 1 and (len(of_row) > LONGEST_ROW or _is_open(of_row, separator or ";")):
                raise csv.Error("a quotation mark is open")
            of_row.clear()
            number += 1
            yield number, row
    except csv.Error as cause:
        raise Unreadable(
            _(
                "Row %(number)s cannot be read: a quotation mark is open, or it has characters of no text.",
                number=number + 1,
            )
        ) from cause


def _kept(text: Iterable[str], lines: list[str]) -> Iterator[str]:
    for line in text:
        lines.append(line)
        yield line


def _is_open(lines: Sequence[str], separator: str) -> bool:
    """Whether the text ends inside of quotation marks."""
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _cells(number: int, row: Sequence[object]) -> Row:
    """Without empty ones at the end; nothing for a row of empty ones."""
    width = len(row)
    while width and row[width - 1] in (None, ""):
        width -= 1
    if width > MOST_COLUMNS:
        raise Unreadable(_("Row %(number)s has more than 100 columns.", number=number))
    cells = tuple(map(_cell, row[:width]))
    return cells if any(cell is not None for cell in cells) else ()


def _cell(value: object) -> Cell:
    match value:
        case None:
            return None
        case bool():
            return _("yes") if value else _("no")
        case int():
            return Decimal(value)
        case float():  # a workbook has fifteen digits, and what is behind them is noise
            return Decimal(f"{value:.15g}")
        case datetime() | date():
            return value
        case time():
            return value.isoformat()
        case _:
            text = str(value).replace("\0", "").strip()[:LONGEST_CELL]
            return text or None
