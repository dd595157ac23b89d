"""The deal tab: what one deal gives to whom, and what a win would add. The same plans decide as for the numbers.

An open deal is looked at as if it were won now: what its new state would add to every measure of its owner's scorecards
is what the score is computed with.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select

from b24app.facts import details
from b24app.facts.credit.rules import WHOLE, Credit
from b24app.facts.rules import DEAL, MOVE
from b24app.facts.tables import Deal, FieldValue, ProductRow, ProductSection, Term
from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.metrics.measures import SHARE, Aggregate, Measure, Test
from b24app.metrics.rules import FormulaPlan, Part, Plan, Unit
from b24app.outcomes.dashboards import records
from b24app.outcomes.dashboards.figures import percent
from b24app.outcomes.dashboards.records import Record
from b24app.outcomes.dashboards.rules import Number
from b24app.outcomes.dashboards.tabs import DEAL_STATES, DealGives, DealSummary, DealTab
from b24app.periods.rules import Period, local_day, period_at
from b24app.portal.rules import Action, Subject, Viewer, can, employee
from b24app.scorecards.rules import Indicator, Version, in_force
from b24app.scores import evaluation
from b24app.scores.context import Context, Work
from b24app.scores.evaluation import Moved
from b24app.scores.rows import Finding, name_of, score_values

_OWNERS = ("responsible_id", "created_by_id", "closed_by_id")


@dataclass(frozen=True, slots=True)
class _Claim:
    """The deal in one indicator: for whom, and in which scorecard and period."""

    work: Work
    indicator: Indicator
    subject: Subject
    measure: Measure | None
    """What it is looked at for; None where only the stage history knows."""
    part: Record
    """The deal, or what of it counts for them."""


@dataclass(frozen=True, slots=True)
class _Gain:
    """What the deal's coming into another state changes for one person in one scorecard and period."""

    score_now: Fraction | None
    score_after: Fraction | None
    """None where it cannot be told."""
    formulas: Mapping[str, Fraction]
    """By indicator, what is added to the values of formulas."""


NOTHING = _Gain(None, None, {})


def deal(viewer: Viewer, deal_id: int, context: Context) -> DealTab:
    """NotFound without such a deal; Forbidden unless the viewer may see somebody it counts for."""
    stored = db.session.get(Deal, (viewer.portal_id, deal_id))
    if stored is None or stored.deleted_at is not None:
        raise NotFound(_("This deal has not been read from Bitrix24 yet."))
    actual = _record(stored, context.now)
    concerned = {*(actual[name] for name in _OWNERS if actual[name]), *(one.employee_id for one in actual["credits"])}
    if not any(can(viewer, Action.SEE, employee(id)) for id in concerned):
        raise Forbidden(_("This deal counts for people whose numbers you may not see."))
    state = _as_if_won(context, actual) if stored.semantic == "P" else actual
    claims = [claim for claim in _claims(context, state) if can(viewer, Action.SEE, claim.subject)]
    gains = _gains(context, claims, actual, state) if state is not actual else {}
    return DealTab(
        deal=_summary(context, viewer, stored, actual["credits"]),
        gives=tuple(_gives(context, viewer, claim, gains.get(_key(claim), NOTHING)) for claim in claims),
        complete=context.complete,
    )


def _record(stored: Deal, now: datetime) -> Record:
    """A stored deal with all that conditions may ask of it."""
    mine = {"portal_id": stored.portal_id, "entity": DEAL, "record_id": stored.id}
    values = db.session.scalars(select(FieldValue).filter_by(**mine).order_by(FieldValue.field, FieldValue.place))
    rows = db.session.scalars(select(ProductRow).filter_by(**mine).order_by(ProductRow.id)).all()
    sections: dict[int, set[int]] = defaultdict(set)
    query = select(ProductSection).where(
        ProductSection.portal_id == stored.portal_id, ProductSection.product_id.in_({row.product_id for row in rows})
    )
    for one in db.session.scalars(query):
        sections[one.product_id].add(one.section_id)
    return {
        **{column.name: getattr(stored, column.name) for column in Deal.__table__.columns},
        "values": [records.Value(*(getattr(value, name) for name in records.Value.__slots__)) for value in values],
        "rows": [
            records.Row(row.product_id, row.amount, frozenset(sections.get(row.product_id or 0, ()))) for row in rows
        ],
        "credits": details.load_credits(stored.portal_id, [stored.id]).get(stored.id, ()),
        "now": epoch(now),
    }


