"""`b24app probe MEMBER_ID`: asks a real portal whether what we only assume of Bitrix24 holds there.

One small function per point of the contract that no document vouches for. They read; what one has to bind, it unbinds
again. A portal's people see nothing of it, and nothing stays behind.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError
from b24app.bitrix.wire import mapping

LEAD, DEAL = 1, 2
PAGE = 50
FAR = 2_000_000_000
"""An id that no record has."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a portal says of one point. `holds` is None where it has nothing to tell by."""

    point: str
    assumed: str
    holds: bool | None
    says: str

    def __str__(self) -> str:
        sign = {True: "holds  ", False: "DIFFERS", None: "unknown"}[self.holds]
        return f"{sign}  {self.point}: {self.assumed}. {self.says}"


Point = Callable[["Portal"], tuple[bool | None, str]]

POINTS: list[tuple[str, str, Point]] = []

NOT_FROM_HERE = (
    ("contract 4.3", "events may come doubled and in any order", "seen only over days: the inbox does not mind"),
    ("contract 5", "a robot's call is not repeated", "would need a workflow of the portal's own"),
    ("contract 7.6", "edited product rows come as ONCRMDEALUPDATE", "would change a deal: edit one and look at Health"),
    (
        "note",
        "a merge of companies changes deals without an event",
        "would merge some: the nightly check finds it",
    ),
    ("contract 10.28", "some browsers block cookies in frames", "a matter of browsers; the app uses none"),
)


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal that is asked, and an address of ours that may be bound and unbound."""

    client: Client
    address: str

    def items(self, method: str, key: str, **params: Any) -> list[dict[str, Any]]:
        result = self.client.call(method, params)
        found = result if isinstance(result, list) else mapping(result).get(key) or []
        return [row for row in found if isinstance(row, dict)]

    def deals(self, **params: Any) -> list[dict[str, Any]]:
        asked = {"entityTypeId": DEAL, "order": {"id": "DESC"}, "start": -1, **params}
        return self.items("crm.item.list", "items", **asked)


def point(section: str, assumed: str) -> Callable[[Point], Point]:
    def register(ask: Point) -> Point:
        POINTS.append((section, assumed, ask))
        return ask

    return register


def findings(portal: Portal) -> Iterator[Finding]:
    """Every point in turn; what the portal refuses is unknown."""
    for section, assumed, ask in POINTS:
        try:
            holds, says = ask(portal)
        except RestError as error:
            holds, says = None, f"refused: {error.code or error.message} {error.description}".rstrip()
        yield Finding(section, assumed, holds, says)
    for section, assumed, why in NOT_FROM_HERE:
        yield Finding(section, assumed, None, why)


@point("contract 3.3", "behind a short page of a chained batch the later pages are meaningless")
def chained_pages(portal: Portal) -> tuple[bool | None, str]:
    first = {"entityTypeId": DEAL, "select": ["id"], "order": {"id": "ASC"}, "filter": {">id": FAR}, "start": -1}
    after = {**first, "filter": {">id": "$result[p0][items][49][id]"}}
    answers = portal.client.batch_lenient({"p0": ("crm.item.list", first), "p1": ("crm.item.list", after)})
    later = answers["p1"]
    if isinstance(later, RestError):
        return True, f"the later page is refused: {later.code or later.message}"
    rows = mapping(later).get("items") or []
    return True, f"the later page brings {len(rows)} records" + (", of the beginning" if rows else "")


@point("contract 3.1", "answers tell the operating time and when it is set back")
def operating_time(portal: Portal) -> tuple[bool | None, str]:
    time = mapping(portal.client.call_full("profile").get("time"))
    until = time.get("operating_reset_at")
    return until is not None, f"operating_reset_at is {type(until).__name__}, operating {time.get('operating')}"


@point("contract 4.1", "an event may be bound in the name of the service administrator")
def bind_in_a_name(portal: Portal) -> tuple[bool | None, str]:
    me = int(mapping(portal.client.call("profile"))["ID"])
    asked = {"event": "ONCRMDEALADD", "handler": portal.address, "auth_type": me}
    try:
        portal.client.call("event.bind", asked, repeat=False)
        bound = [one for one in portal.items("event.get", "") if one.get("handler") == portal.address]
        return bool(bound), f"bound with auth_type {[one.get('auth_type') for one in bound]}"
    finally:
        portal.client.call("event.unbind", asked)


@point("contract 4.1", "binding the same event again is refused")
def bind_twice(portal: Portal) -> tuple[bool | None, str]:
    asked = {"event": "ONCRMDEALADD", "handler": portal.address}
    try:
        portal.client.call("event.bind", asked, repeat=False)
        try:
            portal.client.call("event.bind", asked, repeat=False)
        except RestError as error:
            return True, f"refused: {error.code} {error.description}".rstrip()
        return False, "taken a second time"
    finally:
        portal.client.call("event.unbind", asked)


@point("contract 6.1", "binding the same placement again makes no second one")
def place_twice(portal: Portal) -> tuple[bool | None, str]:
    asked = {"PLACEMENT": "CRM_DEAL_LIST_TOOLBAR", "HANDLER": portal.address, "TITLE": "b24app"}
    try:
        portal.client.call("placement.bind", asked, repeat=False)
        try:
            portal.client.call("placement.bind", asked, repeat=False)
        except RestError as error:
            return True, f"refused: {error.code}"
        places = [one for one in portal.items("placement.get", "") if one.get("handler") == portal.address]
        return len(places) == 1, f"bound {len(places)} times"
    finally:
        portal.client.call("placement.unbind", asked)


@point("contract 7.3", "activities are told apart by TYPE_ID and PROVIDER_ID as listed there")
def kinds_of_activities(portal: Portal) -> tuple[bool | None, str]:
    known = {
        "CRM_MEETING", "VOXIMPLANT_CALL", "CRM_TASKS_TASK", "CRM_EMAIL", "CRM_TODO", "REST_APP",
        "CONFIGURABLE_REST_APP", "IMOPENLINES_SESSION", "CALL_LIST", "CALLBACK",
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for last in (FAR, None):
        if rows and last is None:
            last = min(int(row["ID"]) for row in rows)
        rows += portal.items(
            "crm.activity.list", "", order={"ID": "DESC"}, filter={"<ID": last},
            select=["ID", "TYPE_ID", "PROVIDER_ID", "PROVIDER_TYPE_ID"], start=-1,
        )  # fmt: skip
    if not rows:
        return None, "there are no activities"
    kinds = Counter(f"{row.get('TYPE_ID')}/{row.get('PROVIDER_ID')}" for row in rows)
    strange = {kind for kind in kinds if kind.partition("/")[2] not in known}
    told = ", ".join(f"{kind} {times}" for kind, times in kinds.most_common())
    return not strange, f"{told}" + (f"; not listed: {', '.join(sorted(strange))}" if strange else "")


@point("contract 7.4", "stage history is listed by keyset (>ID)")
def history_by_keyset(portal: Portal) -> tuple[bool | None, str]:
    asked = {"entityTypeId": DEAL, "order": {"ID": "ASC"}, "start": -1}
    first = portal.items("crm.stagehistory.list", "items", **asked, filter={">ID": 0})
    if len(first) < PAGE:
        return None, f"there are only {len(first)} moves"
    last = int(first[-1]["ID"])
    second = portal.items("crm.stagehistory.list", "items", **asked, filter={">ID": last})
    return all(int(row["ID"]) > last for row in second), f"ids are {type(first[0]['ID']).__name__}"


@point("contract 7.4", "history older than the feature is missing")
def missing_history(portal: Portal) -> tuple[bool | None, str]:
    deals = portal.deals(order={"id": "ASC"}, select=["id", "createdTime"])
    if not deals:
        return None, "there are no deals"
    moves = portal.items(
        "crm.stagehistory.list", "items", entityTypeId=DEAL, filter={"OWNER_ID": [deal["id"] for deal in deals]},
        start=-1,
    )  # fmt: skip
    told = {int(move["OWNER_ID"]) for move in moves}
    without = [deal for deal in deals if int(deal["id"]) not in told]
    return bool(without), f"{len(without)} of the {len(deals)} oldest deals have none"


@point("contract 7.4", "stage history of leads calls stages STATUS_ID and STATUS_SEMANTIC_ID")
def history_of_leads(portal: Portal) -> tuple[bool | None, str]:
    moves = portal.items("crm.stagehistory.list", "items", entityTypeId=LEAD, order={"ID": "ASC"}, start=-1)
    if not moves:
        return None, "there are no moves of leads"
    return {"STATUS_ID", "STATUS_SEMANTIC_ID"} <= moves[0].keys(), f"its fields are {', '.join(sorted(moves[0]))}"


@point("contract 7.8", "department.get tells the head of a department that has one")
def heads(portal: Portal) -> tuple[bool | None, str]:
    rows = portal.items("department.get", "")
    headed = sum("UF_HEAD" in row for row in rows)
    return (headed > 0 if rows else None), f"{headed} of {len(rows)} departments name one"


@point("contract 10.22", "crm.item.list refuses a filter by an unknown field")
def unknown_field(portal: Portal) -> tuple[bool | None, str]:
    try:
        rows = portal.deals(filter={"noSuchField": 1}, select=["id"])
    except RestError as error:
        return True, f"refused: {error.code or error.description}"
    return False, f"ignored: {len(rows)} deals came"


@point("contract 10.22", "old lists ignore it")
def unknown_field_of_an_old_list(portal: Portal) -> tuple[bool | None, str]:
    try:
        rows = portal.items("crm.deal.list", "", filter={"NO_SUCH_FIELD": 1}, select=["ID"], start=-1)
    except RestError as error:
        return False, f"refused: {error.code or error.description}"
    return (bool(rows) or None), f"{len(rows)} deals came"


@point("contract 10.50", "crm.item.list takes an upper-case ID")
def upper_case(portal: Portal) -> tuple[bool | None, str]:
    rows = portal.deals(filter={">ID": 0}, order={"ID": "ASC"}, select=["id"])
    return (bool(rows) or None), f"{len(rows)} deals came"


@point("contract 10.51", "a day comes as midnight of UTC in the server's offset")
def days(portal: Portal) -> tuple[bool | None, str]:
    values = [str(deal["closedate"]) for deal in portal.deals(select=["id", "closedate"]) if deal.get("closedate")]
    if not values:
        return None, "no deal has a day"
    moment = datetime.fromisoformat(values[0])
    offset = (moment.utcoffset() or moment - moment).total_seconds() / 3600
    return moment.hour == offset % 24, f"for example {values[0]}"


@point("note", "product rows of several deals come in one question")
def rows_of_several_owners(portal: Portal) -> tuple[bool | None, str]:
    ids = [int(deal["id"]) for deal in portal.deals(select=["id"])][:2]
    if len(ids) < 2:
        return None, "there are no two deals"
    try:
        portal.client.call("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": ids}})
    except RestError as error:
        return False, f"refused: {error.code or error.description}; the app then asks for each alone"
    return True, "taken"


@point("note", "own fields of deals are named ufCrm and digits")
def names_of_own_fields(portal: Portal) -> tuple[bool | None, str]:
    fields = mapping(mapping(portal.client.call("crm.item.fields", {"entityTypeId": DEAL})).get("fields"))
    own = [name for name in fields if name.lower().startswith("ufcrm")]
    others = [name for name in own if not re.fullmatch(r"ufCrm_?\d+", name)]
    if not own:
        return None, "there are none"
    return not others, f"{len(own)} of them" + (f", among them {', '.join(sorted(others)[:5])}" if others else "")


@point("contract 10.20", "the time zone of the profile may be empty")
def time_zone(portal: Portal) -> tuple[bool | None, str]:
    zone = mapping(portal.client.call("profile")).get("TIME_ZONE")
    return None, f"it is {zone!r}; server.time says {portal.client.call('server.time')}"
