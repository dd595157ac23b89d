"""Binds on the portal what install.json lists: placements, events, robots, activities, triggers. Safe to repeat.

Events of records are bound twice: online, to hear of them at once, and offline, to hear of them surely (contract 4.4).

    what is there (one request)  ->  what differs (pure)  ->  the commands (one request for 50)  ->  what is remembered

What is bound is compared by its handler's address and, where the portal tells us no more, by a fingerprint we keep: an
update of the app wipes registrations (contract 1.4), a move of the app's address makes all of them wrong.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.errors import RestError, Wait
from b24app.bitrix.wire import mapping
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Permanent
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.portal.tables import Registration

ROBOT_ALREADY = "ERROR_ACTIVITY_ALREADY_INSTALLED"
PLACEMENT_ALREADY = "ERROR_PLACEMENT_MAX_COUNT"
EVENT_ALREADY = "unable to set event handler"
UNKNOWN_HERE = {"ERROR_PLACEMENT_NOT_FOUND", "ERROR_EVENT_NOT_FOUND"}
ROBOTS = ("robot", "activity")
OPTIONAL_KINDS = (*ROBOTS, "trigger", "offline")
OF_THE_APP = "ONAPP"
"""How events of the app's own life begin; they have no offline queue."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing of the manifest and how it is to be bound."""

    kind: str
    code: str
    params: Mapping[str, Any]

    @property
    def handler(self) -> str:
        return str(self.params.get("HANDLER") or self.params.get("handler"))

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.params, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Present:
    """What the portal says is bound: (code, handler) of placements and events, codes of all else."""

    placements: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, str], ...]
    offline: tuple[str, ...]
    robots: frozenset[str]
    activities: frozenset[str]
    triggers: frozenset[str] = frozenset()


Step = tuple[Wanted | None, Command]
"""A command and the wish it fulfils; None when it only clears the way."""


