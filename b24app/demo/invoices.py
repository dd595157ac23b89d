"""Smart invoices: one for each won deal, paid some days later; the youngest are not paid yet."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from b24app.demo import history, processes
from b24app.demo.dictionaries import WON
from b24app.demo.fields import Row
from b24app.demo.processes import Process
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _

TYPE, NUMBER = 31, 31
SENT, PAID = "S", "P"
_LONGEST_DAYS = 21


def process(deals: Table, today: date, zone: ZoneInfo, seed: int) -> Process:
    """In the current language."""
    made = processes.process(NUMBER, TYPE, _("Invoices"), stages(), dictionary="SMART_INVOICE_STAGE")
    codes = {code: stage.code for (code, *_rest), stage in zip(stages(), made.stages, strict=True)}
    now = datetime.combine(today, datetime.min.time(), zone)
    won = [deals.rows[id] for id in deals.ids if deals.rows[id]["stageSemanticId"] == WON]
    made.table.load(_invoice(id, deal, codes, made.funnel.id, now, seed) for id, deal in enumerate(won, start=1))
    usual = history.usual(made.table, lambda row: made.semantic(row["stageId"]), codes[SENT])
    return replace(made, moves=history.table(usual))


def stages() -> tuple[tuple[str, str, str | None], ...]:
    return (
        ("N", _("New"), None),
        (SENT, _("Sent to the client"), None),
        (PAID, _("Paid"), "S"),
        ("D", _("Unpaid"), "F"),
    )


def _invoice(id: int, deal: Row, codes: dict[str, str], funnel: int, now: datetime, seed: int) -> Row:
    made: datetime = deal["movedTime"]
    paid = made + timedelta(days=crc32(str(id).encode(), seed) % _LONGEST_DAYS, hours=2)
    is_paid = paid < now
    moved = paid if is_paid else made
    people = dict.fromkeys(("assignedById", "createdBy", "updatedBy", "movedBy"), deal["assignedById"])
    return {
        **people,
        "id": id,
        "title": _("Invoice %(number)s", number=id),
        "categoryId": funnel,
        "stageId": codes[PAID if is_paid else SENT],
        "opportunity": deal["opportunity"],
        "currencyId": deal["currencyId"],
        "companyId": deal["companyId"],
        "contactId": deal["contactId"],
        "createdTime": made,
        "updatedTime": moved,
        "movedTime": moved,
        "lastActivityTime": moved,
        "closedate": moved.date(),
    }
