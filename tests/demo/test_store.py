"""A page of a table, whatever way the portal finds it, is that of the whole list."""

from itertools import product

import pytest

from b24app.demo.fields import INT, Field
from b24app.demo.filters import Condition, Group
from b24app.demo.store import PAGE, Table

ID, SIZE = Field("id", INT), Field("size", INT)


@pytest.fixture(scope="module")
def table():
    made = Table({"id": ID, "size": SIZE})
    made.load({"id": id, "size": id % 7} for id in range(1, 400, 2))
    return made


FILTERS = {
    "everything": ((), lambda id: True),
    "above": ((Condition(ID, ">", 100),), lambda id: id > 100),
    "between": ((Condition(ID, ">=", 51), Condition(ID, "<", 333)), lambda id: 51 <= id < 333),
    "nothing": ((Condition(ID, ">", 300), Condition(ID, "<=", 300)), lambda id: False),
    "another field": ((Condition(ID, "<=", 300), Condition(SIZE, "=", 3)), lambda id: id <= 300 and id % 7 == 3),
    "not above": ((Condition(ID, ">", 100, negated=True),), lambda id: id <= 100),
}


@pytest.mark.parametrize(("named", "descending", "start"), [*product(FILTERS, (False, True), (0, PAGE, 150, 500))])
def test_page_says_how_many_there_are_and_where_the_next_one_begins(table, named, descending, start):
    conditions, passes = FILTERS[named]
    wanted = sorted(filter(passes, table.ids), reverse=descending)
    page = table.find(Group(conditions), ((ID, descending),), start)
    assert [row["id"] for row in page.rows] == wanted[start : start + PAGE]
    assert (page.total, page.next) == (len(wanted), start + PAGE if start + PAGE < len(wanted) else None)
