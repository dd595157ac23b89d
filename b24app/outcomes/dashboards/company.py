"""The company: its totals, its departments with what each adds to them, and how an indicator went.

Costs as many statements as a team does, however many departments there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.metrics.rules import Unit
from b24app.outcomes.dashboards import queries
from b24app.outcomes.dashboards.rules import (
    Cell,
    Company,
    DepartmentRow,
    Dynamics,
    Number,
    Others,
    Point,
    Row,
    Series,
    TeamRow,
)
from b24app.periods.rules import Period, previous
from b24app.portal.rules import COMPANY, Action, Structure, Subject, Viewer, can, department
from b24app.scorecards.rules import Indicator
from b24app.scores import queries as scores
from b24app.scores.context import Context
from b24app.scores.queries import Board
from b24app.scores.rows import name_of

PERIODS = 12


def company(viewer: Viewer, scorecard: str | None, period: Period, indicator: str | None, context: Context) -> Company:
    """The company in one scorecard (without one: the first) and period; `indicator` is the one of the dynamics."""
    if not can(viewer, Action.SEE, COMPANY):
        raise Forbidden(_("The numbers of the whole company are shown to administrators."))
    structure = context.structure()
    visible = queries.visible_departments(viewer, structure)
    places = queries.tree(structure, visible)
    applying = queries.answering(context, period, bool)
    version = queries.chosen(context, applying, scorecard, period)
    subjects = [COMPANY, *(department(id) for id, _name, _depth in places)]
    board = scores.board(context, version, period, subjects) if version else None
    rows = queries.team_rows(board, structure) if board else {}
    past = _past(context, board, indicator, subjects) if board and board.is_own_kind else None
    before = past.before if past else {}
    shown = queries.with_cells(viewer, board, [rows[one] for one in subjects if one in rows], before, COMPANY)
    total = shown.get(COMPANY)
    below = [(shown[department(id)], depth) for id, _name, depth in places if department(id) in shown]
    additive = {one.code for one in version.indicators if one.plan.additive} if version else set()
    tops = queries.tops(structure, visible)
    return Company(
        **queries.frame(context, applying, version, period, board.scores if board else ()),
        indicators=queries.indicators(version),
        total=total,
        departments=tuple(DepartmentRow(row, depth, tuple(_shares(row, total, additive))) for row, depth in below),
        others=tuple(_others(total, [shown.get(department(id)) for id in tops], additive))
        if total and not _overlap(context.structure(period), tops)
        else (),
        dynamics=_dynamics(context, viewer, past, queries.compared(structure, visible, None)) if past else None,
    )


def _shares(row: TeamRow, total: TeamRow | None, additive: Iterable[str]) -> Iterator[Fraction | None]:
    """What each number of a department is of the company's, in percent."""
    whole = _by_code(total)
    for cell in row.cells:
        yield _share(cell.number, whole[cell.code].number if cell.code in whole and cell.code in additive else None)


def _share(part: Number, whole: Number | None) -> Fraction | None:
    if whole is None or part.value is None or not whole.value or whole.value < 0:
        return None
    return 100 * part.value / whole.value


def _others(total: TeamRow, tops: Sequence[TeamRow | None], additive: Iterable[str]) -> Iterator[Others]:
    """The company's value less that of its topmost departments, where these have nobody in common."""
    for whole in total.cells:
        if whole.code not in additive or whole.number.value is None:
            continue
        cells = [cell for top in tops if (cell := _by_code(top).get(whole.code)) is not None]
        known = sum((cell.number.value or Fraction(0) for cell in cells), Fraction(0))
        left = Number(whole.number.value - known, whole.number.unit, whole.number.currency)
        facts = whole.facts - sum(cell.facts for cell in cells)
        if left.value or facts:
            yield Others(whole.name, left, _share(left, whole.number), facts)


def _by_code(row: TeamRow | None) -> Mapping[str, Row | Cell]:
    return {cell.code: cell for cell in row.cells} if row else {}


def _overlap(structure: Structure, tops: Sequence[int]) -> bool:
    """Whether anybody is in two of the topmost departments: then their numbers do not add up to the whole."""
    everybody = [structure.members(id) for id in tops]
    return len(frozenset[int]().union(*everybody)) < sum(map(len, everybody))


@dataclass(frozen=True, slots=True)
class _Past:
    """What is stored of the last periods up to the one shown, oldest first: of one indicator, and of the last but one
    period all of them."""

    indicator: Indicator
    periods: tuple[Period, ...]
    known: Mapping[tuple[Subject, date, str], tuple[Fraction | None, Fraction | None]]

    @property
    def before(self) -> queries.Before:
        last = self.periods[-2].start
        return {(subject, code): value for (subject, start, code), (value, _) in self.known.items() if start == last}


def _past(context: Context, board: Board, code: str | None, subjects: Sequence[Subject]) -> _Past | None:
    version = board.version
    indicator = (version.indicator(code) if code else None) or next(iter(version.indicators), None)
    if indicator is None:
        return None
    periods = [board.period]
    while len(periods) < PERIODS:
        periods.insert(0, previous(periods[0], context.settings))
    starts = [one.start for one in periods]
    known = scores.known(context.portal_id, version, subjects, (starts, indicator.code), (starts[-2:-1], None))
    return _Past(indicator, tuple(periods), known)


def _dynamics(context: Context, viewer: Viewer, past: _Past, departments: Sequence[int]) -> Dynamics:
    indicator = past.indicator

    def series(subject: Subject) -> Series:
        hidden = indicator.plan.is_money and not can(viewer, Action.SEE_MONEY, subject)
        keys = [(subject, one.start, indicator.code) for one in past.periods]
        known = [(None, None) if hidden else past.known.get(key, (None, None)) for key in keys]
        points = (Point(one, value, target) for one, (value, target) in zip(past.periods, known, strict=True))
        return Series(subject, name_of(subject, context.structure()), tuple(points))

    lines = [series(department(id)) for id in departments]
    return Dynamics(
        code=indicator.code,
        name=pick(indicator.document.name),
        unit=indicator.plan.unit.value,
        currency=context.currency if indicator.plan.unit is Unit.MONEY else None,
        company=series(COMPANY),
        departments=tuple(line for line in lines if any(point.value is not None for point in line.points)),
    )
