"""Excel workbooks: looked through as the archives they are before anybody parses them, then read row by row."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from warnings import catch_warnings, simplefilter

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from b24app.lib.errors import AppError, Fault
from b24app.lib.i18n import gettext as _

MOST_PARTS = 1_000
UNPACKED = 200 * 1024 * 1024
"""Bytes that all parts of a workbook may have: one of 100 000 rows and ten columns has some 60 MB."""

PORTION = 1024 * 1024
WIDEST = 1_000
"""Columns of a row beyond which nobody reads on."""

MARKS = (b"<!DOCTYPE", b"<!ENTITY")


class Unreadable(AppError):
    """A file that is none of those we take, or cannot be read. The status says which."""

    def __init__(self, message: str, errors: Iterable[Fault] = (), status: int = 422) -> None:
        super().__init__(message, errors)
        self.status = status


BROKEN = (zipfile.BadZipFile, zlib.error, InvalidFileException, DefusedXmlException, KeyError, ValueError, TypeError,
          AttributeError, IndexError, EOFError, OSError, NotImplementedError, RuntimeError, SyntaxError)  # fmt: skip
"""What parsing somebody's archive of XML may end with. Errors of XML are SyntaxErrors."""


@contextmanager
def _understood() -> Iterator[None]:
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    except BROKEN as cause:
        raise Unreadable(_("The workbook is damaged and cannot be read: save it again from Excel.")) from cause


def inspect(content: bytes) -> None:
    """Unreadable if it is no workbook, would unpack to too much, or its XML asks for anything outside of itself."""
    unpacked = 0
    with _understood(), zipfile.ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise Unreadable(_("The workbook has too many parts to be a table."), status=413)
        names = {part.filename for part in parts}
        if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise Unreadable(_("This is an archive, not an Excel workbook."), status=415)
        for part in parts:
            if part.flag_bits & 1:
                raise Unreadable(_("The workbook has a password: save it without one."))
            before = b""
            with archive.open(part) as file:
                while portion := file.read(PORTION):
                    unpacked += len(portion)
                    if unpacked > UNPACKED:
                        raise Unreadable(_("The workbook unpacks to far more than a table needs."), status=413)
                    _refuse_entities(before + portion, part.filename)
                    before = portion[-16:]


def _refuse_entities(text: bytes, name: str) -> None:
    """No workbook of a spreadsheet has a document type; one in UTF-16 could hide it."""
    if not name.endswith((".xml", ".rels")):
        return
    if any(mark in text for mark in MARKS) or text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text:
        raise Unreadable(_("The workbook has XML that no spreadsheet writes, and is not read."))


def sheets(content: bytes) -> tuple[str, ...]:
    """The names of its tables in their order."""
    with _understood():
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        names = tuple(sheet.title for sheet in book.worksheets)
        book.close()
    if not names:
        raise Unreadable(_("The workbook has no sheet with a table."))
    return names


def rows(content: bytes, sheet: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """(number, values) of every row; of formulas what they last came to. The size a sheet claims is not believed."""
    with _understood():
        book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
        table = book[sheet] if sheet in book.sheetnames else book.worksheets[0]
        table.reset_dimensions()
        for number, row in enumerate(table.iter_rows(values_only=True), start=1):
            if len(row) > WIDEST:
                raise Unreadable(_("Row %(number)s has more than 100 columns.", number=number))
            yield number, row
        book.close()
