"""What the screens show: a person's card, a team, the state of sync. Each costs a handful of statements.

Whether the viewer may see a subject is asked of `portal.rules.can` here, never in a template.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from b24app.ingest import queries as ingest
from b24app.lib.clock import moment
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.outcomes.dashboards import words
from b24app.outcomes.dashboards.deals import deal as deal
from b24app.outcomes.dashboards.rules import Card, Cell, Number, Point, Row, Team, TeamRow, in_order, named_like
from b24app.outcomes.dashboards.tabs import SyncEntity, SyncState
from b24app.periods.rules import Kind, Period, following, previous
from b24app.portal.rules import (
    COMPANY,
    Action,
    Structure,
    Subject,
    SubjectType,
    Viewer,
    can,
    department,
    employee,
)
from b24app.scorecards.rules import Version
from b24app.scores import queries as scores
from b24app.scores.context import Context, version_for
from b24app.scores.queries import Board, Sheet
from b24app.scores.rows import name_of, zones
from b24app.scores.rules import Glance, ResultRow, ScoreRow, Zones

PAGE = 30
"""So many people a long table begins with."""

Before = Mapping[tuple[Subject, str], Fraction | None]
"""(subject, indicator) -> the value of the period before."""

HISTORY = 6
FEW_UNITS = 5
"""A target of fewer units has no pace: it is shown as what is left to go (semantics 10)."""


def card(viewer: Viewer, subject: Subject, scorecard: str | None, period: Period, context: Context) -> Card:
    """One subject in one scorecard (without one: the first that applies) and period."""
    structure = context.structure()
    must_see(viewer, subject, structure)
    applying = answering(context, period, lambda subjects: subject in subjects)
    version = chosen(context, applying, scorecard, period)
    sheet = scores.sheets(context, period, version.code, (subject,))[0] if version else None
    score = next((row for row in sheet.scores if row.subject == subject), None) if sheet else None
    rows = _card_rows(context, viewer, subject, sheet) if sheet else ()
    person = structure.people.get(subject.id) if subject.type is SubjectType.EMPLOYEE else None
    return Card(
        **frame(context, applying, version, period, sheet.results if sheet else (), subject),
        subject=subject,
        subject_name=name_of(subject, structure),
        photo_url=person.photo_url if person else None,
        score=score.score if score else None,
        zone=score.zone if score else "none",
        rank=score.rank if score else None,
        ranked=score.ranked if score else 0,
        preliminary=score.preliminary if score else False,
        rows=rows,
        headline=max(
            (row for row in rows if row.to_go and row.needed_per_day), key=lambda row: row.weight, default=None
        ),
    )


def team(
    viewer: Viewer,
    department_id: int | None,
    scorecard: str | None,
    period: Period,
    context: Context,
    *,
    sort: str = "risk",
    find: str = "",
    rows: int = PAGE,
) -> Team:
    """The people of a department (None: everybody the viewer may see), its departments, and their total.

    Of a long list the first `rows` in the order of `sort` whose names are like `find`; counts and totals are of all.
    """
    structure = context.structure()
    visible = visible_departments(viewer, structure)
    if not viewer.is_admin and not visible:
        raise Forbidden(_("This page is for heads of departments and administrators."))
    if department_id is not None:
        must_see(viewer, department(department_id), structure)
    then = context.structure(period)
    people = _people(viewer, department_id, then)
    below = [department(id) for id in compared(structure, visible, department_id)]
    whole = _whole(viewer, structure, visible, department_id)
    applying = answering(context, period, lambda subjects: not people.isdisjoint(subjects))
    version = chosen(context, applying, scorecard, period)
    board = scores.board(context, version, period, {*people, *below, *([whole] if whole else [])}) if version else None
    known = team_rows(board, structure) if board else {}
    everybody = [known[one] for one in people if one in known]
    found = in_order(named_like(everybody, find), sort)
    rows_shown = [*found[:rows], *(known[one] for one in (*below, whole) if one in known)]
    before = _before(context, board, [row.subject for row in rows_shown]) if board else {}
    shown = with_cells(viewer, board, rows_shown, before, whole)
    return Team(
        **frame(context, applying, version, period, board.scores if board else ()),
        department=department_id,
        department_name=name_of(whole, structure) if whole else _("Everybody"),
        departments=tuple(tree(structure, visible)),
        indicators=indicators(version),
        people=tuple(shown[row.subject] for row in found[:rows]),
        departments_rows=tuple(shown[one] for one in below if one in shown),
        total=shown.get(whole) if whole else None,
        ranked=max((row.ranked for row in board.scores if row.subject in people), default=0) if board else 0,
        found=len(found),
        everybody=len(everybody),
        at_risk=sum(row.at_risk for row in everybody),
        subjects=() if whole else tuple(sorted(row.subject for row in everybody)),
    )


def frame(
    context: Context,
    applying: Collection[Version],
    version: Version | None,
    period: Period,
    computed: Iterable[ResultRow | ScoreRow],
    subject: Subject = COMPANY,
) -> dict[str, Any]:
    """What `rules.Page` has: the scorecard shown and those to choose from, the period, how far and how sure it is.

    How far is by the subject's calendar.
    """
    pace, after = scores.pace(context, period, subject), following(period, context.settings)
    return {
        "scorecard_code": version.code if version else None,
        "scorecard_name": pick(version.document.name) if version else "",
        "scorecards": tuple((one.code, pick(one.document.name)) for one in applying),
        "period": period,
        "previous": previous(period, context.settings),
        "following": after if after.start <= context.today else None,
        "period_kinds": tuple(Kind),
        "own_kind": version.kind if version else None,
        "working_days_left": pace.days_left,
        "complete": context.complete,
        "computed_at": max((row.computed_at for row in computed), default=None),
        "is_open": pace.is_open,
        "zones": zones(version) if version else Zones(),
    }


def sync(portal_id: int) -> SyncState:
    """How far the portal has been read."""
    status = ingest.status(portal_id)
    entities = tuple(
        SyncEntity(
            entity=name,
            rows=one.rows,
            complete=one.complete,
            done=one.done,
            total=one.total,
            synced_at=moment(one.synced_at) if one.synced_at is not None else None,
            error=one.error,
            title=one.title,
        )
        for name, one in status.entities.items()
    )
    return SyncState(
        state=status.state,
        complete=status.complete,
        entities=entities,
        done=sum(one.done for one in entities),
        total=sum(one.total for one in entities),
        lag_seconds=status.lag_seconds,
        pending_events=status.pending_events,
    )


def must_see(viewer: Viewer, subject: Subject, structure: Structure) -> None:
    """Forbidden, or NotFound to those who may see everybody."""
    if not can(viewer, Action.SEE, subject):
        raise Forbidden(_("You may not see these numbers."))
    known = {SubjectType.EMPLOYEE: structure.people, SubjectType.DEPARTMENT: structure.units}.get(subject.type)
    if known is not None and subject.id not in known:
        raise NotFound(_("There is no such person or department in this portal."))


def row(result: ResultRow, sees_money: bool, history: tuple[Point, ...] = (), before: Fraction | None = None) -> Row:
    """A result as a line of a screen; amounts of money only for those who may see them."""
    document, unit = result.indicator, result.unit
    hidden = result.plan.is_money and not sees_money

    def number(value: Fraction | None) -> Number | None:
        return None if value is None or hidden else Number(value, unit, result.currency)

    value, target = result.value, result.target
    few = unit == "count" and target is not None and target < FEW_UNITS
    to_go = share = None
    if value is not None and target is not None and value < target and result.plan.additive:
        to_go = target - value if document.direction == "up" else None
    if target and result.expected is not None and not few:
        share = result.expected / target
    return Row(
        code=document.code,
        name=pick(document.name),
        rule=words.rule(document),
        number=Number(None if hidden else result.value, unit, result.currency),
        target=number(result.target),
        attainment=result.attainment,
        attainment_raw=result.attainment_raw,
        weight=document.weight,
        zone=result.zone,
        direction=document.direction,
        expected_share=share,
        forecast=number(result.forecast),
        needed_per_day=None if few else number(result.needed_per_day),
        to_go=number(to_go),
        at_risk=result.at_risk,
        small_sample=result.small_sample,
        reason=_("Amounts of money are hidden from you.") if hidden else words.no_data(result.no_data_reason, document),
        facts=result.facts,
        capped=not document.steps and result.attainment_raw is not None and result.attainment_raw > document.cap,
        target_people=result.target_people,
        history=() if hidden else history,
        before=number(before),
        change=number(result.forecast - before) if result.forecast is not None and before is not None else None,
        forecast_by=None if hidden else result.forecast_by,
    )


def cell(result: Glance, sees_money: bool, before: Fraction | None) -> Cell:
    """The same as a number among those of many people."""
    unit, currency, hidden = result.unit, result.currency, result.plan.is_money and not sees_money
    target = None if hidden or result.target is None else Number(result.target, unit, currency)
    gained = None if hidden or result.forecast is None or before is None else result.forecast - before
    return Cell(
        code=result.indicator.code,
        name=pick(result.indicator.name),
        number=Number(None if hidden else result.value, unit, currency),
        target=target,
        attainment_raw=result.attainment_raw,
        zone=result.zone,
        facts=result.facts,
        change=None if gained is None else Number(gained, unit, currency),
    )


def _card_rows(context: Context, viewer: Viewer, subject: Subject, sheet: Sheet) -> tuple[Row, ...]:
    sees_money = can(viewer, Action.SEE_MONEY, subject)
    points = _history(context, sheet, subject)
    people = scores.target_people(context, sheet, subject)
    return tuple(
        row(result._replace(target_people=people.get(result.indicator.code)), sees_money, points[result.indicator.code])
        for result in sheet.results
    )


def _history(context: Context, sheet: Sheet, subject: Subject) -> Mapping[str, tuple[Point, ...]]:
    """The stored values of the periods before, oldest first; only of the scorecard's own kind."""
    codes = [one.code for one in sheet.version.indicators]
    earlier: list[Period] = []
    period = sheet.period
    while sheet.is_own_kind and len(earlier) < HISTORY:
        period = previous(period, context.settings)
        earlier.insert(0, period)
    found = scores.known(context.portal_id, sheet.version, (subject,), ([one.start for one in earlier], None))
    return {
        code: tuple(
            Point(one, *found[subject, one.start, code]) for one in earlier if (subject, one.start, code) in found
        )
        for code in codes
    }


