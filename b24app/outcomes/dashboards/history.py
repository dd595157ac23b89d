"""What is held fast and what moved: the lock of a period, records that changed after it, and the journal of a number.

Titles are shown of records that count for somebody the viewer may see; of others only that there are such.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from b24app.facts import titles
from b24app.facts.titles import Titled
from b24app.lib.clock import moment
from b24app.lib.errors import Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.outcomes.dashboards import queries, words
from b24app.outcomes.dashboards.explain import PAGE, ask
from b24app.outcomes.dashboards.panel import ChangeRow, Changes, Held, LateRecords, LateRow, Question, RecordLink
from b24app.outcomes.dashboards.rules import Card, Company, Number, Team
from b24app.periods.rules import Period, inside
from b24app.portal.rules import COMPANY, Action, Structure, Subject, Viewer, can, employee
from b24app.scorecards.rules import Record
from b24app.scores import history as journal
from b24app.scores import late
from b24app.scores.context import Context
from b24app.scores.history import Change
from b24app.scores.rows import name_of
from b24app.scores.rules import NOBODY


def held(viewer: Viewer, shown: Card | Team | Company, context: Context) -> Held:
    """Whether the period of a page is locked, by whom, what has changed since, and whether the viewer may do so."""
    if shown.scorecard_code is None or shown.own_kind is None:
        return Held()
    code, subjects = shown.scorecard_code, _whose(shown)
    lock = context.lock(code, shown.period)
    rules = can(viewer, Action.ADMINISTER, COMPANY)
    if lock is None:
        is_own = shown.period.kind == shown.own_kind
        return Held(
            differs=() if is_own else _differing(context, shown, code, subjects),
            may_lock=rules and is_own and not shown.is_open and context.complete,
        )
    return Held(
        at=moment(lock.at),
        by=who(lock.by, context.structure()),
        late=late.how_many(viewer.portal_id, code, lock.start, subjects),
        subject=subjects[0] if len(subjects) == 1 else None,
        may_unlock=rules,
    )


def _whose(shown: Card | Team | Company) -> Sequence[Subject]:
    if isinstance(shown, Card):
        return (shown.subject,)
    if isinstance(shown, Company):
        return (COMPANY,)
    return (shown.total.subject,) if shown.total else shown.subjects


def _differing(
    context: Context, shown: Card | Team | Company, code: str, subjects: Sequence[Subject]
) -> tuple[Period, ...]:
    """The locked periods within the one shown whose records changed after the lock: here they count as they are."""
    if shown.own_kind is None:
        return ()
    own = [one for one in inside(shown.period, shown.own_kind, context.settings) if context.lock(code, one)]
    counted = late.counts(context.portal_id, code, [one.start for one in own], subjects)
    starts = {start for found in counted.values() for start in found}
    return tuple(one for one in own if one.start in starts)


def late_records(
    viewer: Viewer, scorecard: str, subject: Subject, period: Period, cursor: str | None, context: Context
) -> LateRecords:
    """The records that changed after the period was locked and would have moved numbers of the subject."""
    queries.must_see(viewer, subject, context.structure())
    lock = context.lock(scorecard, period)
    if lock is None:
        raise NotFound(_("This period is not locked."))
    names = {one.code: pick(one.document.name) for one in context.locked_version(lock).indicators}
    rows = late.listed(
        viewer.portal_id, scorecard, period.start, subject, limit=PAGE + 1, after=_record(cursor) if cursor else None
    )
    page = rows[:PAGE]
    known = titles.titled(viewer.portal_id, [(row.entity, row.id) for row in page])
    visible = [(row, _link(viewer, (row.entity, row.id), known)) for row in page]
    return LateRecords(
        subject=subject,
        subject_name=name_of(subject, context.structure()),
        scorecard_code=scorecard,
        period=period,
        locked_at=moment(lock.at),
        by=who(lock.by, context.structure()),
        rows=tuple(
            LateRow(link, tuple(names[code] for code in row.indicators if code in names), row.at)
            for row, link in visible
        ),
        next_cursor=f"{page[-1].entity}:{page[-1].id}" if len(rows) > PAGE else None,
    )


def changes(viewer: Viewer, question: Question, context: Context) -> Changes:
    """What moved a number, the latest first; nothing for a period that is not the scorecard's own."""
    asked = ask(viewer, question, context)
    result, is_kept = asked.result, asked.sheet.is_own_kind
    rows = _moves(question, viewer.portal_id) if is_kept else ()
    page = rows[:PAGE]
    known = titles.titled(viewer.portal_id, [record for row in page for record in row.records])
    is_hidden = result.plan.is_money and not asked.sees_money

    def number(value: Fraction | None) -> Number:
        return Number(None if is_hidden else value, result.unit, result.currency)

    return Changes(
        **asked.panel,
        row=asked.row,
        changes=tuple(
            ChangeRow(
                at=one.at,
                before=number(one.before),
                after=number(one.after),
                target_before=number(one.target_before),
                target_after=number(one.target_after),
                value_moved=one.before != one.after,
                target_moved=one.target_before != one.target_after,
                cause=words.cause(one.cause),
                by=who(one.actor, context.structure()),
                records=tuple(_link(viewer, record, known) for record in one.records),
                more=max(one.count - len(one.records), 0),
            )
            for one in page
        ),
        is_hidden=is_hidden,
        is_kept=is_kept,
        next_cursor=str(page[-1].id) if len(rows) > PAGE else None,
    )


def _moves(question: Question, portal_id: int) -> tuple[Change, ...]:
    """A page of the journal and one row more, which tells that it goes on."""
    return journal.changes(
        portal_id,
        question.scorecard,
        question.indicator,
        question.subject,
        question.period.start,
        limit=PAGE + 1,
        before=_id(question.cursor) if question.cursor else None,
    )


def _link(viewer: Viewer, record: Record, known: Mapping[Record, Titled]) -> RecordLink:
    """A record by its name; without one when it is of somebody whom the viewer may not see, or not there any more."""
    one = known.get(record)
    if one is None:
        return RecordLink(_("A record that is not known any more") if can(viewer, Action.SEE, COMPANY) else None)
    if not can(viewer, Action.SEE, COMPANY) and not any(can(viewer, Action.SEE, employee(id)) for id in one.owners):
        return RecordLink(None)
    path = None if one.is_deleted else titles.page_of(one.entity)
    return RecordLink(one.title or f"№ {one.id}", path.format(id=one.id) if path else None)


def who(actor: str, structure: Structure) -> str:
    """Whom the audit log means; empty for nobody."""
    kind, _colon, id = actor.partition(":")
    if kind == "user" and id.isdecimal():
        return name_of(employee(int(id)), structure)
    return "" if actor == NOBODY else _("a program")


def _record(cursor: str) -> Record:
    entity, _colon, id = cursor.partition(":")
    return entity, _id(id)


def _id(text: str) -> int:
    if not text.isdecimal():
        raise Invalid(_("This cursor is not one of ours."))
    return int(text)
