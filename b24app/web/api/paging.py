"""Lists in pages: the cursor is the key of the last row that was answered, so rows that come or go shift nothing."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.web.api.shapes import Paging

T = TypeVar("T")
Key = tuple[int | str, ...]


def cut(rows: Iterable[T], key: Callable[[T], Key], paging: Paging) -> tuple[list[T], str | None]:
    """The page of the rows in the order of their keys (unique ones), and the cursor of the page after it."""
    ordered = sorted(rows, key=key)
    if paging.cursor:
        after = opened(paging.cursor)
        try:
            ordered = [row for row in ordered if key(row) > after]
        except TypeError as cause:
            raise _wrong_cursor() from cause
    page = ordered[: paging.limit]
    return page, sealed(key(page[-1])) if len(ordered) > len(page) else None


def after(paging: Paging) -> int:
    """The id of the last row that was answered, for lists that the database pages by id."""
    match opened(paging.cursor) if paging.cursor else (0,):
        case (int(id),):
            return id
        case _:
            raise _wrong_cursor()


def sealed(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def opened(cursor: str) -> Key:
    """The key inside a cursor of ours. Invalid for any other text."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, RecursionError) as cause:
        raise _wrong_cursor() from cause
    if not isinstance(key, list) or not all(map(_may_be_a_key, key)):
        raise _wrong_cursor()
    return tuple(key)


def _may_be_a_key(part: object) -> bool:
    """Ids fit into 64 bits, and no code has a NUL in it: a database refuses anything else."""
    return (isinstance(part, str) and "\0" not in part) or (isinstance(part, int) and abs(part) < 2**63)


def _wrong_cursor() -> Invalid:
    message = _("This is not a cursor of this list: take it from next_cursor of the page before.")
    return Invalid(_("The query is not valid."), [Fault("cursor", message)])
