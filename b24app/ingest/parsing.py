"""Reading Bitrix24's values: ids as numbers or text, several ways to write "nothing", times with any offset. Pure.

What cannot be read raises BadRecord with a sentence for the health page; the caller puts the record aside.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from b24app.lib.i18n import gettext as _

MILLIONTHS = 1_000_000
LARGEST_AMOUNT = 10**12
LARGEST_INTEGER = 2**63 - 1
NO_DATE = ("-", "0000", "0001-")
"""How zero dates of MySQL and PHP begin."""


_SIZED = (str, list, dict)


class BadRecord(ValueError):
    """A record that cannot become a fact; the message says why."""


def is_empty(value: Any) -> bool:
    """PHP writes an empty value as null, "", false, [] or {}."""
    return value is None or value is False or (not value and isinstance(value, _SIZED))


def integer(value: Any) -> int | None:
    if type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value  # nearly all of them
    if is_empty(value):
        return None
    try:
        number = Decimal(str(value).strip())
        if number != number.to_integral_value() or abs(number) > LARGEST_INTEGER:
            raise ValueError
        return int(number)
    except (InvalidOperation, ValueError):
        raise BadRecord(_("%(value)s is not a whole number.", value=str(value)[:40])) from None


def link(value: Any) -> int | None:
    """The id of another record or user; 0 links to nothing."""
    return integer(value) or None


def identity(value: Any) -> int:
    found = link(value)
    if found is None:
        raise BadRecord(_("The record has no id."))
    return found


def text(value: Any, longest: int) -> str:
    """Cut to what the column holds; PostgreSQL keeps no zero bytes."""
    if type(value) is not str:  # nearly all of them are
        if is_empty(value) or isinstance(value, list | dict):
            return ""
        value = str(value)
    return value.replace("\0", "").strip()[:longest] if "\0" in value else value.strip()[:longest]


def flag(value: Any) -> bool:
    return str(value).strip().lower() in ("y", "1", "true")


def instant(value: Any) -> int | None:
    """Epoch seconds. A time without an offset is taken for UTC."""
    written = text(value, 40)
    if not written or written.startswith(NO_DATE):
        return None
    try:
        moment = datetime.fromisoformat(written)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadRecord(_("%(value)s is not a time.", value=written)) from None


def required_instant(value: Any, field: str) -> int:
    found = instant(value)
    if found is None:
        raise BadRecord(_("%(field)s is empty.", field=field))
    return found


def day(value: Any) -> str | None:
    """The date before the `T`: Bitrix24 writes a day as UTC midnight in the server's offset (contract 10.51)."""
    written = text(value, 10)
    if not written or written.startswith(NO_DATE):
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise BadRecord(_("%(value)s is not a date.", value=written)) from None


def number(value: Any) -> Decimal | None:
    if is_empty(value):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > LARGEST_AMOUNT:
        raise BadRecord(_("%(value)s is not a number.", value=str(value)[:40]))
    return found


def millionths(value: Any) -> int | None:
    found = number(value)
    return None if found is None else int((found * MILLIONTHS).quantize(Decimal(1), ROUND_HALF_UP))