def _as_if_won(context: Context, actual: Record) -> Record:
    """The deal in the state that winning it at this moment would bring it into."""
    now = epoch(context.now)
    stages = (
        select(Term).where(Term.portal_id == context.portal_id, Term.kind == "stage", Term.active).order_by(Term.sort)
    )
    final = [
        stage.id
        for stage in db.session.scalars(stages)
        if stage.extra.get("semantic") == "S" and stage.extra.get("category_id") == actual["category_id"]
    ]
    earlier = select(func.count()).where(
        Deal.portal_id == context.portal_id,
        Deal.client == actual["client"],
        Deal.semantic == "S",
        Deal.deleted_at.is_(None),
        Deal.is_recurring.is_(False),
    )
    return {
        **actual,
        "semantic": "S",
        "stage_id": next(iter(final), actual["stage_id"]),
        "closed_at": now,
        "closed_by_id": actual["responsible_id"],
        "seconds_to_close": max(now - actual["created_at"], 0),
        "win_no": (db.session.scalar(earlier) or 0) + 1 if actual["client"] else None,
    }


def _claims(context: Context, state: Record) -> Iterator[_Claim]:
    """Every indicator over deals whose scorecard scores the owner the deal has by that indicator's date and owner."""
    if state["is_recurring"]:
        return
    works: dict[tuple[str, object], Work] = {}
    for versions in context.scorecards.values():
        for indicator in versions[-1].indicators:
            for at, owner in _places(_looked_at(indicator, state), state) if _is_of_deals(indicator) else ():
                period = period_at(versions[-1].kind, local_day(at, context.settings), context.settings)
                version = in_force(versions, period.start)
                found = version.indicator(indicator.code) if version else None
                if version is None or found is None:
                    continue
                work = works.setdefault((version.code, period), context.work(version, period))
                if employee(owner) in work.subjects:
                    measure = _looked_at(found, state)
                    part = records.part_of(measure.scan, state, owner) if measure else None
                    yield _Claim(work, found, employee(owner), measure, part or state)


def _is_of_deals(indicator: Indicator) -> bool:
    return any(measure.scan.entity in (DEAL, MOVE) for measure in indicator.plan.measures)


def _looked_at(indicator: Indicator, state: Record) -> Measure | None:
    """What a deal is asked about: whether it is in the numerator, or, where that is not of deals, in the other.

    Of a formula it is that of an operand that counts the deal, if there is one.
    """
    found = [
        measure
        for leaf in indicator.plan.leaves
        if (measure := next((one for one in leaf.measures if one.scan.entity == DEAL), None))
    ]
    counting = (one for one in found if records.why_not(one, records.parts(one.scan, state)[0]) is None)
    return next(counting, next(iter(found), None))


def _places(measure: Measure | None, state: Record) -> Iterator[tuple[int, int]]:
    """When and for whom the deal counts; a stage is entered now by whoever has the deal."""
    if measure is None:
        found = [(state["now"], state["responsible_id"])]
    else:
        at = records.moment(measure.scan, state)
        found = [(at, records.owner(measure.scan, part)) for part in records.parts(measure.scan, state)]
    return ((at, owner) for at, owner in found if at is not None and owner is not None)


Key = tuple[str, object, Subject]


def _key(claim: _Claim) -> Key:
    return claim.work.version.code, claim.work.period, claim.subject


def _gains(context: Context, claims: Iterable[_Claim], actual: Record, state: Record) -> dict[Key, _Gain]:
    """What everybody concerned has now, and after the deal has come into the other state."""
    works = {_key(claim): replace(claim.work, subjects=frozenset({claim.subject})) for claim in claims}
    now = evaluation.evaluate(context, works.values())
    after = evaluation.evaluate(context, works.values(), _in_state(context, actual, state))
    return {key: _gain(context, work, _of(now, work), _of(after, work), actual, state) for key, work in works.items()}


def _of(findings: Iterable[Finding], work: Work) -> list[Finding]:
    wanted = (work.version.id, work.period, work.subjects)
    return [one for one in findings if (one.version.id, one.period, frozenset({one.subject})) == wanted]


def _gain(
    context: Context, work: Work, now: Sequence[Finding], after: Sequence[Finding], actual: Record, state: Record
) -> _Gain:
    (subject,) = work.subjects
    untold = {
        one.indicator.code
        for one in now
        if any(_is_untold(context, leaf, work.period, subject, actual, state) for leaf in one.indicator.plan.leaves)
    }
    return _Gain(
        score_now=score_values(work.version, now)[subject].score,
        score_after=None if untold else score_values(work.version, after)[subject].score,
        formulas={
            old.indicator.code: new.value - (old.value or 0)
            for old, new in zip(now, after, strict=True)
            if isinstance(old.indicator.plan, FormulaPlan)
            and new.value is not None
            and old.indicator.code not in untold
        },
    )


