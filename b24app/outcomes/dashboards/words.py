"""Numbers and reasons as sentences say them, in the current language. Pages format their own (web/formats.py)."""

from decimal import Decimal
from fractions import Fraction

from babel import Locale, numbers

from b24app.lib import i18n
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE, REASONS
from b24app.outcomes.dashboards.rules import Number
from b24app.scorecards.documents import IndicatorDocument
from b24app.scores.rules import shown

SPACE = "\N{NO-BREAK SPACE}"


def plain(value: Fraction, limits: tuple[Fraction | None, ...] = ()) -> str:
    """With at most two decimals, and never rounded up to a limit that was not reached."""
    rounded = shown(value, 2, limits)
    exact = Decimal(rounded.numerator) / rounded.denominator
    return numbers.format_decimal(exact, format="#,##0.##", locale=Locale.parse(i18n.language()))


def said(number: Number, limits: tuple[Fraction | None, ...] = ()) -> str:
    """The number with its unit."""
    if number.value is None:
        return "—"
    text = plain(number.value, limits)
    match number.unit:
        case "money":
            return f"{text}{SPACE}{number.currency or ''}".rstrip()
        case "percent":
            return percent(number.value, limits)
        case "days":
            return _("%(number)s d", number=text)
        case "hours":
            return _("%(number)s h", number=text)
        case _:
            return text


def percent(value: Fraction, limits: tuple[Fraction | None, ...] = ()) -> str:
    return f"{plain(value, limits)}{SPACE}%"


def no_data(reason: str | None, document: IndicatorDocument) -> str | None:
    """Why an indicator has no data."""
    match reason:
        case None:
            return None
        case "absent":
            return _("No record of this kind in the period: being absent is not counted as excellent.")
        case "few_facts":
            return _("Fewer than %(count)s records: too few to judge by.", count=document.min_count)
        case "not_synced":
            return _("These records have not been read from Bitrix24 yet.")
        case _:
            return _("No records in this period.")


def not_counted(reason: str) -> str:
    """Why a record was not counted."""
    return i18n.pick(REASONS[reason]) if reason in REASONS else reason


def rule(document: IndicatorDocument) -> str:
    """What the indicator counts."""
    ready = CATALOGUE.get(document.metric)
    return i18n.pick(ready.rule) if ready else ""
