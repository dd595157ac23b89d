"""Rules and reasons as sentences say them, in the current language. Numbers are in figures.py."""

from b24app.lib import i18n
from b24app.lib.i18n import gettext as _
from b24app.metrics.catalogue import CATALOGUE, REASONS
from b24app.scorecards.documents import IndicatorDocument


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
        case _:
            return _("No records in this period.")


def not_counted(reason: str) -> str:
    """Why a record was not counted."""
    return i18n.pick(REASONS[reason]) if reason in REASONS else reason


def rule(document: IndicatorDocument) -> str:
    """What the indicator counts."""
    ready = CATALOGUE.get(document.metric)
    return i18n.pick(ready.rule) if ready else ""
