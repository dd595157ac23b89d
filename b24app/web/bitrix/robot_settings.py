"""The settings page of robots (contract 6.4): people, scorecards and indicators by name instead of by code.

Opened by a browser's POST like every widget and verified like one. What is chosen is handed to the portal by the page
itself (app.js, setPropertyValue); nothing is stored here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import PlacementPayload
from b24app.bitrix.wire import mapping
from b24app.lib import clock
from b24app.lib.errors import NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import pick
from b24app.outcomes.dashboards import choices
from b24app.outcomes.dashboards.choices import Choices, Named
from b24app.portal import operations, queries, visits
from b24app.web import session
from b24app.web.bitrix.app import admitted
from b24app.web.viewer import frame_in, speak

bp = Blueprint("robot_settings", __name__)

LONGEST_VALUE = 10_000
MOST_FIELDS = 300


@dataclass(frozen=True, slots=True)
class Field:
    """One question of the form. `control`: select, place (scorecard and indicator in one), text, area."""

    name: str
    control: str
    label: str
    hint: str
    value: str
    required: bool
    options: tuple[Named, ...] = ()
    second: str = ""
    """Of a place: the indicator that is chosen."""
    suggested: tuple[Named, ...] = ()


@bp.post("/b24/robot-settings")
def page() -> ResponseReturnValue:
    payload = PlacementPayload.from_form(request.form, request.args)
    speak(payload.language)
    visit = visits.verify(payload.access_token, payload.member_id, request.args.get("DOMAIN"), payload.server_endpoint)
    frame_in(visit.info.client_endpoint)
    portal_id = admitted(visit, payload)
    entry = _entry(str(payload.options.get("code") or ""))
    viewer = queries.viewer(portal_id, visit.info.user_id, visit.is_admin, payload.language, clock.now())
    offered = choices.choices(viewer)
    return render_template(
        "robots/settings.html",
        session=session.start(portal_id, visit, payload.language),
        title=pick(entry["name"]),
        description=pick(entry["description"]),
        fields=fields(entry, payload.options, offered),
        offered=offered,
    )


def _entry(code: str) -> Mapping[str, Any]:
    """The robot or activity as install.json has it."""
    manifest = operations.settings().manifest
    found = next((one for one in (*manifest["robots"], *manifest["activities"]) if one["code"] == code), None)
    if found is None:
        raise NotFound(_("This version of the app has no robot %(code)s.", code=code[:64]))
    return dict(found)


def fields(entry: Mapping[str, Any], options: Mapping[str, Any], offered: Choices) -> tuple[Field, ...]:
    """The robot's properties in their order, with what is set by now. Scorecard and indicator are one question."""
    given = {name: _text(value) for name, value in mapping(options.get("current_values")).items()}
    suggested = tuple(_expressions(mapping(options.get("document_fields"))))
    properties = entry["properties"]
    return tuple(
        _field(name, shape, given, offered, suggested, "indicator" in properties)
        for name, shape in properties.items()
        if not (name == "indicator" and "scorecard" in properties)
    )


def _field(
    name: str,
    shape: Mapping[str, Any],
    given: Mapping[str, str],
    offered: Choices,
    suggested: tuple[Named, ...],
    has_indicator: bool,
) -> Field:
    value = given.get(name, str(shape.get("Default") or ""))
    one = Field(
        name=name,
        control="area" if shape["Type"] == "text" else "text",
        label=pick(shape["Name"]),
        hint=pick(shape.get("Description")),
        value=value,
        required=shape.get("Required") == "Y",
    )
    if name == "employee":
        people = [("", _("The responsible of the record")), *((f"user_{id}", person) for id, person in offered.people)]
        return replace(one, control="select", options=_with(people, value), hint="")
    if name == "scorecard" and has_indicator:
        label = _("Scorecard and indicator")
        return replace(one, control="place", label=label, hint="", second=given.get("indicator", ""))
    if name == "badge":
        badges = [("", _("Choose a badge")), *offered.badges]
        return replace(one, control="select", options=_with(badges, value), hint="")
    if "Options" in shape:
        options = [(key, pick(title)) for key, title in shape["Options"].items()]
        return replace(one, control="select", options=_with(options, value))
    return replace(one, suggested=offered.entry_codes if name == "code" else suggested)


def _with(options: Iterable[Named], value: str) -> tuple[Named, ...]:
    """The options, and what is set if it is none of them: an expression of the workflow stays what it is."""
    known = tuple(options)
    return known if value in dict(known) else (*known, (value, value))


def _expressions(document_fields: Mapping[str, Any]) -> Iterable[Named]:
    """The fields of the record as a workflow names them."""
    for name, shape in list(document_fields.items())[:MOST_FIELDS]:
        yield f"{{=Document:{name}}}", str(mapping(shape).get("Name") or name)


def _text(value: Any) -> str:
    """A multiple value is given as a list; the first one is what a robot reads."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        value = value[0] if value else ""
    return "" if value is None else str(value)[:LONGEST_VALUE]