def answering(context: Context, period: Period, applies: Callable[[Collection[Subject]], bool]) -> tuple[Version, ...]:
    """The versions that answer for the period and score whom the screen is about."""
    found = [version_for(context, versions, period) for versions in context.shown.values()]
    return tuple(version for version in found if version and applies(context.work(version, period).subjects))


def chosen(context: Context, applying: Collection[Version], code: str | None, period: Period) -> Version | None:
    """The one asked for, else one whose own kind of period is looked at, else any."""
    if code is not None and code not in context.shown:
        raise NotFound(_("There is no scorecard %(code)s.", code=code))
    asked = [version for version in applying if version.code == code]
    own = [version for version in applying if version.kind == period.kind]
    return next(iter([*asked, *own, *applying]), None)


def team_rows(board: Board, structure: Structure) -> dict[Subject, TeamRow]:
    """Everybody with their score, still without a cell."""
    return {score.subject: _team_row(score, score.subject in board.at_risk, structure) for score in board.scores}


def _team_row(score: ScoreRow, at_risk: bool, structure: Structure) -> TeamRow:
    person = structure.people.get(score.subject.id) if score.subject.type is SubjectType.EMPLOYEE else None
    return TeamRow(
        subject=score.subject,
        name=score.subject_name,
        photo_url=person.photo_url if person else None,
        score=score.score,
        zone=score.zone,
        rank=score.rank,
        preliminary=score.preliminary,
        at_risk=at_risk,
        cells=(),
    )


