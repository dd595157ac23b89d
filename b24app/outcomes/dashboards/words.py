"""Rules and reasons as sentences say them, in the current language. Numbers are in figures.py."""

from b24app.facts.rules import SHARED
from b24app.lib import i18n
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE, FORMULA, REASONS
from b24app.scorecards.documents import IndicatorDocument
from b24app.scores.rules import CauseKind


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
        case "unavailable":
            return _("Bitrix24 does not tell the app what this rests on: a field, the product rows or the catalogue.")
        case "calls_from_activities":
            return _("Calls are counted from activities, which know no missed ones. Choose telephony in the settings.")
        case "refused":
            return _("Bitrix24 does not tell the app of these records: it lacks the scope or the right to read them.")
        case "not_mapped":
            return _(
                "Nothing says what a request is yet: an administrator sets that in the settings, under Data sources."
            )
        case "empty_operand":
            return _("The formula lacks a number: something it names has no data.")
        case "no_result":
            return _("The formula has no result with these numbers: it divides by zero, or comes to too much.")
        case _:
            return _("No records in this period.")


def not_counted(reason: str) -> str:
    """Why a record was not counted."""
    return i18n.pick(REASONS[reason]) if reason in REASONS else reason


def cause(kind: CauseKind) -> str:
    """What moved a number."""
    return {
        CauseKind.FACT: _("Records changed"),
        CauseKind.ENTRY: _("Entries were added or taken back"),
        CauseKind.CREDIT: _("The credit of a deal was split otherwise"),
        CauseKind.TARGET: _("A target was changed"),
        CauseKind.DEFINITION: _("The scorecard was changed"),
        CauseKind.MEMBERSHIP: _("People joined, moved or left"),
        CauseKind.RATE: _("An exchange rate changed"),
        CauseKind.CALENDAR: _("The calendar of working days changed"),
        CauseKind.SETTING: _("A setting was changed"),
        CauseKind.TIME: _("Time passed, or the hour of calculation came"),
        CauseKind.REPAIR: _("Compared with the records and put right"),
        CauseKind.UNLOCK: _("The period was unlocked"),
    }[kind]


def rule(document: IndicatorDocument) -> str:
    """What the indicator counts."""
    if document.metric == FORMULA.code:
        return _("By the formula: %(formula)s", formula=document.formula)
    ready = CATALOGUE.get(document.metric)
    if ready is None:
        return ""
    told = i18n.pick(ready.rule)
    if document.owner == SHARED:
        told = f"{told} {_('A split deal counts for each of its people by their share.')}"
    return told
