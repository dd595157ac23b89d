"""Calls, as the portal's telephony counts them. Optional: needs the scope `telephony` and the right to see statistics.

The event of a call that has ended does not name its row of the statistics, so it has the newest rows read: `NEWEST` in
the inbox, one row however many calls there were.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.lister import in_words
from b24app.facts.kinds.calls import CallDraft
from b24app.facts.rules import CALL
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Reading, Row, groups, missing, translated

key = "calls"
entity = CALL
events = ("ONVOXIMPLANTCALLEND",)
scope = "telephony"

listing = Listing("voximplant.statistic.get", {}, "ID", None, "CALL_START_DATE", ask=in_words)

NEWEST = 0
LONGEST_CALL = timedelta(hours=2)
"""A call is in the statistics once it has ended, under the time it began."""

overlap_s = 86_400
"""What changed is looked for by the time a call began; even the longest one has ended by then."""

DIRECTIONS = {1: "out", 2: "in", 3: "in", 4: "out"}
"""5, a robot that reads a text out, is neither (semantics 4)."""

ANSWERED = "200"


def key_of(fields: Mapping[str, Any]) -> str:
    return str(NEWEST)


def translate(row: Row) -> CallDraft:
    start_at = parsing.required_instant(row.get("CALL_START_DATE"), "CALL_START_DATE")
    seconds = max(0, parsing.integer(row.get("CALL_DURATION")) or 0)
    code = parsing.text(row.get("CALL_FAILED_CODE"), 16)
    user = parsing.link(row.get("PORTAL_USER_ID"))
    return CallDraft(
        id=parsing.identity(row.get("ID")),
        phone=parsing.text(row.get("PHONE_NUMBER"), 64),
        direction=DIRECTIONS.get(parsing.integer(row.get("CALL_TYPE")) or 0),
        code=code,
        answered=code == ANSWERED,
        seconds=seconds,
        responsible_id=user,
        created_by_id=user,
        activity_id=parsing.link(row.get("CRM_ACTIVITY_ID")),
        start_at=start_at,
        completed_at=start_at + seconds,
        created_at=start_at,
        updated_at=start_at + seconds,
    )


def fetch(client: Client, ids: Sequence[int], read_at: datetime) -> Reading:
    named = [id for id in ids if id != NEWEST]
    commands: dict[str, Command] = {
        f"calls{place}": listing.page({"ID": part}) for place, part in enumerate(groups(named))
    }
    rows = [row for answer in client.batch(commands).values() for row in listing.rows(answer)] if named else []
    gone = missing(named, rows, "ID")
    if NEWEST in ids:
        since = (read_at - LONGEST_CALL).isoformat(timespec="seconds")
        rows += [row for page in listing.pages(client, {f">={listing.changed}": since}) for row in page]
    drafts, rejected = translated(rows, translate, "ID")
    return Reading(entity, read_at, drafts, gone=gone, rejected=rejected, is_whole=NEWEST in ids)
