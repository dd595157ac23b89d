"""Fills the portal's tables from the data set: companies, contacts, the catalogue, deals with their products, a few
leads. Their moves through stages: history.py.

Creations and closings carry local noon. Ids grow with time, as in a portal that has lived through it.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from zlib import crc32
from zoneinfo import ZoneInfo

from b24app.demo import custom_fields, records
from b24app.demo.dataset import Account, Opportunity, Product, idle_agents
from b24app.demo.dictionaries import LOST, OPEN, WON
from b24app.demo.fields import Row
from b24app.demo.people import Staff
from b24app.demo.store import Table
from b24app.lib.i18n import gettext as _

CATALOG_ID, TOP_SECTION_ID, FIRST_PRODUCT_ID = 25, 60, 201
_LARGE = 400  # the amount from which a deal may have more than one product row
_STAGES = {
    "Prospecting": ("NEW", OPEN),
    "Engaging": ("PREPARATION", OPEN),
    "Won": ("WON", WON),
    "Lost": ("LOSE", LOST),
}
_LEAD_STAGES = (("CONVERTED", WON), ("JUNK", LOST), ("IN_PROCESS", OPEN), ("NEW", OPEN))
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
    table = Table(records.COMPANY)
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
    table = Table(records.CONTACT)
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


def leads(staff: Staff, first: date, end: date, count: int, zone: ZoneInfo, seed: int) -> Table:
    """Requests of the days in [first, end), the later the more; of those older than a month all have been decided."""
    random = Random(seed + 1)
    length = max((end - first).days, 1)
    days = sorted(int(length * random.random() ** 0.7) for _lead in range(count))
    users = list(staff.users)
    table = Table(records.LEAD, ranged=("createdTime", "updatedTime"))
    table.load(
        _lead(id, noon(first + timedelta(days=day), zone), noon(end, zone), users, random)
        for id, day in enumerate(days, start=1)
    )
    return table


def _lead(id: int, created: datetime, now: datetime, users: list[int], random: Random) -> Row:
    stage, semantic = random.choices(_LEAD_STAGES, (30, 45, 15, 10))[0]
    took = timedelta(hours=random.randrange(2, 20 * 24))
    if semantic == OPEN and now - created > timedelta(days=30):
        stage, semantic = "JUNK", LOST
    moved = min(created + took, now) if stage != "NEW" else created
    owner = random.choice(users)
    return {
        "id": id,
        "title": _("Request from the website #%(number)s", number=id),
        "name": random.choice(_FIRST_NAMES),
        "lastName": random.choice(_LAST_NAMES),
        "stageId": stage,
        "stageSemanticId": semantic,
        "sourceId": random.choice(_SOURCES),
        "assignedById": owner,
        "createdBy": owner,
        "createdTime": created,
        "updatedTime": moved,
        "movedTime": moved,
        "lastActivityTime": moved,
        **({} if semantic == OPEN else {"dateClosed": moved}),
    }


def sections(products: tuple[Product, ...]) -> Table:
    """The series of the products, under one section for all of them."""
    table = Table(records.SECTION, key="ID")
    series = dict.fromkeys(product.series for product in products)
    shared = {"CATALOG_ID": CATALOG_ID}
    table.load(
        [
            {**shared, "ID": TOP_SECTION_ID, "NAME": _("Computer hardware"), "CODE": "hardware"},
            *(
                {**shared, "ID": id, "SECTION_ID": TOP_SECTION_ID, "NAME": name, "CODE": name.lower()}
                for id, name in enumerate(series, start=TOP_SECTION_ID + 2)
            ),
        ]
    )
    return table


def catalogue(products: tuple[Product, ...], sections: Table, currency: str, opened: datetime) -> Table:
    table = Table(records.PRODUCT, key="ID")
    section_ids = {row["NAME"]: id for id, row in sections.rows.items()}
    table.load(
        {
            "ID": id,
            "CATALOG_ID": CATALOG_ID,
            "NAME": product.name,
            "CODE": product.name.lower().replace(" ", "-"),
            "SECTION_ID": section_ids[product.series],
            "PRICE": product.price,
            "CURRENCY_ID": currency,
            "DATE_CREATE": opened,
            "TIMESTAMP_X": opened,
        }
        for id, product in enumerate(products, start=FIRST_PRODUCT_ID)
    )
    return table


def deals(
    pipeline: tuple[Opportunity, ...],
    staff: Staff,
    companies: Table,
    prices: dict[str, int],
    currency: str,
    zone: ZoneInfo,
    seed: int,
) -> Table:
    """An open deal is expected to bring the list price, a won one what it brought, a lost one nothing."""
    company_ids = {row["title"]: id for id, row in companies.rows.items()}
    user_ids = {user.full_name: user.id for user in staff.users.values()}
    sectors = {row["title"]: row["industry"] for row in companies.rows.values()}
    engineers = tuple(user_ids[name] for name in idle_agents())
    table = Table(records.DEAL, hashed=("companyId",), ranged=("createdTime", "updatedTime"))
    table.load(
        {
            **_deal(id, deal, user_ids[deal.agent], company_ids.get(deal.account, 0), prices, currency, zone),
            **custom_fields.values(deal, sectors, engineers, currency, zone, seed),
        }
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
    }
    if semantic != OPEN:
        row["closed"] = "Y"
    if semantic != LOST:  # somebody has written 0 into a lost deal, whatever products are in it
        row["isManualOpportunity"] = "N"
    return row


def product_rows(pipeline: tuple[Opportunity, ...], products: Table, seed: int) -> Table:
    """What each deal sells. Of the larger ones a tenth has two rows, and as many three; the rows sum up to the amount.

    The second row is a service that is in no catalogue, the third two pieces of the cheapest product.
    """
    ids = {row["NAME"]: id for id, row in products.rows.items()}
    prices = {row["NAME"]: row["PRICE"] for row in products.rows.values()}
    cheapest = min(prices, key=lambda name: prices[name])
    delivery = _("Delivery and setup")
    rows: list[Row] = []
    for id, deal in enumerate(pipeline, start=1):
        price = deal.value if deal.stage == "Won" and deal.value is not None else prices[deal.product]
        chance = crc32(deal.code.encode(), seed) // 16 % 10 if deal.stage != "Lost" and price >= _LARGE else 9
        service, pieces = price // 20 if chance < 2 else 0, 2 * prices[cheapest] if chance == 1 else 0
        first = price - service - pieces
        rows.append({"ownerId": id, "productId": ids[deal.product], "productName": deal.product, "price": first})
        if service:
            rows.append({"ownerId": id, "productName": delivery, "price": service, "sort": 20})
        if pieces:
            extra = {"productId": ids[cheapest], "productName": cheapest, "price": prices[cheapest], "quantity": 2}
            rows.append({"ownerId": id, **extra, "sort": 30})
    for number, row in enumerate(rows, start=1):
        row["id"] = number
    table = Table(records.PRODUCT_ROW, hashed=("ownerId",))
    table.load(rows)
    return table


def no_activities() -> Table:
    table = Table(records.ACTIVITY, key="ID", hashed=("OWNER_ID",), ranged=("LAST_UPDATED",))
    table.load(())
    return table
