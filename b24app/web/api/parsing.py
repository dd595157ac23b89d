"""What callers send, parsed once: queries and bodies become pydantic models, every fault a path and a sentence."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import BeforeValidator, Field, StrictInt, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.web.api import exact

T = TypeVar("T")

LARGEST = 9 * 10**12
"""Numbers are stored as millionths in 64 bits."""


class Unreadable(Invalid):
    """The body is not JSON."""

    status = 400


class WrongType(Invalid):
    """The body says that it is something else than JSON."""

    status = 415


def _number(value: object) -> object:
    """JSON numbers only: "12" and true are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number", "a JSON number is expected")
    return value


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise PydanticCustomError("day", "a date YYYY-MM-DD is expected")
    return value


def _moment(value: object) -> datetime:
    moment = None
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.utcoffset() is None:
        raise PydanticCustomError("moment", "a time in ISO 8601 with an offset is expected")
    return moment


Number = Annotated[Decimal, BeforeValidator(_number), Field(ge=-LARGEST, le=LARGEST)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Id = Annotated[StrictInt, Field(ge=0, lt=2**63)]


def parse_query(shape: TypeAdapter[T]) -> T:
    """The query string. A parameter given twice is a fault: nobody could tell which one is meant."""
    given = request.args.to_dict(flat=False)
    twice = [Fault(name, _("This parameter is given more than once.")) for name, values in given.items() if values[1:]]
    if twice:
        raise Invalid(_("The query is not valid."), twice)
    return _validated(shape, {name: values[0] for name, values in given.items()}, _("The query is not valid."))


def parse_body(parse: Callable[[object], T]) -> T:
    """The JSON body: 415 for another type, 400 for what is not JSON, 422 for JSON that is not what is asked for."""
    if request.mimetype and not request.is_json:
        raise WrongType(_("Send the body as application/json."))
    try:
        given = exact.loads(request.get_data())
    except ValueError as cause:
        raise Unreadable(_("The body is not valid JSON.")) from cause
    if faults := [Fault(path_of(place), _("The text has characters that cannot be stored.")) for place in _odd(given)]:
        raise Invalid(_("The body is not valid."), faults)
    return parse(given)


def _odd(given: object, place: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Where texts are that no database takes: with NUL, or with half of a letter that needs two."""
    match given:
        case str():
            if "\0" in given or any("\ud800" <= letter <= "\udfff" for letter in given):
                yield place
        case list():
            for number, one in enumerate(given):
                yield from _odd(one, (*place, number))
        case dict():
            for key, one in given.items():
                yield from _odd(key, place)
                yield from _odd(one, (*place, key))


def shaped(shape: Any) -> Callable[[object], Any]:
    """Parses a body that only has to have a shape."""
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    return lambda given: _validated(adapter, given, _("The body is not valid."))


def _validated(shape: TypeAdapter[T], given: object, message: str) -> T:
    try:
        return shape.validate_python(given)
    except ValidationError as error:
        raise Invalid(message, [_fault(one) for one in error.errors(include_url=False)]) from error


def _fault(error: Mapping[str, Any]) -> Fault:
    sentence = _SENTENCES.get(error["type"])
    limits = {name: str(value).replace(" or ", ", ").replace("'", "") for name, value in error.get("ctx", {}).items()}
    return Fault(path_of(error["loc"]), _(sentence) % limits if sentence else f"{error['msg']}.")


def path_of(place: tuple[int | str, ...]) -> str:
    """`[0].subject.id` of (0, "subject", "id")."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


_SENTENCES = {
    "bool_parsing": "True or false is expected.",
    "bool_type": "True or false is expected.",
    "date_from_datetime_parsing": "There is no such day.",
    "date_parsing": "There is no such day.",
    "day": "A date like 2026-11-01 is expected.",
    "decimal_max_places": "At most %(decimal_places)s decimals are allowed.",
    "enum": "One of these is expected: %(expected)s.",
    "extra_forbidden": "There is no such field.",
    "greater_than_equal": "The number must be at least %(ge)s.",
    "int_parsing": "A whole number is expected.",
    "int_type": "A whole number is expected.",
    "less_than": "The number is too large.",
    "less_than_equal": "The number must be at most %(le)s.",
    "list_type": "A list is expected.",
    "literal_error": "One of these is expected: %(expected)s.",
    "missing": "This field is required.",
    "model_type": "An object is expected.",
    "moment": "A time like 2026-11-01T09:30:00+03:00 is expected.",
    "number": "A number is expected.",
    "string_pattern_mismatch": "The text has a form that is not allowed here.",
    "string_too_long": "The text is longer than %(max_length)s characters.",
    "string_too_short": "The text is shorter than %(min_length)s characters.",
    "string_type": "A text is expected.",
    "too_long": "At most %(max_length)s are allowed.",
    "too_short": "At least %(min_length)s are expected.",
}
