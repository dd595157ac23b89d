"""A number taken apart: the rule, the arithmetic, and the records it was made of or that nearly counted (semantics 13).

The records come from the same plan as the number, so re-applying the arithmetic to them gives the number again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from b24app.facts.rules import DEAL
from b24app.facts.titles import page_of
from b24app.lib.clock import epoch, moment
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import ngettext
from b24app.metrics import queries as metrics
from b24app.metrics.queries import FactPage, FactRow
from b24app.metrics.rules import FormulaPlan, Unit
from b24app.outcomes.dashboards import queries, words
from b24app.outcomes.dashboards.figures import figure, percent, plain
from b24app.outcomes.dashboards.panel import NotCounted, Question, Why, WhyFact, WhyOperand, WhyShare
from b24app.outcomes.dashboards.rules import Number, Row
from b24app.periods.rules import span
from b24app.portal.rules import COMPANY, Action, Structure, Viewer, can
from b24app.scores import behind
from b24app.scores import queries as scores
from b24app.scores.context import Context
from b24app.scores.pace import ForecastBy
from b24app.scores.queries import Operand, Sheet
from b24app.scores.rows import curve
from b24app.scores.rules import ResultRow

PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A number that the viewer may see."""

    viewer: Viewer
    question: Question
    context: Context
    sheet: Sheet
    result: ResultRow

    @property
    def sees_money(self) -> bool:
        return can(self.viewer, Action.SEE_MONEY, self.question.subject)

    @property
    def page(self) -> dict[str, Any]:
        """Which page of its records, and of whose."""
        viewer = self.viewer
        visible = None if can(viewer, Action.SEE, COMPANY) else viewer.employees | {viewer.user_id or 0}
        return {"limit": PAGE, "cursor": self.question.cursor, "visible": visible}

    @property
    def row(self) -> Row:
        return queries.row(self.result, self.sees_money)

    @property
    def panel(self) -> dict[str, Any]:
        """What `panel.Panel` has, but for the cursor."""
        return {
            "subject": self.question.subject,
            "subject_name": self.result.subject_name,
            "scorecard_code": self.question.scorecard,
            "period": self.question.period,
        }


def ask(viewer: Viewer, question: Question, context: Context) -> Asked:
    """Forbidden when the viewer may not see it; NotFound when there is no such number."""
    queries.must_see(viewer, question.subject, context.structure())
    for sheet in scores.sheets(context, question.period, question.scorecard, (question.subject,)):
        for result in sheet.results:
            if result.indicator.code == question.indicator:
                return Asked(viewer, question, context, sheet, result)
    raise NotFound(_("This number does not exist in the period."))


def why(viewer: Viewer, question: Question, context: Context) -> Why:
    """What the number is and how it came about, with a page of its records."""
    asked = ask(viewer, question, context)
    result, page = asked.result, behind.facts(context, asked.sheet, asked.result, **asked.page)
    hidden = result.plan.is_money and not asked.sees_money
    operands = scores.operands(context, asked.sheet, question.subject, question.indicator)
    return Why(
        **asked.panel,
        row=asked.row,
        rule=words.rule(result.indicator),
        steps=() if hidden else tuple(_value_steps(result, operands)),
        numerator=None if hidden else _numerator(result),
        denominator=None if hidden or result.denominator is None else Number(result.denominator, Unit.COUNT),
        facts=_facts(asked, page),
        total=page.total,
        hidden=page.hidden,
        next_cursor=page.next_cursor,
        attainment_steps=() if hidden else tuple(_attainment_steps(result)),
        formula=result.indicator.formula,
        operands=tuple(_operand(one, asked.sees_money) for one in operands),
        forecast_step=None if hidden else _forecast_step(result),
        of_lock=page.of_lock if asked.sheet.lock else None,
    )


def not_counted(viewer: Viewer, question: Question, context: Context) -> NotCounted:
    """The records that nearly counted, each with its reason."""
    asked = ask(viewer, question, context)
    members = context.work(asked.sheet.version, question.period).members(question.subject)
    page = metrics.not_counted(
        viewer.portal_id,
        asked.result.plan,
        span(question.period, context.settings),
        members.people,
        now=epoch(context.now),
        departments=members.departments,
        **asked.page,
    )
    return NotCounted(
        **asked.panel,
        row=asked.row,
        facts=_facts(asked, page),
        total=page.total,
        hidden=page.hidden,
        next_cursor=page.next_cursor,
    )


def _facts(asked: Asked, page: FactPage) -> tuple[WhyFact, ...]:
    structure = asked.context.structure()
    currency = asked.context.currency
    return tuple(_fact(one, asked.result, structure, asked.sees_money, currency) for one in page.items)


def _fact(one: FactRow, result: ResultRow, structure: Structure, sees_money: bool, currency: str) -> WhyFact:
    person = structure.people.get(one.employee_id) if one.employee_id is not None else None
    entity, id = one.made_of or (one.entity, one.id)
    path = page_of(entity)
    money_hidden = result.plan.is_money and not sees_money
    is_shared = one.entity == DEAL and any(scan.is_shared for scan in result.plan.scans)
    return WhyFact(
        entity=one.entity,
        id=one.id,
        title=one.title,
        number=None if money_hidden else one.number,
        amount=_fraction(one.amount) if sees_money else None,
        amount_original=_fraction(one.amount_original) if sees_money else None,
        currency=one.currency,
        rate=None if one.rate is None else f"{one.rate:f}",
        date=moment(one.date),
        owner_name=person.name if person else "",
        portal_path=path.format(id=id) if path else None,
        part=one.part,
        reason=words.not_counted(one.reason) if one.reason else None,
        share=_share(one, currency if sees_money else None) if is_shared else None,
    )


