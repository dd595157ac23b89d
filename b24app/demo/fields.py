"""The fields of CRM records: names in both dialects, kind, what an unset one reads as, and how each is written.

The new dialect (crm.item.*) is camelCase with native numbers; the old one (crm.deal.*) is UPPER_SNAKE with strings.
Rows are sparse: a field that a row does not carry has the field's default.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
INT, MONEY, TEXT, YESNO, TIME, DATE, LIST = "integer", "double", "string", "boolean", "datetime", "date", "list"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str = TEXT
    default: Any = None
    old: str = ""  # the name in the old dialect, where it is not simply the upper-case form
    read_only: bool = False

    @property
    def upper(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).upper()

    def read(self, row: Row) -> Any:
        return row.get(self.name, self.default)


Fields = Mapping[str, Field]


def table_of(fields: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in fields}


_COMMON = (
    Field("id", INT, old="ID", read_only=True),
    Field("createdTime", TIME, old="DATE_CREATE", read_only=True),
    Field("updatedTime", TIME, old="DATE_MODIFY", read_only=True),
    Field("createdBy", INT, 1, old="CREATED_BY_ID", read_only=True),
    Field("updatedBy", INT, 1, old="MODIFY_BY_ID", read_only=True),
    Field("assignedById", INT, 1),
    Field("opened", YESNO, "Y"),
    Field("comments", TEXT, ""),
    Field("sourceId", TEXT, ""),
    Field("sourceDescription", TEXT, ""),
    Field("originatorId"),
    Field("originId"),
    Field("utmSource"),
    Field("utmMedium"),
    Field("utmCampaign"),
    Field("utmContent"),
    Field("utmTerm"),
    Field("observers", LIST, ()),
    Field("lastActivityBy", INT, 1, read_only=True),
    Field("lastActivityTime", TIME, read_only=True),
)
_STAGED = (
    Field("title", TEXT, ""),
    Field("stageId", TEXT, "NEW"),
    Field("stageSemanticId", TEXT, "P", read_only=True),
    Field("opportunity", MONEY, 0),
    Field("isManualOpportunity", YESNO, "Y"),
    Field("currencyId", TEXT, "USD"),
    Field("companyId", INT, 0),
    Field("contactId", INT, 0),
    Field("contactIds", LIST, ()),
    Field("isReturnCustomer", YESNO, "N", read_only=True),
    Field("movedBy", INT, 1, old="MOVED_BY_ID", read_only=True),
    Field("movedTime", TIME, read_only=True),
)
DEAL = table_of(
    (
        *_COMMON,
        *_STAGED,
        Field("typeId", TEXT, "SALE"),
        Field("categoryId", INT, 0),
        Field("isNew", YESNO, "N", read_only=True),
        Field("isRecurring", YESNO, "N"),
        Field("isRepeatedApproach", YESNO, "N", read_only=True),
        Field("closed", YESNO, "N", read_only=True),
        Field("probability", INT),
        Field("taxValue", MONEY, 0),
        Field("quoteId", INT),
        Field("leadId", INT),
        Field("begindate", DATE, old="BEGINDATE"),
        Field("closedate", DATE, old="CLOSEDATE"),
        Field("additionalInfo"),
    )
)
LEAD = table_of(
    (
        *_COMMON,
        *_STAGED,
        Field("name", TEXT, ""),
        Field("lastName", TEXT, ""),
        Field("companyTitle", TEXT, ""),
        Field("dateClosed", TIME, read_only=True),
        Field("statusDescription"),
    )
)
CONTACT = table_of(
    (
        *_COMMON,
        Field("name", TEXT, ""),
        Field("lastName", TEXT, ""),
        Field("secondName", TEXT, ""),
        Field("post", TEXT, ""),
        Field("typeId", TEXT, "CLIENT"),
        Field("companyId", INT, 0),
        Field("companyIds", LIST, ()),
    )
)
COMPANY = table_of(
    (
        *_COMMON,
        Field("title", TEXT, ""),
        Field("typeId", TEXT, "CUSTOMER"),
        Field("industry", TEXT, ""),
        Field("employees", TEXT, ""),
        Field("revenue", MONEY, 0),
        Field("currencyId", TEXT, "USD"),
        Field("contactIds", LIST, ()),
    )
)
ACTIVITY = table_of(
    (
        Field("ID", INT, read_only=True),
        Field("OWNER_ID", INT, 0),
        Field("OWNER_TYPE_ID", INT, 2),
        Field("TYPE_ID", INT, 1),
        Field("PROVIDER_ID", TEXT, "CRM_MEETING"),
        Field("PROVIDER_TYPE_ID", TEXT, ""),
        Field("PROVIDER_GROUP_ID"),
        Field("ASSOCIATED_ENTITY_ID", INT, 0),
        Field("SUBJECT", TEXT, ""),
        Field("CREATED", TIME, read_only=True),
        Field("LAST_UPDATED", TIME, read_only=True),
        Field("START_TIME", TIME),
        Field("END_TIME", TIME),
        Field("DEADLINE", TIME),
        Field("COMPLETED", YESNO, "N"),
        Field("STATUS", INT, 1),
        Field("RESPONSIBLE_ID", INT, 1),
        Field("PRIORITY", INT, 2),
        Field("DESCRIPTION", TEXT, ""),
        Field("DIRECTION", INT, 0),
        Field("SETTINGS", LIST, ()),
        Field("AUTHOR_ID", INT, 1),
        Field("EDITOR_ID", INT, 1),
        Field("ORIGIN_ID"),
    )
)
STAGE_HISTORY = table_of(
    (
        Field("ID", INT),
        Field("TYPE_ID", INT, 1),
        Field("OWNER_ID", INT),
        Field("CREATED_TIME", TIME),
        Field("CATEGORY_ID", INT, 0),
        Field("STAGE_SEMANTIC_ID", TEXT, "P"),
        Field("STAGE_ID", TEXT, "NEW"),
    )
)
BY_ENTITY_TYPE: Mapping[int, Fields] = {1: LEAD, 2: DEAL, 3: CONTACT, 4: COMPANY}


def native(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """The value as crm.item.* and stage history write it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        # Bitrix24 writes a date as UTC midnight seen from the server's zone: 2024-04-19T03:00:00+03:00.
        offset = datetime.combine(value, time(12), zone).utcoffset()
        midnight = datetime.combine(value, time(), zone)
        return (midnight + offset if offset else midnight).isoformat(timespec="seconds")
    if isinstance(value, tuple):
        return list(value)
    return value


def textual(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """The value as the old dialect writes it: every scalar a string."""
    if value is None:
        return None
    if field.kind == MONEY:
        return f"{value:.2f}"
    written = native(field, value, zone)
    return written if isinstance(written, list) else str(written)
