"""Fills the portal's tables from the data set: companies, contacts, deals, their stage history, a few leads.

Creations and closings carry local noon. Ids grow with time, as in a portal that has lived through it.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from zlib import crc32
from zoneinfo import ZoneInfo

from b24app.demo import fields
from b24app.demo.dataset import Account, Opportunity
from b24app.demo.dictionaries import LOST, OPEN, WON
from b24app.demo.fields import Row
from b24app.demo.people import Staff
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _

CREATED, MOVED, FINISHED, CHANGED_FUNNEL = 1, 2, 3, 5
_STAGES = {
    "Prospecting": ("NEW", OPEN),
    "Engaging": ("PREPARATION", OPEN),
    "Won": ("WON", WON),
    "Lost": ("LOSE", LOST),
}
# Some deals have no source, as in life.
_SOURCES = (
    *["WEB"] * 7,
    *["CALL"] * 4,
    *["RECOMMENDATION"] * 3,
    *["EMAIL"] * 2,
    "ADVERTISING",
    "PARTNER",
    "TRADE_SHOW",
    "",
)
_FIRST_NAMES = ("Emma", "Liam", "Olga", "Noah", "Irina", "Paul", "Sofia", "Omar", "Dana", "Ivan", "Kate", "Hugo")
_LAST_NAMES = ("Fisher", "Novak", "Orlova", "Keller", "Silva", "Brown", "Petrov", "Haddad", "Laine", "Rossi", "Wood")


def noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(12), zone)


def companies(accounts: tuple[Account, ...], opened: datetime) -> Table:
    table = Table(fields.COMPANY)
    table.load(
        {
            "id": id,
            "title": account.name,
            "industry": account.sector,
            "employees": str(account.employees),
            "revenue": account.revenue * 1_000_000,
            "contactIds": (id,),
            "createdTime": opened,
            "updatedTime": opened,
            "lastActivityTime": opened,
        }
        for id, account in enumerate(accounts, start=1)
    )
    return table


def contacts(accounts: tuple[Account, ...], opened: datetime, random: Random) -> Table:
    """One person to talk to in every company; contact and company share the id."""
    table = Table(fields.CONTACT)
    table.load(
        {
            "id": id,
            "name": random.choice(_FIRST_NAMES),
            "lastName": random.choice(_LAST_NAMES),
            "companyId": id,
            "companyIds": (id,),
            "createdTime": opened,
            "updatedTime": opened,
            "lastActivityTime": opened,
        }
        for id, _account in enumerate(accounts, start=1)
    )
    return table


def leads(staff: Staff, now: datetime, random: Random) -> Table:
    table = Table(fields.LEAD)
    table.load(
        {
            "id": id,
            "title": _("Request from the website #%(number)s", number=id),
            "name": random.choice(_FIRST_NAMES),
            "lastName": random.choice(_LAST_NAMES),
            "stageId": "NEW" if id % 3 else "IN_PROCESS",
            "sourceId": "WEB",
            "assignedById": random.choice(list(staff.users)),
            "createdTime": now - timedelta(days=id),
            "updatedTime": now - timedelta(days=id),
        }
        for id in range(1, 13)
    )
    return table


def deals(
    pipeline: tuple[Opportunity, ...],
    staff: Staff,
    companies: Table,
    prices: dict[str, int],
    currency: str,
    zone: ZoneInfo,
) -> Table:
    """An open deal is expected to bring the list price, a won one what it brought, a lost one nothing."""
    company_ids = {row["title"]: id for id, row in companies.rows.items()}
    user_ids = {user.full_name: user.id for user in staff.users.values()}
    table = Table(fields.DEAL, hashed=("companyId",), ranged=("createdTime", "updatedTime"))
    table.load(
        _deal(id, deal, user_ids[deal.agent], company_ids.get(deal.account, 0), prices, currency, zone)
        for id, deal in enumerate(pipeline, start=1)
    )
    return table


def _deal(
    id: int, deal: Opportunity, owner: int, company: int, prices: dict[str, int], currency: str, zone: ZoneInfo
) -> Row:
    stage, semantic = _STAGES[deal.stage]
    created = noon(deal.engaged, zone)
    moved = noon(deal.closed, zone) if deal.closed else created
    row: Row = {
        "id": id,
        "title": f"{deal.product} · {deal.account}" if deal.account else deal.product,
        "stageId": stage,
        "stageSemanticId": semantic,
        "opportunity": prices[deal.product] if deal.value is None else deal.value,
        "currencyId": currency,
        "companyId": company,
        "contactId": company,
        "contactIds": (company,) if company else (),
        "assignedById": owner,
        "createdBy": owner,
        "updatedBy": owner,
        "movedBy": owner,
        "createdTime": created,
        "updatedTime": moved,
        "movedTime": moved,
        "lastActivityTime": moved,
        "begindate": deal.engaged,
        "closedate": deal.closed or deal.engaged + timedelta(days=60),
        "sourceId": _SOURCES[crc32(deal.code.encode()) % len(_SOURCES)],
        "originId": deal.code,
        "_product": deal.product,
    }
    if semantic != OPEN:
        row["closed"] = "Y"
    return row


def stage_history(deals: Table) -> Table:
    """Every deal was created on its first stage; engaging and closed ones moved on from there."""
    steps = []
    for id in deals.ids:
        row = deals.rows[id]
        steps.append((row["createdTime"], id, CREATED, OPEN, "NEW"))
        if row["stageSemanticId"] != OPEN:
            steps.append((row["movedTime"], id, FINISHED, row["stageSemanticId"], row["stageId"]))
        elif row["stageId"] != "NEW":
            steps.append((row["movedTime"], id, MOVED, OPEN, row["stageId"]))
    steps.sort()
    table = Table(fields.STAGE_HISTORY, key="ID", hashed=("OWNER_ID",), ranged=("CREATED_TIME",))
    table.load(
        {
            "ID": number,
            "TYPE_ID": kind,
            "OWNER_ID": id,
            "CREATED_TIME": moment,
            "STAGE_SEMANTIC_ID": semantic,
            "STAGE_ID": stage,
        }
        for number, (moment, id, kind, semantic, stage) in enumerate(steps, start=1)
    )
    return table


def no_activities() -> Table:
    table = Table(fields.ACTIVITY, key="ID", hashed=("OWNER_ID",), ranged=("LAST_UPDATED",))
    table.load(())
    return table
