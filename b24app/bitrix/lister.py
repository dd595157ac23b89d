"""Reading a long list by chained pages: what one batch asks for, what its answers mean, and how many pages it may have.

Page 0 asks for ids behind the last known one, page n for ids behind `$result[p<n-1>]..[49][id]`, the last of the page
before. Behind a short page that reference is empty and the answers mean nothing: they are thrown away (contract 3.3).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24app.bitrix.errors import BadAnswer, RestError
from b24app.lib.i18n import gettext as _

Rows = list[dict[str, Any]]

Ask = Callable[[Mapping[str, Any], str, bool], dict[str, Any]]
"""(filter, id, whether the last come first) -> how a method is asked for rows in the order of their ids."""

PAGE = 50
MOST_PAGES = 50
FEWEST_PAGES = 10
AIM_S = 12.0


def in_maps(filter: Mapping[str, Any], id: str, descending: bool) -> dict[str, Any]:
    """As nearly all lists are asked."""
    return {"filter": dict(filter), "order": {id: "DESC" if descending else "ASC"}, "start": -1}


def in_words(filter: Mapping[str, Any], id: str, descending: bool) -> dict[str, Any]:
    """As the statistics of telephony are asked: what to sort by and how are two words (contract 7.7)."""
    return {"FILTER": dict(filter), "SORT": id, "ORDER": "DESC" if descending else "ASC", "start": -1}


@dataclass(frozen=True, slots=True)
class Collected:
    """What one batch brought. `is_last` once nothing is left behind `last_id`."""

    rows: Rows
    last_id: int
    is_last: bool


def chain(
    params: Mapping[str, Any],
    id_field: str,
    items_key: str | None,
    descending: bool,
    after: int,
    count: int,
    asked_id: str | None = None,
    ask: Ask = in_maps,
) -> Iterator[dict[str, Any]]:
    """The parameters of each page of one batch. `asked_id`: the id's name in filters, where rows name it otherwise."""
    asked = asked_id or id_field
    beyond = f"{'<' if descending else '>'}{asked}"
    always = {name: value for name, value in params.items() if name != "filter"}
    path = f"[{items_key}]" if items_key else ""
    for n in range(count):
        border = f"$result[p{n - 1}]{path}[{PAGE - 1}][{id_field}]" if n else after
        bounded = {beyond: border} if border or not descending else {}
        yield {**always, **ask({**params.get("filter", {}), **bounded}, asked, descending)}


def collect(
    answers: Mapping[str, Any], id_field: str, items_key: str | None, descending: bool, after: int
) -> Collected:
    """The rows up to the first short page. Raises the error of a page before it; BadAnswer when ids go backwards."""
    rows: Rows = []
    for answer in answers.values():
        if isinstance(answer, RestError):
            raise answer
        page = _items(answer, items_key)
        ids = [_id(row, id_field) for row in page]
        if ids != sorted(set(ids), reverse=descending) or (ids and after and (ids[0] < after) is not descending):
            raise BadAnswer(_("Bitrix24 has answered the pages of a list out of order."))
        rows += page
        after = ids[-1] if ids else after
        if len(page) < PAGE:
            return Collected(rows, after, True)
    return Collected(rows, after, False)


def _items(answer: Any, items_key: str | None) -> Rows:
    items = answer.get(items_key) if items_key and isinstance(answer, Mapping) else answer
    if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
        raise BadAnswer(_("A part of Bitrix24's answer is missing."))
    return items


def _id(row: Mapping[str, Any], id_field: str) -> int:
    try:
        return int(row[id_field])
    except (KeyError, TypeError, ValueError):
        raise BadAnswer(_("A part of Bitrix24's answer is missing.")) from None


@dataclass(slots=True)
class Pace:
    """How many pages a request may have so that the portal answers it well within 20 seconds, learnt from answers."""

    _seconds_a_page: dict[str, float] = field(default_factory=dict)

    def pages(self, method: str, at_most: int) -> int:
        """A method not asked yet is taken to be as slow as the slowest known; on an unknown portal, as quick."""
        slowest = max(self._seconds_a_page.values(), default=0.0)
        seconds = self._seconds_a_page.get(method, slowest)
        fitting = int(AIM_S / seconds) if seconds > 0 else MOST_PAGES
        return max(1, min(at_most, max(FEWEST_PAGES, min(MOST_PAGES, fitting))))

    def learn(self, method: str, pages: int, seconds: float) -> None:
        self._seconds_a_page[method] = seconds / pages
