"""What the screens show: a person's card, a team, the state of sync. Each costs a handful of statements.

Whether the viewer may see a subject is asked of `portal.rules.can` here, never in a template.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from b24app.ingest import queries as ingest
from b24app.lib.clock import moment
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.outcomes.dashboards import words
from b24app.outcomes.dashboards.deals import deal as deal
from b24app.outcomes.dashboards.rules import Card, Number, Point, Row, SyncEntity, SyncState, Team, TeamRow
from b24app.periods.rules import REGULAR, Period, following, previous
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
from b24app.scores.evaluation import Context, version_for
from b24app.scores.queries import Sheet
from b24app.scores.rows import name_of, zones
from b24app.scores.rules import ResultRow, ScoreRow, Zones

HISTORY = 6
FEW_UNITS = 5
"""A target of fewer units has no pace: it is shown as what is left to go (semantics 10)."""


def card(viewer: Viewer, subject: Subject, scorecard: str | None, period: Period, now: datetime) -> Card:
    """One subject in one scorecard (without one: the first that applies) and period."""
    context = Context(viewer.portal_id, now)
    structure = context.structure()
    must_see(viewer, subject, structure)
    applying = _answering(context, period, lambda subjects: subject in subjects)
    version = _chosen(context, applying, scorecard, period)
    sheet = scores.sheets(context, period, version.code, (subject,))[0] if version else None
    score = next((row for row in sheet.scores if row.subject == subject), None) if sheet else None
    rows = _card_rows(context, viewer, subject, sheet) if sheet else ()
    pace = scores.pace(context, period, subject)
    person = structure.people.get(subject.id) if subject.type is SubjectType.EMPLOYEE else None
    return Card(
        subject=subject,
        subject_name=name_of(subject, structure),
        photo_url=person.photo_url if person else None,
        scorecard_code=version.code if version else None,
        scorecard_name=pick(version.document.name) if version else "",
        scorecards=_names(applying),
        period=period,
        previous=previous(period, context.settings),
        following=_next(context, period),
        period_kinds=REGULAR,
        own_kind=version.kind if version else None,
        score=score.score if score else None,
        zone=score.zone if score else "none",
        rank=score.rank if score else None,
        ranked=score.ranked if score else 0,
        preliminary=score.preliminary if score else False,
        rows=rows,
        working_days_left=pace.days_left,
        complete=context.complete,
        computed_at=_computed_at(sheet),
        is_open=pace.is_open,
        headline=max(
            (row for row in rows if row.to_go and row.needed_per_day), key=lambda row: row.weight, default=None
        ),
        zones=zones(version) if version else Zones(),
    )


def team(viewer: Viewer, department_id: int | None, scorecard: str | None, period: Period, now: datetime) -> Team:
    """The people of a department (None: everybody the viewer may see), its departments, and their total."""
    context = Context(viewer.portal_id, now)
    structure = context.structure()
    visible = _visible_departments(viewer, structure)
    if not viewer.is_admin and not visible:
        raise Forbidden(_("This page is for heads of departments and administrators."))
    if department_id is not None:
        must_see(viewer, department(department_id), structure)
    then = context.structure(period)
    people = _people(viewer, department_id, then)
    below = [department(id) for id in _compared(structure, visible, department_id)]
    whole = _whole(viewer, structure, visible, department_id)
    shown = {*people, *below, *([whole] if whole else [])}
    applying = _answering(context, period, lambda subjects: not people.isdisjoint(subjects))
    version = _chosen(context, applying, scorecard, period)
    sheet = scores.sheets(context, period, version.code, shown)[0] if version else None
    rows = _team_rows(viewer, sheet, shown, structure) if sheet else {}
    pace = scores.pace(context, period)
    return Team(
        department=department_id,
        department_name=name_of(whole, structure) if whole else _("Everybody"),
        departments=tuple(_tree(structure, visible)),
        scorecard_code=version.code if version else None,
        scorecard_name=pick(version.document.name) if version else "",
        scorecards=_names(applying),
        period=period,
        previous=previous(period, context.settings),
        following=_next(context, period),
        period_kinds=REGULAR,
        own_kind=version.kind if version else None,
        indicators=_indicators(version),
        people=tuple(sorted((rows[one] for one in people if one in rows), key=_by_need)),
        departments_rows=tuple(rows[one] for one in below if one in rows),
        total=rows.get(whole) if whole else None,
        ranked=max((row.ranked for row in sheet.scores if row.subject in people), default=0) if sheet else 0,
        working_days_left=pace.days_left,
        complete=context.complete,
        computed_at=_computed_at(sheet),
        is_open=pace.is_open,
        zones=zones(version) if version else Zones(),
    )


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


def row(result: ResultRow, sees_money: bool, history: tuple[Point, ...] = ()) -> Row:
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
    )


def _card_rows(context: Context, viewer: Viewer, subject: Subject, sheet: Sheet) -> tuple[Row, ...]:
    sees_money = can(viewer, Action.SEE_MONEY, subject)
    points = _history(context, sheet, subject)
    people = scores.target_people(context, sheet, subject)
    return tuple(
        row(replace(result, target_people=people.get(result.indicator.code)), sees_money, points[result.indicator.code])
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
    starts = [one.start for one in earlier]
    found = scores.history(context.portal_id, sheet.version, subject, starts) if starts else {}
    return {
        code: tuple(Point(one, *found[code, one.start]) for one in earlier if (code, one.start) in found)
        for code in codes
    }


def _answering(context: Context, period: Period, applies: Callable[[Collection[Subject]], bool]) -> tuple[Version, ...]:
    """The versions that answer for the period and score whom the screen is about."""
    found = [version_for(context, versions, period) for versions in context.shown.values()]
    return tuple(version for version in found if version and applies(context.work(version, period).subjects))


def _chosen(context: Context, applying: Collection[Version], code: str | None, period: Period) -> Version | None:
    """The one asked for, else one whose own kind of period is looked at, else any."""
    if code is not None and code not in context.shown:
        raise NotFound(_("There is no scorecard %(code)s.", code=code))
    asked = [version for version in applying if version.code == code]
    own = [version for version in applying if version.kind == period.kind]
    return next(iter([*asked, *own, *applying]), None)


def _team_rows(
    viewer: Viewer, sheet: Sheet, shown: Collection[Subject], structure: Structure
) -> dict[Subject, TeamRow]:
    cells: dict[Subject, list[Row]] = {}
    for result in sheet.results:
        sees_money = can(viewer, Action.SEE_MONEY, result.subject)
        cells.setdefault(result.subject, []).append(row(result, sees_money))
    return {
        score.subject: _team_row(score, tuple(cells.get(score.subject, ())), structure)
        for score in sheet.scores
        if score.subject in shown
    }


def _team_row(score: ScoreRow, cells: tuple[Row, ...], structure: Structure) -> TeamRow:
    person = structure.people.get(score.subject.id) if score.subject.type is SubjectType.EMPLOYEE else None
    return TeamRow(
        subject=score.subject,
        name=score.subject_name,
        photo_url=person.photo_url if person else None,
        score=score.score,
        zone=score.zone,
        rank=score.rank,
        preliminary=score.preliminary,
        at_risk=any(cell.at_risk for cell in cells),
        cells=cells,
    )


def _by_need(one: TeamRow) -> tuple[bool, bool, Fraction, str]:
    return not one.at_risk, one.score is None, one.score or Fraction(0), one.name


def _people(viewer: Viewer, department_id: int | None, structure: Structure) -> frozenset[Subject]:
    ids: Iterable[int] = structure.people if department_id is None else structure.members(department_id)
    return frozenset(subject for subject in map(employee, ids) if can(viewer, Action.SEE, subject))


def _visible_departments(viewer: Viewer, structure: Structure) -> frozenset[int]:
    units = structure.units.values()
    return frozenset(unit.id for unit in units if unit.active and can(viewer, Action.SEE, department(unit.id)))


def _tops(structure: Structure, visible: Collection[int]) -> list[int]:
    """The visible departments that lie in no other visible one."""
    tops = [structure.units[id] for id in visible if structure.units[id].parent_id not in visible]
    return [unit.id for unit in sorted(tops, key=lambda unit: (unit.sort, unit.id))]


def _compared(structure: Structure, visible: Collection[int], department_id: int | None) -> list[int]:
    """The departments to hold side by side: those right below the chosen one, or the topmost."""
    tops = _tops(structure, visible) if department_id is None else [department_id]
    if len(tops) > 1:
        return tops
    return [id for top in tops for id in structure.children(top) if id in visible]


def _whole(viewer: Viewer, structure: Structure, visible: Collection[int], department_id: int | None) -> Subject | None:
    if department_id is not None:
        return department(department_id)
    if can(viewer, Action.SEE, COMPANY):
        return COMPANY
    tops = _tops(structure, visible)
    return department(tops[0]) if len(tops) == 1 else None


def _tree(structure: Structure, visible: Collection[int]) -> list[tuple[int, str, int]]:
    """(id, name, depth), parents before their children."""
    found: list[tuple[int, str, int]] = []
    waiting = [(id, 0) for id in reversed(_tops(structure, visible))]
    while waiting:
        id, depth = waiting.pop()
        found.append((id, structure.units[id].name, depth))
        waiting.extend((child, depth + 1) for child in reversed(structure.children(id)) if child in visible)
    return found


def _indicators(version: Version | None) -> tuple[tuple[str, str, str], ...]:
    indicators = version.indicators if version else ()
    return tuple((one.code, pick(one.document.name), one.plan.unit.value) for one in indicators)


def _names(versions: Iterable[Version]) -> tuple[tuple[str, str], ...]:
    return tuple((version.code, pick(version.document.name)) for version in versions)


def _next(context: Context, period: Period) -> Period | None:
    after = following(period, context.settings)
    return after if after.start <= context.today else None


def _computed_at(sheet: Sheet | None) -> datetime | None:
    return max((result.computed_at for result in sheet.results), default=None) if sheet else None
