"""Calls as the portal's telephony keeps them: the statistics of the last three months. New ones: work.py.

Behind every call of the diary stands a row of the statistics; missed and unanswered ones leave a row only.
"""

from datetime import datetime, timedelta
from random import Random

from b24app.demo.diary import CALL
from b24app.demo.fields import INT, TEXT, TIME, Field, Row, table_of
from b24app.demo.store import Table

OUT, IN, REDIRECTED, CALLBACK = 1, 2, 3, 4
OK, MISSED, DECLINED = "200", "304", "603-S"
REASONS = {OK: "", MISSED: "Call missed", DECLINED: "Decline self"}
KEPT_FOR = timedelta(days=90)

RECORD = table_of(
    (
        Field("ID", INT, read_only=True),
        Field("PORTAL_USER_ID", INT, 0),
        Field("PORTAL_NUMBER", TEXT, "reg133788"),
        Field("PHONE_NUMBER", TEXT, ""),
        Field("CALL_ID", TEXT, ""),
        Field("EXTERNAL_CALL_ID"),
        Field("CALL_CATEGORY", TEXT, "external"),
        Field("CALL_LOG"),
        Field("CALL_DURATION", INT, 0),
        Field("CALL_START_DATE", TIME),
        Field("CALL_RECORD_URL", TEXT, ""),
        Field("CALL_VOTE"),
        Field("COST", TEXT, "0.0000"),
        Field("COST_CURRENCY", TEXT, ""),
        Field("CALL_FAILED_CODE", TEXT, OK),
        Field("CALL_FAILED_REASON", TEXT, ""),
        Field("CRM_ENTITY_TYPE"),
        Field("CRM_ENTITY_ID", INT),
        Field("CRM_ACTIVITY_ID", INT),
        Field("REST_APP_ID"),
        Field("REST_APP_NAME"),
        Field("TRANSCRIPT_ID"),
        Field("TRANSCRIPT_PENDING", TEXT, "N"),
        Field("SESSION_ID"),
        Field("REDIAL_ATTEMPT"),
        Field("COMMENT"),
        Field("RECORD_DURATION"),
        Field("RECORD_FILE_ID", INT),
        Field("CALL_TYPE", INT, OUT),
    )
)


def no_calls() -> Table:
    table = Table(RECORD, key="ID", ranged=("CALL_START_DATE",))
    table.load(())
    return table


def statistics(activities: Table, until: datetime, seed: int) -> Table:
    """A row for every call in the diary, and some more that nobody took, in the order in which they ended."""
    random = Random(seed + 1)
    rows: list[Row] = []
    for activity in activities.rows.values():
        if activity["TYPE_ID"] != CALL or activity["START_TIME"] < until - KEPT_FOR:
            continue
        kind = IN if activity["DIRECTION"] == 1 else OUT
        length = activity["END_TIME"] - activity["START_TIME"]
        answered = row_of(activity["RESPONSIBLE_ID"], activity["START_TIME"], kind, OK, int(length.total_seconds()))
        rows.append({**answered, "CRM_ACTIVITY_ID": activity["ID"], **client(random)})
        if random.random() < 0.3:
            kind, code = random.choice(((IN, MISSED), (IN, MISSED), (REDIRECTED, MISSED), (OUT, DECLINED)))
            begin = activity["START_TIME"] + timedelta(minutes=random.randint(30, 90))
            rows.append({**row_of(activity["RESPONSIBLE_ID"], begin, kind, code, 0), **client(random)})
    rows.sort(key=lambda row: (row["CALL_START_DATE"], row["PORTAL_USER_ID"]))
    for number, row in enumerate(rows, start=1):
        row["ID"], row["CALL_ID"] = number, call_id(number)
    table = no_calls()
    table.load(rows)
    return table


def row_of(user: int, begin: datetime, kind: int, code: str, seconds: int) -> Row:
    return {
        "PORTAL_USER_ID": user,
        "CALL_START_DATE": begin,
        "CALL_TYPE": kind,
        "CALL_FAILED_CODE": code,
        "CALL_FAILED_REASON": REASONS.get(code, ""),
        "CALL_DURATION": seconds,
    }


def client(random: Random) -> Row:
    return {
        "PHONE_NUMBER": f"+1906{random.randint(1_000_000, 9_999_999)}",
        "CRM_ENTITY_TYPE": "COMPANY",
        "CRM_ENTITY_ID": random.randint(1, 85),
    }


def call_id(number: int) -> str:
    return f"externalCall.{number:032x}.1773130779"