def _before(context: Context, board: Board, subjects: Sequence[Subject]) -> Before:
    """How things stood in the period before; nothing where the period is not one that is stored."""
    if not board.is_own_kind:
        return {}
    earlier = previous(board.period, context.settings).start
    found = scores.known(context.portal_id, board.version, subjects, ((earlier,), None))
    return {(subject, code): value for (subject, _start, code), (value, _target) in found.items()}


def with_cells(
    viewer: Viewer, board: Board | None, rows: Sequence[TeamRow], before: Before, whole: Subject | None
) -> dict[Subject, TeamRow]:
    """The rows that are looked at, each with its numbers, and how these stand to the period before; in full those of
    the `whole`."""
    if board is None:
        return {}
    cells: dict[Subject, list[Row | Cell]] = defaultdict(list)
    sees_money = {one.subject: can(viewer, Action.SEE_MONEY, one.subject) for one in rows}
    for glance in board.glances([one.subject for one in rows if one.subject != whole]):
        earlier = before.get((glance.subject, glance.indicator.code))
        cells[glance.subject].append(cell(glance, sees_money[glance.subject], earlier))
    for result in board.results([whole] if whole in sees_money else ()):
        earlier = before.get((result.subject, result.indicator.code))
        cells[result.subject].append(row(result, sees_money[result.subject], before=earlier))
    return {one.subject: one._replace(cells=tuple(cells[one.subject])) for one in rows}


