"""What the portal itself says after the storm, and what the app has of it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from tests.chaos.storm import CALL, ENTRY, SELLERS, Storm
from tests.walks.conftest import Demo

CHAOS = {
    "code": "chaos", "name": "Chaos", "period": "month",
    "indicators": [
        {"code": "amount", "name": "Amount", "metric": "deals_won_amount", "target": 10000, "weight": 40},
        {"code": "won", "name": "Won", "metric": "deals_won", "target": 10, "weight": 20},
        {"code": "made", "name": "Made", "metric": "deals_created", "target": 10, "weight": 20},
        {"code": "entries", "name": "Entries", "metric": "entries", "options": {"code": ENTRY}, "target": 10,
         "weight": 10},
        {"code": "calls", "name": "Calls", "metric": "entries", "options": {"code": CALL}, "target": 10,
         "weight": 10},
    ],
}  # fmt: skip
COMPUTED = ("result", "score")
UNCOMPARED = ("id", "computed_at", "changed_at", "season", "season_at")
"""When a number was made, and what a forecast goes by: that is looked for every few minutes, whatever happened."""


def prepare(demo: Demo) -> None:
    """A scorecard of everybody, whose numbers can be counted by hand."""
    today = demo.api("/portal")["today"]
    document = {**CHAOS, "effective_from": f"{today[:8]}01", "subjects": {"employees": list(SELLERS)}}
    demo.api("/scorecards/chaos", "PUT", json=document)


def database(demo: Demo) -> Engine:
    return create_engine(demo.environment["DATABASE_URL"], poolclass=NullPool)


def deals_in_app(engine: Engine) -> dict[int, tuple[Any, ...]]:
    query = "SELECT id, stage_id, responsible_id, amount_original, company_id FROM deal WHERE deleted_at IS NULL"
    with engine.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(text(query))}


def numbers(engine: Engine) -> dict[str, set[tuple[Any, ...]]]:
    """Every stored result and score."""
    found = {}
    with engine.connect() as connection:
        for table in COMPUTED:
            rows = connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - our own two names
            kept = [place for place, name in enumerate(rows.keys()) if name not in UNCOMPARED]
            found[table] = {tuple(row[place] for place in kept) for row in rows}
    return found


def differences(
    live: dict[str, set[tuple[Any, ...]]], computed: dict[str, set[tuple[Any, ...]]]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that only one of the two has, by table; empty where they are the same. Few are told, for a message."""
    found = {table: sorted(live[table] ^ computed[table], key=repr)[:20] for table in COMPUTED}
    return {table: rows for table, rows in found.items() if rows}


def entries_in_app(engine: Engine) -> dict[str, list[int]]:
    """The values posted under each code."""
    found: dict[str, list[int]] = {ENTRY: [], CALL: []}
    with engine.connect() as connection:
        for code, value in connection.execute(text("SELECT code, value FROM entry")):
            if code in found:
                found[code].append(round(value / 1_000_000))
    return found


def notified(demo: Demo, engine: Engine) -> tuple[int, int]:
    """How many messages the outbox has sent to people, and how many different ones the portal has."""
    told = {(one["user_id"], one["tag"] or one["id"]) for one in demo.control("notifications")["items"]}
    with engine.connect() as connection:
        sent = connection.execute(text("SELECT count(*) FROM notification WHERE state = 'sent' AND channel = 'chat'"))
        return int(sent.scalar_one()), len(told)


def untold(demo: Demo, engine: Engine, day: str) -> set[tuple[str, int]]:
    """(indicator, employee) that have reached their target this month without a word about it."""
    asked = {"period": "month", "start": f"{day[:8]}01", "scorecard": "chaos", "subject": "employee", "limit": "1000"}
    items = demo.api("/results", params=asked)["items"]
    reached = {(one["indicator"], one["subject"]["id"]) for one in items if (one["attainment"] or 0) >= 100}
    said = "SELECT indicator, subject_id FROM notification WHERE kind = 'kpi_reached' AND scorecard = 'chaos'"
    with engine.connect() as connection:
        return reached - {tuple(row) for row in connection.execute(text(f"{said} AND subject_type = 'employee'"))}


def end_claims(engine: Engine) -> None:
    """Who was killed while telling holds a claim for ten minutes: let them be over."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE notification SET due_at = 0 WHERE state = 'sending'"))


def unfinished(engine: Engine) -> int:
    """Robot calls that are not counted, or whose workflow is not answered, records and people's absences nobody has
    read yet, requests that are to be made anew, and numbers that are owed."""
    queries = (
        "SELECT count(*) FROM inbox WHERE state = 'due' OR (entity = 'robot' AND answered_at IS NULL)",
        "SELECT count(*) FROM notification WHERE state IN ('due', 'sending')",
        "SELECT count(*) FROM job WHERE finished_at IS NULL",
        "SELECT count(*) FROM watch WHERE NOT complete",
        "SELECT count(*) FROM request_mapping WHERE position IS NOT NULL",
        "SELECT count(*) FROM sync_cursor WHERE state = 'running'",
        "SELECT 1 - count(*) FROM sync_cursor WHERE source = 'absences' AND complete",
    )
    with engine.connect() as connection:
        return sum(int(connection.execute(text(query)).scalar_one()) for query in queries)


def deals_in_portal(storm: Storm) -> dict[int, tuple[Any, ...]]:
    """The same as the portal tells it."""
    items = storm.ask("GET", "deals?limit=1000000")["items"]
    return {
        int(deal["id"]): (
            deal["stageId"],
            int(deal["assignedById"]),
            round(Decimal(str(deal["opportunity"])) * 1_000_000),
            int(deal["companyId"]) or None,
        )
        for deal in items
    }


def by_hand(storm: Storm) -> dict[int, tuple[int, float]]:
    """How many deals everybody has won today and for how much, by the portal's own stage history.

    What was in the portal before the storm was closed before today.
    """
    counted = dict.fromkeys(SELLERS, (0, 0.0))
    for id in storm.deals:
        deal = storm.ask("GET", f"deals/{id}")
        owner = int(deal["assignedById"])
        if deal["history"][-1]["STAGE_SEMANTIC_ID"] == "S":
            won, amount = counted[owner]
            counted[owner] = won + 1, amount + float(deal["opportunity"])
    return counted


def by_app(demo: Demo, day: str) -> dict[int, tuple[int, float]]:
    """The same as the app answers."""
    end = (date.fromisoformat(day) + timedelta(days=2)).isoformat()
    asked = {"period": "custom", "start": day, "end": end, "scorecard": "chaos", "subject": "employee", "limit": "1000"}
    reached = {
        (item["subject"]["id"], item["indicator"]): item["value"] or 0
        for item in demo.api("/results", params=asked)["items"]
    }
    return {seller: (reached[seller, "won"], float(reached[seller, "amount"])) for seller in SELLERS}
