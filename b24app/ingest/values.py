"""Values of fields as Bitrix24 writes them -> the columns they are kept in, by the type its dictionary names. Pure.

A value that cannot be read is left out: it is one of many, and its record counts all the same.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from b24app.facts.money import plain
from b24app.facts.rules import ValueDraft
from b24app.ingest import parsing
from b24app.ingest.parsing import MILLIONTHS, BadRecord
from b24app.periods.rules import Settings, local_day, midnight

LONGEST = 255
STRING = "string"
"""Taken for the type of a field that the dictionary does not tell of."""

EMPLOYEE = frozenset({"employee", "user"})
"""The types of fields that name employees."""

Reader = Callable[[str, Any, Settings], ValueDraft | None]


def values(field: str, kind: str, raw: Any, settings: Settings) -> tuple[ValueDraft, ...]:
    """What a field holds, none when it is empty. The days of times are the portal's."""
    read = READERS.get(kind, _string)
    found: list[ValueDraft] = []
    for one in raw if isinstance(raw, list) else [raw]:
        with suppress(BadRecord):
            if value := read(field, one, settings):
                found.append(replace(value, place=len(found)))
    return tuple(found)


def _string(field: str, raw: Any, _settings: Settings) -> ValueDraft | None:
    text = parsing.text(raw, LONGEST)
    return ValueDraft(field, text=text) if text else None


def _id(field: str, raw: Any, settings: Settings) -> ValueDraft | None:
    """The id of a list's line or of another record, kept as text and as number; 0 is none."""
    value = _string(field, raw, settings)
    if value is None or value.text == "0":
        return None
    return replace(value, num=_in_millionths(value.text))


def _in_millionths(id: str | None) -> int | None:
    number = int(id) if id and id.isdecimal() else None
    return None if number is None or number > parsing.LARGEST_INTEGER // MILLIONTHS else number * MILLIONTHS


def _number(field: str, raw: Any, _settings: Settings) -> ValueDraft | None:
    number = parsing.number(raw)
    return None if number is None else ValueDraft(field, num=parsing.millionths(number), text=plain(number))


def _money(field: str, raw: Any, settings: Settings) -> ValueDraft | None:
    """A custom field of money is written `1000|USD`."""
    return _number(field, raw.partition("|")[0] if isinstance(raw, str) else raw, settings)


def _yes_or_no(field: str, raw: Any, _settings: Settings) -> ValueDraft | None:
    match str(raw).strip().lower():
        case "y" | "1" | "true":
            return ValueDraft(field, num=MILLIONTHS, text="Y")
        case "n" | "0" | "false":
            return ValueDraft(field, num=0, text="N")
        case _:
            return None


def _day(field: str, raw: Any, settings: Settings) -> ValueDraft | None:
    day = parsing.day(raw)
    return ValueDraft(field, text=day, day=day, at=_midnight(day, settings)) if day else None


def _midnight(day: str, settings: Settings) -> int | None:
    try:
        return midnight(date.fromisoformat(day), settings)
    except (ValueError, OverflowError, OSError):
        return None


def _time(field: str, raw: Any, settings: Settings) -> ValueDraft | None:
    instant = parsing.instant(raw)
    if instant is None:
        return None
    try:
        day = local_day(instant, settings).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
    return ValueDraft(field, text=day, day=day, at=instant)


def _employee(field: str, raw: Any, _settings: Settings) -> ValueDraft | None:
    ref = parsing.link(raw)
    return ValueDraft(field, num=_in_millionths(str(ref)), text=str(ref), ref=ref) if ref else None


READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("integer", "double"), _number),
    "money": _money,
    **dict.fromkeys(("boolean", "char"), _yes_or_no),
    "date": _day,
    "datetime": _time,
    **dict.fromkeys(EMPLOYEE, _employee),
    **dict.fromkeys(("enumeration", "crm_company", "crm_contact", "crm_lead", "crm_quote", "crm_entity"), _id),
    **dict.fromkeys(("crm", "iblock_element", "iblock_section", "hlblock"), _id),
}