def _people(viewer: Viewer, department_id: int | None, structure: Structure) -> frozenset[Subject]:
    ids: Iterable[int] = structure.people if department_id is None else structure.members(department_id)
    return frozenset(subject for subject in map(employee, ids) if can(viewer, Action.SEE, subject))


def visible_departments(viewer: Viewer, structure: Structure) -> frozenset[int]:
    units = structure.units.values()
    return frozenset(unit.id for unit in units if unit.active and can(viewer, Action.SEE, department(unit.id)))


def tops(structure: Structure, visible: Collection[int]) -> list[int]:
    """The visible departments that lie in no other visible one."""
    above = [structure.units[id] for id in visible if structure.units[id].parent_id not in visible]
    return [unit.id for unit in sorted(above, key=lambda unit: (unit.sort, unit.id))]


def compared(structure: Structure, visible: Collection[int], department_id: int | None) -> list[int]:
    """The departments to hold side by side: those right below the chosen one, or the topmost."""
    above = tops(structure, visible) if department_id is None else [department_id]
    if len(above) > 1:
        return above
    return [id for top in above for id in structure.children(top) if id in visible]


def _whole(viewer: Viewer, structure: Structure, visible: Collection[int], department_id: int | None) -> Subject | None:
    if department_id is not None:
        return department(department_id)
    if can(viewer, Action.SEE, COMPANY):
        return COMPANY
    above = tops(structure, visible)
    return department(above[0]) if len(above) == 1 else None


def tree(structure: Structure, visible: Collection[int]) -> list[tuple[int, str, int]]:
    """(id, name, depth), parents before their children."""
    found: list[tuple[int, str, int]] = []
    waiting = [(id, 0) for id in reversed(tops(structure, visible))]
    while waiting:
        id, depth = waiting.pop()
        found.append((id, structure.units[id].name, depth))
        waiting.extend((child, depth + 1) for child in reversed(structure.children(id)) if child in visible)
    return found


def indicators(version: Version | None) -> tuple[tuple[str, str, str], ...]:
    known = version.indicators if version else ()
    return tuple((one.code, pick(one.document.name), one.plan.unit.value) for one in known)
