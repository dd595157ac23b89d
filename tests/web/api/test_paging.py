"""Pages of a list: no row twice, none left out, whatever happens to the list in between."""

import pytest

from b24app.lib.errors import Invalid
from b24app.web.api.paging import cut, sealed
from b24app.web.api.shapes import Paging

ROWS = [("b", 2), ("a", 10), ("a", 9), ("c", 1)]


def test_pages_follow_each_other_in_the_order_of_the_keys() -> None:
    first, cursor = cut(ROWS, lambda row: row, Paging(limit=3))
    second, end = cut(ROWS, lambda row: row, Paging(limit=3, cursor=cursor))
    assert (first, second, end) == ([("a", 9), ("a", 10), ("b", 2)], [("c", 1)], None)


def test_a_row_that_goes_does_not_shift_the_next_page() -> None:
    _first, cursor = cut(ROWS, lambda row: row, Paging(limit=2))
    second, _end = cut([row for row in ROWS if row != ("a", 9)], lambda row: row, Paging(limit=2, cursor=cursor))
    assert second == [("b", 2), ("c", 1)]


@pytest.mark.parametrize("cursor", ["?", "AAAA", "é", sealed(("a",))[:-3] + "xyz", sealed((1, "b"))])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as error:
        cut(ROWS, lambda row: row, Paging(cursor=cursor))
    assert error.value.errors[0].path == "cursor"
