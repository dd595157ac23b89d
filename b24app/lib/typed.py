"""Numbers and days as people type them and spreadsheets write them: 1 234,50 and 1,234.50, 01.11.2026 and 2026-11-01.

What cannot be read is None: whoever asks knows the sentence to say. A number that two readers would read differently
is read by the decimal sign that is said to be usual.
"""

import re
from datetime import date, datetime, time
from decimal import Decimal

DOT, COMMA = ".", ","

_SPACES = re.compile(r"[\s\u00a0\u202f\u2009']")
_SIGNS = re.compile(r"(?:₽|руб\.?|р\.|\$|€|£|₸|%)$|^(?:₽|\$|€|£|₸)", re.IGNORECASE)
_PLAIN = re.compile(r"\d{1,18}(?:\.\d{1,18})?|\.\d{1,18}")
_GROUPED = {DOT: re.compile(r"\d{1,3}(?:\.\d{3})+"), COMMA: re.compile(r"\d{1,3}(?:,\d{3})+")}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_PARTS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
CENTURY = 2000


def usual(language: str) -> str:
    """The decimal sign of a language."""
    return COMMA if language == "ru" else DOT


def number(text: str, decimal: str = COMMA) -> Decimal | None:
    """With spaces or the other sign between thousands, a sign of a currency or of percents, in brackets if negative."""
    found = _SPACES.sub("", text).replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    found = _SIGNS.sub("", found)
    is_negative = found.startswith("-") or (found.startswith("(") and found.endswith(")"))
    if found.startswith("("):
        found = found[1:-1] if found.endswith(")") else found
    digits = _plain(found.removeprefix("-").removeprefix("+"), decimal)
    if digits is None or not _PLAIN.fullmatch(digits) or not digits.isascii():
        return None
    value = Decimal(digits)
    return -value if is_negative and value else value


def _plain(found: str, decimal: str) -> str | None:
    """With a point before the decimals and nothing between thousands; None where thousands are no thousands."""
    signs = {sign: found.count(sign) for sign in (DOT, COMMA)}
    if all(signs.values()):
        last = max(signs, key=found.rfind)
        other = COMMA if last == DOT else DOT
        whole, _sign, part = found.rpartition(last)
        return f"{whole.replace(other, '')}.{part}" if _GROUPED[other].fullmatch(whole) else None
    (sign, times) = max(signs.items(), key=lambda one: one[1])
    if not times:
        return found
    is_grouped = bool(_GROUPED[sign].fullmatch(found))
    if times > 1 or (is_grouped and sign != decimal):
        return found.replace(sign, "") if is_grouped else None
    return found.replace(sign, DOT)


def day(text: str, *, month_first: bool = False) -> date | None:
    """The day of a date, with or without a time behind it."""
    found = moment(text, month_first=month_first)
    return found.date() if found else None


def moment(text: str, *, month_first: bool = False) -> datetime | None:
    """A local date and time; midnight where no time is given. ISO 8601 with an offset keeps it."""
    text = text.strip()
    if "T" in text:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    head, _space, tail = text.partition(" ")
    numbers = _numbers(head, month_first)
    clock = _clock(tail.strip())
    if numbers is None or clock is None:
        return None
    try:
        return datetime.combine(date(*numbers), clock)
    except ValueError:
        return None


def _numbers(text: str, month_first: bool) -> tuple[int, int, int] | None:
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _PARTS.fullmatch(text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        whole = year if len(found[3]) == len("2026") else CENTURY + year
        return (whole, first, second) if month_first else (whole, second, first)
    return None


def _clock(text: str) -> time | None:
    if not text:
        return time()
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        return None
