"""The audit log's page: who did what, when, from what to what. Only for administrators; it changes nothing."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.metrics.catalogue import CATALOGUE
from b24app.portal import api_tokens, audit
from b24app.portal import queries as people
from b24app.portal.rules import Action, Person, Structure, Unit
from b24app.web.formats import moment
from b24app.web.viewer import needs

bp = Blueprint("audit", __name__, url_prefix="/ui/settings/audit")

PAGE = 50
_PLACED = re.compile(r"(.*)\[(\d+)\]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
"""From that day on: steps of where calls are counted from."""

LONGEST = 120
"""So many letters of a value are shown in the list."""


@bp.get("")
@needs(Action.ADMINISTER)
def page() -> ResponseReturnValue:
    portal_id, zone = g.viewer.portal_id, people.get(g.viewer.portal_id).time_zone
    asked = {name: request.args.get(name, "")[:64] for name in ("actor", "action", "since", "until")}
    found = audit.entries(
        portal_id,
        actor=asked["actor"] or None,
        action=asked["action"] or None,
        since=_begin(asked["since"], zone),
        until=_begin(asked["until"], zone, days=1),
        before_id=_id(request.args.get("before", "")),
        limit=PAGE + 1,
    )
    structure = people.structure(portal_id)
    names = _names(portal_id, structure)
    return render_template(
        "settings/audit.html",
        viewer=g.viewer,
        asked=asked,
        rows=[
            (
                one,
                names.get(one.actor, one.actor),
                _target(one, structure),
                list(changes(one.before, one.after, structure, {"locked_by": names, **_values_of(one, zone)})),
            )
            for one in found[:PAGE]
        ],
        older=_address(asked, found[PAGE - 1].id) if len(found) > PAGE else None,
        actors=[("", _("Everybody")), *((one, names.get(one, one)) for one in audit.actors(portal_id))],
        actions=[("", _("Everything")), *what_happened().items()],
        what=what_happened(),
        time_zone=zone,
    )


def _address(asked: Mapping[str, str], before: int) -> str:
    known: dict[str, Any] = {name: text for name, text in asked.items() if text}
    return url_for(".page", **known, before=before)


def what_happened() -> dict[str, str]:
    """The log's words for people; a word that is not here is shown as it is."""
    return {
        "access.role": _("Role"),
        "access.deputy": _("Deputy"),
        "api_token.create": _("API token made"),
        "api_token.revoke": _("API token revoked"),
        "award.give": _("Badge given"),
        "award.revoke": _("Badge revoked"),
        "calls.source": _("Where calls are counted from"),
        "calendar.day": _("Own day"),
        "calendar.absence": _("Absence"),
        "calendar.absences": _("Absences of Bitrix24's calendars"),
        "credit.join": _("Credit no longer split"),
        "credit.split": _("Credit split"),
        "credit.undo": _("Change of credit taken back"),
        "entry.approve": _("Value approved"),
        "entry.correct": _("Value corrected"),
        "entry.enter": _("Values entered"),
        "entry.refuse": _("Value refused"),
        "entry.undo": _("Value taken back"),
        "import.begin": _("File imported"),
        "import.people": _("Said whom a file means"),
        "import.undo": _("Import taken back"),
        "notification.retry": _("Message sent again"),
        "period.lock": _("Period locked"),
        "period.unlock": _("Period unlocked"),
        "portal.install": _("App installed"),
        "portal.update": _("App updated"),
        "portal.uninstall": _("App removed"),
        "portal.suspend": _("App suspended"),
        "portal.resume": _("App works again"),
        "portal.settings": _("Settings"),
        "requests.mapping": _("What a request is"),
        "scorecard.save": _("Scorecard saved"),
        "scorecard.archive": _("Scorecard archived"),
        "scores.repair": _("Numbers repaired at night"),
        "target.set": _("Target"),
        "webhook.forget": _("Webhook removed"),
        "webhook.secret": _("Webhook given another secret"),
        "webhook.set": _("Webhook"),
    }


def field_words() -> dict[str, str]:
    """What fields of settings, roles and documents are called; one that is not here is shown by its name."""
    return {
        "0": _("all calls"),
        "approval_limit": _("Limit of all kinds"),
        "approval_of_api": _("What programs post through the API waits, too"),
        "attainment": _("Attainment"),
        "base_currency": _("Base currency"),
        "baseline": _("Baseline"),
        "cap": _("Cap"),
        "category_ids": _("In the funnels"),
        "code": _("Code"),
        "comment": _("Comment"),
        "credit_fields": _("Credit of deals"),
        "country": _("Public holidays of"),
        "created": _("Created at"),
        "days": _("Days"),
        "departments": _("Departments"),
        "deputy": _("Deputy"),
        "direction": _("Direction"),
        "edits_plan": _("Edits plans"),
        "effective_from": _("In force from"),
        "employees": _("Employees"),
        "entity": _("Requests are"),
        "entry_codes": _("Kinds of values"),
        "exclude": _("Except"),
        "first": _("First day"),
        "floor": _("Floor"),
        "hours_from": _("Work begins"),
        "hours_to": _("Work ends"),
        "indicators": _("Indicator"),
        "language": _("Language"),
        "last": _("Last day"),
        "locked_at": _("Locked at"),
        "locked_by": _("Locked by"),
        "lock_after_days": _("Lock closed periods after, working days"),
        "metric": _("Metric"),
        "missing": _("Without data"),
        "name": _("Name"),
        "options": _("Options"),
        "owner": _("Counts for"),
        "percent": _("Gets, percent"),
        "percent_field": _("or the percent in the field"),
        "period": _("Period"),
        "person": _("The field of the person"),
        "prorate": _("Proration"),
        "rated": _("Rated at"),
        "rating": _("Rating of the customer"),
        "reach": _("Sees"),
        "reason": _("Reason"),
        "refresh": _("Computed"),
        "resolved": _("Resolved at"),
        "resolved_stages": _("Or resolved while in"),
        "responded": _("First answer at"),
        "responded_stages": _("Or answered when it enters"),
        "results_moved": _("Numbers that are different now"),
        "sees_money": _("Sees money"),
        "shares": _("Share, percent"),
        "status": _("Status"),
        "subjects": _("For whom"),
        "target": _("Target"),
        "time_zone": _("Time zone"),
        "version": _("Version"),
        "week_start": _("Week begins on"),
        "weight": _("Weight"),
        "where": _("Conditions"),
        "year_start": _("Year begins in"),
        "zones": _("Zones"),
    }


