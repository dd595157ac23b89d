"""The custom fields of deals: what they are, what they are called, and what the deals of the data set hold in them.

Values follow from the deal and the portal's seed alone, so every start gives the same.
"""

from datetime import datetime, time, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from b24app.demo.dataset import Opportunity
from b24app.demo.fields import DATE, INT, LIST, MONEY, TEXT, TIME, YESNO, CustomField, Row
from b24app.lib.i18n import gettext as _

SECTORS = {
    "technolgy": 101,  # as accounts.csv spells it
    "medical": 102,
    "retail": 103,
    "software": 104,
    "entertainment": 105,
    "marketing": 106,
    "telecommunications": 107,
    "finance": 108,
    "employment": 109,
    "services": 110,
}
WARRANTY, SETUP, TRAINING, LEASING = 121, 122, 123, 124
_EXTRAS = (WARRANTY, SETUP, TRAINING, LEASING)
_SOME = tuple(tuple(one for place, one in enumerate(_EXTRAS) if bits >> place & 1) for bits in range(16))


def _made_by_people(id: int, kind: str, type: str = "", default: Any = None, options: tuple[int, ...] = ()) -> Any:
    """Fields made in the portal's own pages are named by the moment of their making."""
    number = 1_700_000_000_000 + id * 1_013
    return CustomField(f"ufCrm_{number}", kind, default, f"UF_CRM_{number}", type=type, id=id, options=options)


SECTOR = _made_by_people(501, INT, "enumeration", options=tuple(SECTORS.values()))
PRESALES = _made_by_people(503, INT, "employee")
EXTRAS = _made_by_people(505, LIST, "enumeration", (), _EXTRAS)
DISCOUNT = _made_by_people(507, MONEY)
DELIVERY_COST = _made_by_people(509, TEXT, "money")
DELIVERY_DAY = _made_by_people(511, DATE)
FIRST_MEETING = _made_by_people(513, TIME)
TENDER = _made_by_people(515, YESNO, default="N")
# An app has made this one, and chosen its name.
CONTRACT = CustomField("ufCrmContractNumber", TEXT, None, "UF_CRM_CONTRACT_NUMBER", id=517)

DEAL = (SECTOR, PRESALES, EXTRAS, DISCOUNT, DELIVERY_COST, DELIVERY_DAY, FIRST_MEETING, TENDER, CONTRACT)


def titles() -> dict[str, str]:
    """What the fields are called, in the current language."""
    return {
        SECTOR.name: _("Client's industry"),
        PRESALES.name: _("Presales engineer"),
        EXTRAS.name: _("Extra services"),
        DISCOUNT.name: _("Discount, %"),
        DELIVERY_COST.name: _("Cost of delivery"),
        DELIVERY_DAY.name: _("Delivery day"),
        FIRST_MEETING.name: _("First meeting"),
        TENDER.name: _("Tender"),
        CONTRACT.name: _("Contract number"),
    }


def options() -> dict[int, str]:
    """What the items of the enumerations are called, in the current language."""
    sectors = {
        "technolgy": _("Technology"),
        "medical": _("Medicine"),
        "retail": _("Retail"),
        "software": _("Software"),
        "entertainment": _("Entertainment"),
        "marketing": _("Marketing"),
        "telecommunications": _("Telecommunications"),
        "finance": _("Finance"),
        "employment": _("Recruitment"),
        "services": _("Services"),
    }
    named = {SECTORS[code]: title for code, title in sectors.items()}
    return named | {
        WARRANTY: _("Extended warranty"),
        SETUP: _("Installation"),
        TRAINING: _("Training"),
        LEASING: _("Leasing"),
    }


def values(
    deal: Opportunity, sectors: dict[str, str], engineers: tuple[int, ...], currency: str, zone: ZoneInfo, seed: int
) -> Row:
    """What one deal of the data set holds. A third has no engineer, and each of the others is empty here and there."""
    chance = crc32(deal.code.encode(), seed)
    row: Row = {EXTRAS.name: _SOME[chance % 16], TENDER.name: "Y" if chance % 7 == 0 else "N"}
    if deal.account:
        row[SECTOR.name] = SECTORS[sectors[deal.account]]
    if engineers and chance % 3:
        row[PRESALES.name] = engineers[chance // 3 % len(engineers)]
    if chance % 20:
        row[DISCOUNT.name] = (chance >> 8) % 61 / 4
    if chance % 5:
        paid_in = "EUR" if chance % 11 == 0 and currency != "EUR" else currency
        row[DELIVERY_COST.name] = f"{(chance >> 4) % 400 * 5 + 20}|{paid_in}"
    if deal.stage != "Prospecting":
        row[DELIVERY_DAY.name] = (deal.closed or deal.engaged) + timedelta(days=chance % 40 + 3)
        row[FIRST_MEETING.name] = datetime.combine(deal.engaged, time(9 + chance % 9, chance % 4 * 15), zone)
    if deal.stage == "Won" and deal.closed:
        row[CONTRACT.name] = f"{deal.closed.year}-{deal.code[:6]}"
    return row