def _share(one: FactRow, currency: str | None) -> WhyShare:
    """`currency` None: money is hidden."""
    amount, whole = (
        None if currency is None or value is None else Number(Fraction(value), Unit.MONEY, currency)
        for value in (one.amount, one.amount_whole)
    )
    return WhyShare(100 * one.share, amount, whole)


def _numerator(result: ResultRow) -> Number | None:
    """What a ratio divides: records for a share, the sum of what is averaged for a mean. Others have no sides."""
    if isinstance(result.plan, FormulaPlan) or result.plan.denominator is None or result.numerator is None:
        return None
    if result.plan.unit is not Unit.PERCENT:
        return Number(result.numerator, result.plan.unit, result.currency)
    return Number(result.numerator, Unit.COUNT if result.numerator.denominator == 1 else Unit.NUMBER)


def _operand(one: Operand, sees_money: bool) -> WhyOperand:
    hidden = one.is_money and not sees_money
    return WhyOperand(one.name, None if hidden else Number(one.value, one.unit, one.currency), one.indicator)


def _value_steps(result: ResultRow, operands: Sequence[Operand]) -> Iterator[str]:
    """How the value came about."""
    if result.no_data_reason:
        yield words.no_data(result.no_data_reason, result.indicator) or ""
        if empty := ", ".join(one.name for one in operands if one.value is None):
            yield _("No data: %(names)s.", names=empty)
        return
    if result.value is None:
        return
    told, plan = figure(result.value, result.unit, result.currency, exact=True), result.plan
    if isinstance(plan, FormulaPlan):
        yield f"{plan.formula.source} = {told}"
    elif plan.denominator is not None and result.numerator is not None and result.denominator is not None:
        factor = f"{plain(plan.factor)} × " if plan.factor != 1 else ""
        yield f"{factor}{plain(result.numerator)} ÷ {plain(result.denominator)} = {told}"
    elif plan.shown_as == "median":
        yield ngettext(
            "The middle of %(num)s record is %(value)s.",
            "The middle of %(num)s records is %(value)s.",
            result.facts,
            value=told,
        )
    elif plan.shown_as == "count":
        yield ngettext("%(num)s record in the period counts.", "%(num)s records in the period count.", result.facts)
    else:
        yield ngettext(
            "%(num)s record in the period gives %(value)s.",
            "%(num)s records in the period give %(value)s.",
            result.facts,
            value=told,
        )
    if result.small_sample:
        yield _("Fewer than 10 records: one more may change this number a lot.")


def _attainment_steps(result: ResultRow) -> Iterator[str]:
    """How the value became an attainment, and what that weighs."""
    document, value, target = result.indicator, result.value, result.target
    if value is None:
        return
    if target is None:
        yield _("There is no target, so there is no attainment: the score leaves this indicator out.")
        return
    if result.attainment is None or result.attainment_raw is None:
        yield _("The target says nothing to compare with: the score leaves this indicator out.")
        return
    yield f"{_division(result, value, target)} = {percent(result.attainment_raw, limits=(Fraction(100),))}"
    if document.floor is not None and result.attainment_raw < document.floor:
        yield _("Below %(floor)s nothing counts: 0 %%.", floor=percent(Fraction(document.floor)))
    elif document.steps:
        yield _("By the steps it counts as %(counted)s.", counted=percent(result.attainment))
    elif result.attainment_raw > document.cap:
        yield _("Not more than %(cap)s counts.", cap=percent(Fraction(document.cap)))
    elif result.attainment_raw < 0:
        yield _("A negative attainment counts as zero.")
    points = result.attainment * Fraction(document.weight) / 100
    yield _(
        "%(attainment)s × weight %(weight)s: %(points)s to the score.",
        attainment=percent(result.attainment, limits=(Fraction(100),)),
        weight=percent(Fraction(document.weight)),
        points=plain(points),
    )


def _forecast_step(result: ResultRow) -> str | None:
    """How the value became the forecast (semantics 10)."""
    if result.value is None or result.forecast is None or result.forecast_share is None:
        return None
    numbers = {
        "value": figure(result.value, result.unit, result.currency, exact=True),
        "share": percent(100 * result.forecast_share),
        "forecast": figure(result.forecast, result.unit, result.currency, exact=True),
    }
    if result.forecast_by == ForecastBy.SEASON:
        return _(
            "%(value)s ÷ %(share)s, the mean share reached by this day in the last 12 periods, gives %(forecast)s.",
            **numbers,
        )
    return _("%(value)s ÷ %(share)s, the share of working days gone, gives %(forecast)s.", **numbers)


def _division(result: ResultRow, value: Fraction, target: Fraction) -> str:
    curve_ = curve(result.indicator)
    v, t = plain(value, limits=(target,)), plain(target)
    if curve_.baseline is not None:
        b = plain(curve_.baseline)
        return f"100 × ({v} − {b}) ÷ ({t} − {b})"
    if curve_.direction == "up":
        return f"100 × {v} ÷ {t}"
    return f"100 × {t} ÷ {v}" if value > 0 else _("0 or less is the best there is")


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