def value_words() -> dict[str, Mapping[str, str]]:
    """By field what its values are called; a value that is not here is shown as it is."""
    calls = {"activities": _("Completed activities"), "telephony": _("Telephony statistics")}
    return {
        "0": calls,
        "direction": {"up": _("more"), "down": _("less")},
        "entity": {
            "deal": _("Deals"),
            "lead": _("Leads"),
            "session": _("open-line conversations"),
            "entry": _("entries"),
        },
        "metric": {code: pick(ready.name) for code, ready in CATALOGUE.items()},
        "missing": {"skip": _("is left out"), "zero": _("counts as 0")},
        "owner": {
            "responsible": _("the responsible"),
            "created_by": _("who created it"),
            "closed_by": _("who closed it"),
        },
        "period": {
            "day": _("Day"),
            "week": _("Week"),
            "month": _("Month"),
            "quarter": _("Quarter"),
            "half_year": _("Half-year"),
            "year": _("Year"),
        },
        "refresh": {
            "live": _("at once"),
            "hourly": _("every hour"),
            "daily": _("every day"),
            "weekly": _("every week"),
            "manual": _("by hand"),
        },
        "status": {"active": _("In force"), "draft": _("Draft"), "shadow": _("Trial"), "archived": _("Archived")},
    }


def _values_of(one: audit.Entry, zone: str) -> dict[str, dict[str, str]]:
    """What the values of this line alone are called; those that are no document's have the field ''."""
    match one.action:
        case "calendar.day":
            return {"": {"True": _("Working day"), "False": _("Day off")}}
        case "api_token.create" | "api_token.revoke":
            return {"": {"read": _("read"), "write": _("write"), "money": _("money")}}
        case "period.unlock" if isinstance(one.before, dict) and isinstance(at := one.before.get("locked_at"), int):
            return {"locked_at": {str(at): moment(at, zone)}}
    return {}


def _target(one: audit.Entry, structure: Structure) -> str:
    """What it was done to; people and departments by their names."""
    if one.target in ("portal", "webhook"):
        return ""
    kind, _colon, id = one.target.partition(":")
    if one.action.startswith("award."):
        badge, _space, id = one.target.rpartition(" ")
        return f"{badge}: {_name('employee', id, structure)}"
    if kind == "deal":
        return _("Deal %(id)s", id=id)
    return _name(kind, id, structure) if kind in ("employee", "department") else one.target


def _name(kind: str, id: str, structure: Structure) -> str:
    found: Mapping[int, Person | Unit] = structure.people if kind == "employee" else structure.units
    known = found.get(int(id)) if id.isdecimal() else None
    return known.name if known else id


def changes(
    before: Any,
    after: Any,
    structure: Structure | None = None,
    also: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[tuple[str, str, str]]:
    """(what, before, after) of what is different; of documents each field by its path, in words: `Indicator 2,
    Target`. With the structure people and departments have their names; `also` names values of more fields."""
    words, values = field_words(), {**value_words(), **(also or {})}
    if structure:
        values["departments"] = {str(id): unit.name for id, unit in structure.units.items()}
        values["employees"] = {str(id): person.name for id, person in structure.people.items()}
        words |= {f"employee:{id}": person.name for id, person in structure.people.items()}
    old, new = dict(_flat("", before)), dict(_flat("", after))
    for path in [*old, *(path for path in new if path not in old)]:
        if old.get(path) != new.get(path):
            called = values["0"] if _DAY.fullmatch(path) else values.get(path.rpartition(".")[2], {})
            yield _worded(path, words), _short(old.get(path), called), _short(new.get(path), called)


def _worded(path: str, words: Mapping[str, str]) -> str:
    return ", ".join(_one_worded(part, words) for part in path.split("."))


def _one_worded(part: str, words: Mapping[str, str]) -> str:
    found = _PLACED.fullmatch(part)
    if found is None:
        return words.get(part, part)
    return f"{words.get(found[1], found[1])} {int(found[2]) + 1}".strip()


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), one)
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for place, one in enumerate(value):
            yield from _flat(f"{path}[{place}]", one)
    elif value not in (None, [], ""):
        yield path, value


def _short(value: Any, called: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    parts = map(str, value if isinstance(value, list) else [value])
    text = ", ".join(called.get(one, one) for one in parts)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _names(portal_id: int, structure: Structure) -> Mapping[str, str]:
    """Whom the log means by `user:7` and `token:3`."""
    return {
        "system": _("the app itself"),
        **{f"user:{id}": person.name for id, person in structure.people.items()},
        **{f"token:{key.id}": _("token “%(name)s”", name=key.name) for key in api_tokens.listed(portal_id)},
    }


def _begin(text: str, zone: str, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise Invalid(_("The date in the address is not a date.")) from None


def _id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Invalid(_("This address is not complete. Open the page again from the menu."))
    return int(text)