def _in_state(context: Context, actual: Record, state: Record) -> Moved:
    """Makes of what was counted what will be once the deal has moved from one state to the other."""

    def moved(plan: Plan, period: Period, subject: Subject, part: Part) -> Part:
        def change(measure: Measure, adds: Callable[[Measure, Record], int]) -> int:
            if measure.scan.entity != DEAL:
                return 0
            before, then = (
                adds(measure, held) if (held := _counted(context, measure, period, subject, one)) else 0
                for one in (actual, state)
            )
            return then - before

        shared = plan.denominator is not None and plan.denominator.scan == plan.numerator.scan
        numbers = {measure: change(measure, _number_in) for measure in plan.measures}
        facts = sum(change(measure, _one_fact) for measure in (plan.below if shared else plan.measures))
        if plan.numerator.aggregate is Aggregate.MEDIAN or not (facts or any(numbers.values())):
            return part
        below = sum(numbers[measure] for measure in plan.below)
        return part._replace(
            numerator=(part.numerator or 0) + (plan.balance(numbers[plan.numerator], 0) or 0),
            denominator=(part.denominator or 0) + below if plan.denominator else None,
            facts=part.facts + facts,
        )

    return moved


def _counted(context: Context, measure: Measure, period: Period, subject: Subject, record: Record) -> Record | None:
    """What of a deal in this state is among the facts of the subject and period."""
    at, part = records.moment(measure.scan, record), records.part_of(measure.scan, record, subject.id)
    if at is None or part is None or local_day(at, context.settings) not in period:
        return None
    counts = records.holds(measure.where, part) and records.number(measure, part) is not None
    return part if counts else None


def _number_in(measure: Measure, record: Record) -> int:
    return records.number(measure, record) or 0


def _one_fact(measure: Measure, record: Record) -> int:
    return 1


def _is_untold(context: Context, plan: Plan, period: Period, subject: Subject, actual: Record, state: Record) -> bool:
    """Whether what the new state brings cannot be told: only the stage history knows if a stage was entered before, and
    a median rests on every other deal."""
    if plan.numerator.aggregate is Aggregate.MEDIAN:
        return any(_counted(context, plan.numerator, period, subject, one) for one in (actual, state))
    if actual["stage_id"] == state["stage_id"]:
        return False
    entering = (
        test
        for measure in plan.measures
        if measure.scan.entity == MOVE
        for test in measure.where.tests
        if isinstance(test, Test) and test.field == "entered_stage_id"
    )
    return any(state["stage_id"] in test.values for test in entering)


def _gives(context: Context, viewer: Viewer, claim: _Claim, gain: _Gain) -> DealGives:
    version: Version = claim.work.version
    if claim.measure is None:
        reason: str | None = _("Counted by the history of stages: this page cannot tell.")
    else:
        reason = records.why_not(claim.measure, claim.part)
    return DealGives(
        scorecard_code=version.code,
        scorecard_name=pick(version.document.name),
        indicator_code=claim.indicator.code,
        indicator_name=pick(claim.indicator.document.name),
        employee=claim.subject,
        employee_name=name_of(claim.subject, context.structure()),
        period=claim.work.period,
        counted=reason is None,
        number=None if reason else _number(context, viewer, claim, gain),
        reason=reason,
        score_now=gain.score_now,
        score_after=gain.score_after,
    )


def _number(context: Context, viewer: Viewer, claim: _Claim, gain: _Gain) -> Number | None:
    """What goes into the count, the sum or the mean, or changes in a formula; money only for those who may see it."""
    plan, measure = claim.indicator.plan, claim.measure
    if plan.is_money and not can(viewer, Action.SEE_MONEY, claim.subject):
        return None
    if isinstance(plan, FormulaPlan):
        return Number(gain.formulas.get(claim.indicator.code), plan.unit)
    if measure is None or measure.field is None:
        return Number(Fraction(1), Unit.COUNT)
    value = records.number(measure, claim.part) or 0
    if measure.field == SHARE:
        return Number(Fraction(value, measure.scale), Unit.NUMBER)
    return Number(Fraction(value, measure.scale), plan.unit, context.currency if plan.unit is Unit.MONEY else None)


def _summary(context: Context, viewer: Viewer, stored: Deal, credits: Sequence[Credit]) -> DealSummary:
    structure = context.structure()
    owner = stored.closed_by_id or stored.responsible_id
    stage = db.session.get(Term, (context.portal_id, "stage", stored.stage_id))
    amount = Fraction(stored.amount, 100) if stored.amount is not None and viewer.sees_money else None
    return DealSummary(
        id=stored.id,
        title=stored.title,
        state=DEAL_STATES[stored.semantic],
        amount=Number(amount, Unit.MONEY, context.currency),
        stage=stage.name if stage else stored.stage_id,
        owner_name=name_of(employee(owner), structure) if owner else "",
        closed_at=moment(stored.closed_at) if stored.closed_at is not None else None,
        shares=", ".join(
            f"{name_of(employee(one.employee_id), structure)} {percent(Fraction(100 * one.share, WHOLE), 4)}"
            for one in credits
        ),
    )
