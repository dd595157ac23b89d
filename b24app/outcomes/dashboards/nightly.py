"""What an administrator is told of the latest nightly check: how much was compared, and what was put right."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from b24app.lib.i18n import pick
from b24app.outcomes.dashboards.rules import Number
from b24app.periods.rules import Period, period_at
from b24app.portal.rules import COMPANY, Action, Subject, Viewer, can
from b24app.scores import nightly
from b24app.scores.context import Context, version_for
from b24app.scores.nightly import Repair
from b24app.scores.rows import name_of


@dataclass(frozen=True, slots=True)
class RepairRow:
    """One number that was put right."""

    subject: Subject
    subject_name: str
    scorecard_code: str
    scorecard_name: str
    indicator: str
    indicator_name: str
    period: Period
    before: Number
    after: Number


@dataclass(frozen=True, slots=True)
class Night:
    """The latest nightly check."""

    at: datetime
    compared: int
    repaired: int
    rows: tuple[RepairRow, ...] = ()


def night(viewer: Viewer, context: Context, *, rows: bool = False) -> Night | None:
    """None before the first one, and for whoever is no administrator."""
    if not can(viewer, Action.ADMINISTER, COMPANY):
        return None
    check = nightly.latest(viewer.portal_id)
    if check is None:
        return None
    listed = [made for one in check.repairs if (made := _row(context, viewer, one))] if rows else []
    return Night(check.at, check.compared, check.repaired, tuple(listed))


def _row(context: Context, viewer: Viewer, one: Repair) -> RepairRow | None:
    """None of an indicator that is there no more."""
    versions = context.shown.get(one.scorecard)
    period = period_at(versions[-1].kind, one.start, context.settings) if versions else None
    version = version_for(context, versions, period) if versions and period else None
    indicator = version.indicator(one.indicator) if version else None
    if version is None or indicator is None or period is None:
        return None
    plan, currency = indicator.plan, context.currency if indicator.plan.unit == "money" else None
    hidden = plan.is_money and not viewer.sees_money

    def number(value: Fraction | None) -> Number:
        return Number(None if hidden else value, plan.unit, currency)

    return RepairRow(
        subject=one.subject,
        subject_name=name_of(one.subject, context.structure()),
        scorecard_code=one.scorecard,
        scorecard_name=pick(version.document.name),
        indicator=one.indicator,
        indicator_name=pick(indicator.document.name),
        period=period,
        before=number(one.before),
        after=number(one.after),
    )
