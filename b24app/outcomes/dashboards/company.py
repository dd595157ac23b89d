"""The company: its totals, its departments with what each adds to them, and how an indicator went.

Costs as many statements as a team does and one more, however many departments there are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.metrics.rules import Unit
from b24app.outcomes.dashboards import queries
from b24app.outcomes.dashboards.rules import (
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
from b24app.periods.rules import Kind, Period, previous
from b24app.portal.rules import COMPANY, Action, Structure, Subject, Viewer, can, department
from b24app.scores import queries as scores
from b24app.scores.evaluation import Context
from b24app.scores.queries import Board
from b24app.scores.rows import name_of, zones
from b24app.scores.rules import Zones

PERIODS = 12


def company(viewer: Viewer, scorecard: str | None, period: Period, indicator: str | None, now: datetime) -> Company:
    """The company in one scorecard (without one: the first) and period; `indicator` is the one of the dynamics."""
    if not can(viewer, Action.SEE, COMPANY):
        raise Forbidden(_("The numbers of the whole company are shown to administrators."))
    context = Context(viewer.portal_id, now)
    structure = context.structure()
    visible = queries.visible_departments(viewer, structure)
    places = queries.tree(structure, visible)
    applying = queries.answering(context, period, bool)
    version = queries.chosen(context, applying, scorecard, period)
    subjects = [COMPANY, *(department(id) for id, _name, _depth in places)]
    board = scores.board(context, version, period, subjects) if version else None
    known = queries.team_rows(board, structure) if board else {}
    shown = queries.with_cells(context, viewer, board, [known[one] for one in subjects if one in known])
    total = shown.get(COMPANY)
    below = [(shown[department(id)], depth) for id, _name, depth in places if department(id) in shown]
    additive = {one.code for one in version.indicators if one.plan.additive} if version else set()
    tops = queries.tops(structure, visible)
    pace = scores.pace(context, period)
    return Company(
        scorecard_code=version.code if version else None,
        scorecard_name=pick(version.document.name) if version else "",
        scorecards=queries.names(applying),
        period=period,
        previous=previous(period, context.settings),
        following=queries.following_of(context, period),
        period_kinds=tuple(Kind),
        own_kind=version.kind if version else None,
        indicators=queries.indicators(version),
        total=total,
        departments=tuple(DepartmentRow(row, depth, tuple(_shares(row, total, additive))) for row, depth in below),
        others=tuple(_others(total, [shown.get(department(id)) for id in tops], additive))
        if total and not _overlap(context.structure(period), tops)
        else (),
        dynamics=_dynamics(context, viewer, board, indicator, queries.compared(structure, visible, None))
        if board
        else None,
        working_days_left=pace.days_left,
        complete=context.complete,
        computed_at=max((row.computed_at for row in board.scores), default=None) if board else None,
        is_open=pace.is_open,
        zones=zones(version) if version else Zones(),
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


def _by_code(row: TeamRow | None) -> Mapping[str, Row]:
    return {cell.code: cell for cell in row.cells} if row else {}


def _overlap(structure: Structure, tops: Sequence[int]) -> bool:
    """Whether anybody is in two of the topmost departments: then their numbers do not add up to the whole."""
    everybody = [structure.members(id) for id in tops]
    return len(frozenset[int]().union(*everybody)) < sum(map(len, everybody))


def _dynamics(
    context: Context, viewer: Viewer, board: Board, code: str | None, departments: Sequence[int]
) -> Dynamics | None:
    """The last periods up to the one shown, oldest first."""
    version = board.version
    indicator = (version.indicator(code) if code else None) or next(iter(version.indicators), None)
    if indicator is None or not board.is_own_kind:
        return None
    periods = [board.period]
    while len(periods) < PERIODS:
        periods.append(previous(periods[-1], context.settings))
    periods.reverse()
    subjects = [COMPANY, *map(department, departments)]
    found = scores.course(context.portal_id, version, indicator, subjects, [one.start for one in periods])

    def series(subject: Subject) -> Series:
        hidden = indicator.plan.unit is Unit.MONEY and not can(viewer, Action.SEE_MONEY, subject)
        known = [(None, None) if hidden else found.get((subject, one.start), (None, None)) for one in periods]
        points = (Point(one, value, target) for one, (value, target) in zip(periods, known, strict=True))
        return Series(subject, name_of(subject, context.structure()), tuple(points))

    lines = [series(subject) for subject in subjects[1:]]
    return Dynamics(
        code=indicator.code,
        name=pick(indicator.document.name),
        unit=indicator.plan.unit.value,
        currency=context.currency if indicator.plan.unit is Unit.MONEY else None,
        company=series(COMPANY),
        departments=tuple(line for line in lines if any(point.value is not None for point in line.points)),
    )
