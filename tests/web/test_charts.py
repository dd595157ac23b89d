"""Where the marks of a chart stand."""

from dataclasses import replace
from fractions import Fraction

import pytest

from b24app.portal.rules import COMPANY
from b24app.web.charts import HEIGHT, chart
from tests.web import samples


def drawn(*values, targets=True):
    line = samples.series(COMPANY, "Company", *values)
    if not targets:
        line = replace(line, points=tuple(replace(point, target=None) for point in line.points))
    return chart(replace(samples.company().dynamics, company=line, departments=()))


def test_columns_stand_on_zero_and_are_as_high_as_their_values():
    shown = drawn(100_000, 200_000, None, 400_000)
    heights = [column.height for column in shown.columns]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert heights[3] == pytest.approx(4 * heights[0], abs=0.2)
    assert {round(column.y + column.height, 1) for column in shown.columns if column.y is not None} == {
        next(y for y, value in shown.ticks if value == 0)
    }


def test_nothing_known_leaves_a_gap_and_not_a_zero():
    shown = drawn(100_000, None)
    assert (shown.columns[1].y, shown.columns[1].height) == (None, 0)


def test_less_than_nothing_hangs_below_zero():
    shown = drawn(-300, 100, targets=False)
    zero = next(y for y, value in shown.ticks if value == 0)
    assert shown.columns[0].y == zero
    assert shown.columns[0].y + shown.columns[0].height <= HEIGHT


def test_line_is_broken_where_nothing_is_known():
    (line,) = chart(samples.company().dynamics).lines
    assert [len(piece.split()) for piece in line.pieces] == [3, 2]


def test_numbers_at_the_ends_do_not_hide_each_other():
    one = samples.company().dynamics
    three = chart(replace(one, departments=one.departments * 3)).lines
    assert sorted(abs(a.y - b.y) >= 17 for a in three for b in three if a is not b)[0]


@pytest.mark.parametrize("most", [1, 7, 30, 999, 1_000_000, Fraction(3, 100)])
def test_a_few_round_lines_go_across_and_hold_everything(most):
    shown = drawn(0, most, targets=False)
    assert 3 <= len(shown.ticks) <= 8
    assert shown.ticks[-1][1] >= most


def test_without_a_number_nothing_is_drawn():
    assert drawn(None, None, targets=False) is None
