"""Files as people have them and as nobody should send them, down to rows of cells."""

import zipfile
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from b24app.ingest.imports import reading, workbooks
from b24app.ingest.imports.reading import CSV, EXCEL, look
from b24app.ingest.imports.workbooks import Unreadable

TEXT = "Дата;Сотрудник;Сумма\r\n01.11.2026;Иванов Иван;1 200,50\r\n02.11.2026;«Ёлкин; и сыновья»;300\r\n"


def rows(name: str, content: bytes) -> list[tuple[Any, ...]]:
    return [line.cells for line in reading.lines(content, look(name, content))]


def workbook(*table: tuple[Any, ...]) -> bytes:
    book = Workbook()
    for row in table:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(content: bytes, **changes: bytes) -> bytes:
    """The workbook with other parts in the place of those named by the end of their names."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name.rpartition("/")[2].partition(".")[0], old.read(name)))
    return file.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be", "cp866", "koi8-r"]
)
def test_encodings_people_have_are_found(encoding: str) -> None:
    text = TEXT.replace("«", '"').replace("»", '"')
    assert rows("a.csv", text.encode(encoding)) == [
        ("Дата", "Сотрудник", "Сумма"), ("01.11.2026", "Иванов Иван", "1 200,50"),
        ("02.11.2026", "Ёлкин; и сыновья", "300"),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_separators_are_found_among_decimal_commas_and_quotes(separator: str) -> None:
    text = "\n".join(separator.join(row) for row in (("a", "b", "c"), ('"1,5"', '"x; y"', "z"), ('"2,5"', '"p"', "q")))
    assert rows("a.csv", text.encode()) == [("a", "b", "c"), ("1,5", "x; y", "z"), ("2,5", "p", "q")]


def test_empty_rows_are_left_out_and_the_others_keep_their_numbers() -> None:
    content = b"a;b\n\n;;\n1;2\n"
    assert [line.number for line in reading.lines(content, look("a.csv", content))] == [1, 4]


def test_quotation_marks_inside_and_cells_of_several_lines_are_read() -> None:
    content = b'a;b\n1;"two\nlines"\n1,"inch;3\n2;"he said ""no"", and\nwent"\n4;"a "word" of it"\n'
    assert rows("a.csv", content) == [
        ("a", "b"), ("1", "two\nlines"), ('1,"inch', "3"), ("2", 'he said "no", and\nwent'), ("4", 'a word" of it"'),
    ]  # fmt: skip


def test_a_workbook_gives_numbers_and_dates_as_they_are() -> None:
    content = workbook(
        ("День", "Сумма", "Кто"), (datetime(2026, 11, 1), 1200.1, " Анна "), (None, None, None), ("x", 3, True)
    )
    assert look("a.xlsx", content).kind == EXCEL
    assert rows("a.xlsx", content) == [
        ("День", "Сумма", "Кто"), (datetime(2026, 11, 1), Decimal("1200.1"), "Анна"), ("x", Decimal(3), "yes"),
    ]  # fmt: skip


def test_a_formula_in_a_text_stays_a_text() -> None:
    assert rows("a.csv", b"=cmd|'/c calc'!A1;2\n+1;@x\n") == [("=cmd|'/c calc'!A1", "2"), ("+1", "@x")]


BIG = 2_000_000


def bomb() -> bytes:
    return repacked(workbook(("a",)), sheet1=b"<worksheet>" + b" " * BIG + b"</worksheet>")


def entity(text: bytes) -> bytes:
    return repacked(workbook(("a",)), sheet1=text + b"<worksheet><sheetData/></worksheet>")


EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
WIDE = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
    b'<sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("name", "content", "status", "sentence"),
    [
        ("a.csv", lambda: b"", 422, "empty"),
        ("a.csv", lambda: b" \r\n", 422, "empty"),
        ("a.csv", lambda: b"x" * (reading.LARGEST + 1), 413, "15 MB"),
        ("a.pdf", lambda: b"%PDF-1.7", 415, "Choose a CSV file"),
        ("a", lambda: b"a;b", 415, "Choose a CSV file"),
        ("a.csv", lambda: workbook(("a",)), 415, "named like a text"),
        ("a.xlsx", lambda: b"a;b\n1;2", 415, "named like an Excel workbook"),
        ("a.xls", lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 512, 415, "old Excel file"),
        ("a.xlsx", lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 512, 415, "password"),
        ("a.csv", lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1" + bytes(range(256)), 415, "no text"),
        ("a.csv", lambda: b'a;b\n"open;' + b"x" * 70_000, 422, "Row 2 cannot be read"),
        ("a.csv", lambda: b'a;b\n1;2\n2;"open\n3;4\n', 422, "Row 3 cannot be read"),
        ("a.csv", lambda: b'a;b\n1;"open' + b"\n2;3" * 60 + b'"\n', 422, "Row 2 cannot be read"),
        ("a.csv", lambda: b";".join([b"x"] * 101), 422, "more than 100 columns"),
        ("a.csv", lambda: b"a\n" * (reading.MOST_ROWS + 2), 413, "more than 100 000 rows"),
        ("a.xlsx", lambda: workbook(("a",))[:-200], 422, "damaged"),
        ("a.xlsx", lambda: repacked(workbook(("a",)), sheet1=b"<worksheet><sheetData><row>"), 422, "damaged"),
        ("a.xlsx", lambda: entity(EXTERNAL), 422, "no spreadsheet writes"),
        ("a.xlsx", lambda: entity(EXTERNAL.decode().encode("utf-16")), 422, "no spreadsheet writes"),
        ("a.xlsx", bomb, 413, "unpacks to far more"),
        ("a.xlsx", lambda: repacked(workbook(("a",)), sheet1=WIDE), 422, "more than 100 columns"),
    ],
)  # fmt: skip
def test_hostile_and_broken_files_are_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, content: Any, status: int, sentence: str
) -> None:
    monkeypatch.setattr(workbooks, "UNPACKED", BIG)
    with pytest.raises(Unreadable) as refused:
        rows(name, content())
    assert sentence in refused.value.message
    assert refused.value.status == status


def test_an_archive_that_lies_about_its_size_or_is_none_of_excel_is_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Unreadable, match="an archive"):
        look("a.xlsx", file.getvalue())


def test_a_huge_dimension_costs_nothing() -> None:
    text = WIDE.replace(b'XFD1"', b'A1"')
    assert rows("a.xlsx", repacked(workbook(("a",)), sheet1=text)) == [(Decimal(1),)]


def test_a_text_layout_says_how_it_was_read() -> None:
    assert look("a.csv", TEXT.encode("cp1251")) == reading.Layout(CSV, "cp1251", ";")
