"""The deal tab: what one deal gives to whom, and what a win would add. The same plans decide as for the numbers.

An open deal is looked at as if it were won now: what its new state would add to every measure of its owner's scorecards
is what the score is computed with.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from b24app.facts.tables import Deal, Term
from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.metrics.rules import Aggregate, Measure, Unit
from b24app.outcomes.dashboards import records
from b24app.outcomes.dashboards.records import Record
from b24app.outcomes.dashboards.rules import DEAL_STATES, DealGives, DealSummary, DealTab, Number
from b24app.periods.rules import local_day, period_at
from b24app.portal.rules import Action, Subject, Viewer, can, employee
from b24app.scorecards.rules import Indicator, Version, in_force
from b24app.scores import evaluation
from b24app.scores.evaluation import Context, Work
from b24app.scores.rows import Finding, name_of, score_values

_OWNERS = ("responsible_id", "created_by_id", "closed_by_id")


@dataclass(frozen=True, slots=True)
class _Claim:
    """The deal in one indicator: for whom, and in which scorecard and period."""

    work: Work
    indicator: Indicator
    subject: Subject


def deal(viewer: Viewer, deal_id: int, now: datetime) -> DealTab:
    """NotFound without such a deal; Forbidden unless the viewer may see somebody it counts for."""
    stored = db.session.get(Deal, (viewer.portal_id, deal_id))
    if stored is None or stored.deleted_at is not None:
        raise NotFound(_("This deal has not been read from Bitrix24 yet."))
    actual: Record = {column.name: getattr(stored, column.name) for column in Deal.__table__.columns}
    if not any(can(viewer, Action.SEE, employee(actual[name])) for name in _OWNERS if actual[name]):
        raise Forbidden(_("This deal counts for people whose numbers you may not see."))
    context = Context(viewer.portal_id, now)
    state = _as_if_won(context, actual) if stored.semantic == "P" else actual
    claims = [claim for claim in _claims(context, state) if can(viewer, Action.SEE, claim.subject)]
    scores = _scores(context, claims, actual, state) if state is not actual else {}
    return DealTab(
        deal=_summary(context, viewer, stored),
        gives=tuple(_gives(context, viewer, claim, state, scores) for claim in claims),
        complete=context.complete,
    )


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
            scan = indicator.plan.numerator.scan
            at, owner = (state[f"{scan.date}_at"], state[f"{scan.owner}_id"]) if scan.entity == "deal" else (None, None)
            if at is None or owner is None:
                continue
            period = period_at(versions[-1].kind, local_day(at, context.settings), context.settings)
            version = in_force(versions, period.start)
            found = version.indicator(indicator.code) if version else None
            if version is None or found is None:
                continue
            work = works.setdefault((version.code, period), context.work(version, period))
            if employee(owner) in work.subjects:
                yield _Claim(work, found, employee(owner))


Key = tuple[str, object, Subject]


def _key(claim: _Claim) -> Key:
    return claim.work.version.code, claim.work.period, claim.subject


def _scores(
    context: Context, claims: Iterable[_Claim], actual: Record, state: Record
) -> dict[Key, tuple[Fraction | None, Fraction | None]]:
    """The score of everybody concerned now, and after the deal has come into the other state."""
    works = {_key(claim): replace(claim.work, subjects=frozenset({claim.subject})) for claim in claims}
    findings = evaluation.evaluate(context, works.values())
    found = {}
    for key, work in works.items():
        version, period, subject = work.version, work.period, key[2]
        mine = [one for one in findings if (one.version.id, one.period, one.subject) == (version.id, period, subject)]
        after = [_moved(context, one, actual, state) for one in mine]
        found[key] = score_values(version, mine)[subject].score, score_values(version, after)[subject].score
    return found


def _moved(context: Context, finding: Finding, actual: Record, state: Record) -> Finding:
    """The finding once the deal has moved from one state to the other."""

    def change(measure: Measure | None) -> int:
        if measure is None or measure.scan.entity != "deal":
            return 0
        return _adds(context, measure, finding, state) - _adds(context, measure, finding, actual)

    top, bottom = change(finding.indicator.plan.numerator), change(finding.indicator.plan.denominator)
    if not top and not bottom:
        return finding
    denominator = (finding.denominator or 0) + bottom if finding.indicator.plan.denominator else None
    return replace(finding, numerator=(finding.numerator or 0) + top, denominator=denominator, reason=None)


def _adds(context: Context, measure: Measure, finding: Finding, record: Record) -> int:
    """What a deal in this state is in a count or sum of the finding's subject and period."""
    at, owner = record[f"{measure.scan.date}_at"], record[f"{measure.scan.owner}_id"]
    if at is None or owner != finding.subject.id or local_day(at, context.settings) not in finding.period:
        return 0
    if not records.holds(measure.where, record):
        return 0
    return 1 if measure.aggregate is Aggregate.COUNT else record[measure.field or ""] or 0


def _gives(
    context: Context,
    viewer: Viewer,
    claim: _Claim,
    state: Record,
    scores: Mapping[Key, tuple[Fraction | None, Fraction | None]],
) -> DealGives:
    version: Version = claim.work.version
    score_now, score_after = scores.get(_key(claim), (None, None))
    reason = records.why_not(claim.indicator.plan.numerator, state)
    return DealGives(
        scorecard_code=version.code,
        scorecard_name=pick(version.document.name),
        indicator_code=claim.indicator.code,
        indicator_name=pick(claim.indicator.document.name),
        employee=claim.subject,
        employee_name=name_of(claim.subject, context.structure()),
        period=claim.work.period,
        counted=reason is None,
        number=None if reason else _number(context, viewer, claim, state),
        reason=reason,
        score_now=score_now,
        score_after=score_after,
    )


def _number(context: Context, viewer: Viewer, claim: _Claim, state: Record) -> Number | None:
    """What goes into the count, the sum or the mean; money only for those who may see it."""
    plan = claim.indicator.plan
    if plan.numerator.field is None:
        return Number(Fraction(1), Unit.COUNT)
    if plan.unit is Unit.MONEY and not can(viewer, Action.SEE_MONEY, claim.subject):
        return None
    value: Any = state[plan.numerator.field]
    return Number(
        Fraction(value, plan.numerator.scale), plan.unit, context.currency if plan.unit is Unit.MONEY else None
    )


def _summary(context: Context, viewer: Viewer, stored: Deal) -> DealSummary:
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
    )