@dataclass(frozen=True, slots=True)
class Failure:
    kind: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is bound now, and what this portal does not offer."""

    bound: tuple[Wanted, ...]
    failed: tuple[Failure, ...]


def wanted(manifest: Mapping[str, Any], public_url: str) -> tuple[Wanted, ...]:
    """The manifest as Bitrix24 wants to hear it; where it takes only one language, in the current one."""
    return (
        *(Wanted("placement", entry["code"], _placement(entry, public_url)) for entry in manifest["placements"]),
        *(Wanted("event", entry["code"], _event(entry, public_url)) for entry in manifest["events"]),
        *(
            Wanted("offline", entry["code"], {"event": entry["code"], "event_type": "offline"})
            for entry in manifest["events"]
            if not entry["code"].startswith(OF_THE_APP)
        ),
        *(Wanted("robot", entry["code"], _robot(entry, public_url)) for entry in manifest["robots"]),
        *(Wanted("activity", entry["code"], _robot(entry, public_url)) for entry in manifest["activities"]),
        *(Wanted("trigger", entry["code"], _trigger(entry)) for entry in manifest.get("triggers", ())),
    )


def _placement(entry: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    title = entry["title"]
    return {
        "PLACEMENT": entry["code"],
        "HANDLER": f"{public_url}/b24/app",
        "TITLE": pick(title),
        "LANG_ALL": {language: {"TITLE": text} for language, text in title.items()},
    }


def _event(entry: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    return {"event": entry["code"], "handler": f"{public_url}/b24/event"}


def _robot(entry: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    has_page = entry.get("settings", False)
    return {
        "CODE": entry["code"],
        "HANDLER": f"{public_url}/b24/robot",
        "USE_SUBSCRIPTION": "Y",
        "NAME": entry["name"],
        "DESCRIPTION": entry["description"],
        "PROPERTIES": {name: _property(shape) for name, shape in entry["properties"].items()},
        "RETURN_PROPERTIES": entry["results"],
        "FILTER": entry["filter"],
        **({"USE_PLACEMENT": "Y", "PLACEMENT_HANDLER": f"{public_url}/b24/robot-settings"} if has_page else {}),
    }


def _trigger(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"CODE": entry["code"], "NAME": pick(entry["name"])}


def _property(shape: Mapping[str, Any]) -> dict[str, Any]:
    options = (
        {"Options": {value: pick(title) for value, title in shape["Options"].items()}} if "Options" in shape else {}
    )
    return {**shape, **options}


def known(portal_id: int) -> dict[tuple[str, str], str]:
    """The fingerprints of what was bound last, by kind and code."""
    rows = db.session.scalars(select(Registration).where(Registration.portal_id == portal_id))
    return {(row.kind, row.code): row.fingerprint for row in rows}


def register(
    client: Client, manifest: Mapping[str, Any], public_url: str, fingerprints: Mapping[tuple[str, str], str]
) -> Outcome:
    """Make the portal's registrations what the manifest lists. REST only; `remember` stores the outcome.

    Permanent when something of the core is refused. Robots and codes that this portal does not know are left out.
    """
    wishes = wanted(manifest, public_url)
    commands = dict(steps(wishes, look(client), fingerprints))
    refusals = _carry_out(client, commands)
    again = {key: (wish, _update(wish)) for key, (wish, error) in refusals.items() if error.code == ROBOT_ALREADY}
    refusals = {key: refusal for key, refusal in refusals.items() if key not in again} | _carry_out(client, again)
    for wish, error in refusals.values():
        if wish.kind not in OPTIONAL_KINDS and error.code not in UNKNOWN_HERE:
            sentence = _("Bitrix24 refuses to register %(code)s: %(reason)s", code=wish.code, reason=_reason(error))
            raise Permanent(sentence) from error
    lost = {(wish.kind, wish.code) for wish, _error in refusals.values()}
    return Outcome(
        bound=tuple(wish for wish in wishes if (wish.kind, wish.code) not in lost),
        failed=tuple(Failure(wish.kind, wish.code, _reason(error)) for wish, error in refusals.values()),
    )


def _carry_out(client: Client, commands: Mapping[str, Step]) -> dict[str, tuple[Wanted, RestError]]:
    """What was refused and matters. No answer at all is not asked for again: that could bind a placement twice.

    The job looks again instead.
    """
    answers = client.batch_lenient({key: command for key, (_wish, command) in commands.items()}, repeat=False)
    refusals: dict[str, tuple[Wanted, RestError]] = {}
    for key, (wish, _command) in commands.items():
        error = answers[key]
        if wish is None or not isinstance(error, RestError) or _is_bound_already(error):
            continue
        if isinstance(error, Wait):
            raise error
        refusals[key] = (wish, error)
    return refusals


def look(client: Client) -> Present:
    """What is bound now. Robots may be out of reach: then none are known."""
    answers = client.batch_lenient(
        {
            "placements": ("placement.get", {}),
            "events": ("event.get", {}),
            "robots": ("bizproc.robot.list", {}),
            "activities": ("bizproc.activity.list", {}),
            "triggers": ("crm.automation.trigger.list", {}),
        }
    )
    for key in ("placements", "events"):
        if isinstance(answers[key], RestError):
            raise answers[key]
    events = [(row, str(row.get("event")).upper()) for row in _rows(answers["events"])]
    return Present(
        placements=tuple((str(row.get("placement")), str(row.get("handler"))) for row in _rows(answers["placements"])),
        events=tuple((code, str(row.get("handler"))) for row, code in events if not _is_offline(row)),
        offline=tuple(code for row, code in events if _is_offline(row)),
        robots=_codes(answers["robots"]),
        activities=_codes(answers["activities"]),
        triggers=_triggers(answers["triggers"]),
    )


def steps(
    wishes: Iterable[Wanted], present: Present, fingerprints: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, Step]]:
    """The commands in the order to send them."""
    wishes = tuple(wishes)
    placements = {wish.code: wish for wish in wishes if wish.kind == "placement"}
    events = {wish.code: wish for wish in wishes if wish.kind == "event"}

    def is_current(wish: Wanted) -> bool:
        return fingerprints.get((wish.kind, wish.code)) == wish.fingerprint

    for code, handler in dict.fromkeys(present.placements):
        wish = placements.get(code)
        once = present.placements.count((code, handler)) == 1
        if wish and handler == wish.handler and once and is_current(wish):
            placements.pop(code)
        else:
            yield f"free:{code}:{handler}", (None, ("placement.unbind", {"PLACEMENT": code, "HANDLER": handler}))
    for code, handler in dict.fromkeys(present.events):
        if code in events and handler == events[code].handler:
            events.pop(code)
        else:
            yield f"free:{code}:{handler}", (None, ("event.unbind", {"event": code, "handler": handler}))
    yield from _offline_steps({wish.code: wish for wish in wishes if wish.kind == "offline"}, present.offline)
    for wish in placements.values():
        yield f"placement:{wish.code}", (wish, ("placement.bind", wish.params))
    for wish in events.values():
        yield f"event:{wish.code}", (wish, ("event.bind", wish.params))
    for wish in wishes:
        if wish.kind == "trigger" and not (wish.code in present.triggers and is_current(wish)):
            yield f"trigger:{wish.code}", (wish, ("crm.automation.trigger.add", wish.params))
        if wish.kind not in ROBOTS:
            continue
        there = wish.code in (present.robots if wish.kind == "robot" else present.activities)
        if not there:
            yield f"{wish.kind}:{wish.code}", (wish, (f"bizproc.{wish.kind}.add", wish.params))
        elif not is_current(wish):
            yield f"{wish.kind}:{wish.code}", (wish, _update(wish))


def _offline_steps(wishes: Mapping[str, Wanted], present: Iterable[str]) -> Iterator[tuple[str, Step]]:
    """One queue for all; its rows name no handler."""
    for code in sorted(set(present) - wishes.keys()):
        yield f"free:offline:{code}", (None, ("event.unbind", {"event": code, "event_type": "offline"}))
    for code in sorted(wishes.keys() - set(present)):
        yield f"offline:{code}", (wishes[code], ("event.bind", wishes[code].params))


def _update(wish: Wanted) -> Command:
    fields = {name: value for name, value in wish.params.items() if name != "CODE"}
    return f"bizproc.{wish.kind}.update", {"CODE": wish.code, "FIELDS": fields}


def remember(portal_id: int, outcome: Outcome, now: datetime) -> None:
    db.session.execute(delete(Registration).where(Registration.portal_id == portal_id))
    db.session.add_all(
        Registration(
            portal_id=portal_id, kind=wish.kind, code=wish.code, fingerprint=wish.fingerprint, bound_at=epoch(now)
        )
        for wish in outcome.bound
    )
    db.session.flush()


def _is_bound_already(error: RestError) -> bool:
    """Somebody, perhaps another worker, has bound it in between."""
    return error.code == PLACEMENT_ALREADY or EVENT_ALREADY in error.description.lower()


def _is_offline(row: Mapping[str, Any]) -> bool:
    return str(row.get("offline") or "0") != "0"


def _reason(error: RestError) -> str:
    return error.description or error.message


def _rows(answer: Any) -> list[dict[str, Any]]:
    return [row for row in mapping(answer).values() if isinstance(row, dict)]


def _triggers(answer: Any) -> frozenset[str]:
    return frozenset() if isinstance(answer, RestError) else frozenset(str(row.get("CODE")) for row in _rows(answer))


def _codes(answer: Any) -> frozenset[str]:
    return frozenset() if isinstance(answer, RestError) else frozenset(map(str, mapping(answer).values()))
