"""What a field of a record is: its names in both dialects, its kind, what an unset one reads as, how it is written.

The new dialect (crm.item.*) is camelCase with native numbers; the old one (crm.deal.*) is UPPER_SNAKE with strings.
Rows are sparse: a field that a row does not carry has the field's default. Which fields records have is in records.py.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
INT, MONEY, TEXT, YESNO, TIME, DATE, LIST = "integer", "double", "string", "boolean", "datetime", "date", "list"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str = TEXT
    default: Any = None
    old: str = ""  # the name in the old dialect, where it is not simply the upper-case form
    read_only: bool = False
    type: str = ""  # what crm.item.fields calls it, where it is not the kind; every LIST of ids has one
    dictionary: str = ""  # of a crm_status: ENTITY_ID in crm.status.list

    @property
    def custom(self) -> bool:
        return False

    @property
    def upper(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).upper()

    @property
    def old_name(self) -> str:
        return self.old or self.upper

    def read(self, row: Row) -> Any:
        return row.get(self.name, self.default)


@dataclass(frozen=True, slots=True)
class CustomField(Field):
    """A field that people or apps have added to deals; `old` is its original name, UF_CRM_.."""

    id: int = 0
    options: tuple[int, ...] = ()  # the items of an enumeration

    @property
    def custom(self) -> bool:
        return True

    @property
    def upper(self) -> str:
        return self.old


Fields = Mapping[str, Field]


def table_of(fields: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in fields}


def native(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """The value as crm.item.* and stage history write it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        # Bitrix24 writes a date as UTC midnight seen from the server's zone: 2024-04-19T03:00:00+03:00.
        offset = datetime.combine(value, time(12), zone).utcoffset()
        midnight = datetime.combine(value, time(), zone)
        return (midnight + offset if offset else midnight).isoformat(timespec="seconds")
    if isinstance(value, tuple):
        return list(value)
    return value


def textual(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """The value as the old dialect writes it: every scalar a string."""
    if value is None:
        return None
    if field.custom and field.kind == YESNO:
        return "1" if value == "Y" else "0"
    if field.kind == MONEY and not field.custom:
        return f"{value:.2f}"
    written = native(field, value, zone)
    return written if isinstance(written, list) else str(written)
