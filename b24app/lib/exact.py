"""JSON whose numbers are exact: Decimals and Fractions leave as numbers of at most six decimals and arrive as Decimals.

The standard library writes only binary floats, so writing is done here; `loads` is its reader with floats switched off.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from math import floor
from typing import NoReturn

from pydantic import BaseModel

DIGITS = 6
LONGEST = 3000
"""More digits than any number has."""


def loads(text: bytes) -> object:
    """What the text says. ValueError when it is not JSON (NaN and Infinity are not)."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (InvalidOperation, RecursionError) as cause:
        raise ValueError("too large or too deep") from cause


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def dumps(value: object) -> str:
    """The JSON text of models, mappings, lists, numbers, dates and plain values."""
    match value:
        case Fraction() | Decimal():
            return number(value)
        case datetime():
            return f'"{value.isoformat(timespec="seconds")}"'
        case date():
            return f'"{value.isoformat()}"'
        case BaseModel():
            return _object(value)
        case Mapping():
            return _object(value.items())
        case list() | tuple():
            return f"[{','.join(map(dumps, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _object(pairs: Iterable[tuple[object, object]]) -> str:
    return f"{{{','.join(f'{dumps(str(key))}:{dumps(value)}' for key, value in pairs)}}}"


def number(value: Fraction | Decimal) -> str:
    """In at most six decimals, half up, never with an exponent."""
    scale = 10**DIGITS
    with localcontext(prec=LONGEST):
        return format((Decimal(floor(Fraction(value) * scale + Fraction(1, 2))) / scale).normalize(), "f")
