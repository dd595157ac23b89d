"""The app's life in the portal: being installed, finished, updated and removed; placements as browsers open them."""

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from b24app.demo.people import ADMIN_ID
from b24app.demo.state import ABSENT, INSTALLED, INSTALLING, Placement, Portal
from b24app.lib import clock
from b24app.lib.errors import Conflict, NotFound

MAIN_PAGE = "DEFAULT"
ROBOT_SETTINGS = "ACTIVITY_PROPERTIES_DIALOG"


@dataclass(frozen=True, slots=True)
class BrowserPost:
    """The form a browser submits into the iframe, and the name that iframe has to bear."""

    action: str
    query: dict[str, str]
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return "|".join((self.query["DOMAIN"], self.query["PROTOCOL"], self.query["APP_SID"]))

    def record(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "query": self.query,
            "url": f"{self.action}{'&' if '?' in self.action else '?'}{urlencode(self.query)}",
            "fields": self.fields,
            "name": self.name,
            "sid": self.query["APP_SID"],
        }


def install(portal: Portal) -> None:
    """Begin: from now on the administrator sees the installer. Repeating it before the end changes nothing."""
    if portal.app.state == ABSENT:
        portal.app.state, portal.app.token = INSTALLING, secrets.token_hex(16)


def finish(portal: Portal, user_id: int = ADMIN_ID) -> None:
    """installFinish: events flow and placements show from here on."""
    if portal.app.state == ABSENT:
        raise Conflict("The application is not being installed.")
    if portal.app.state == INSTALLING:
        portal.app.state = INSTALLED
        data = {"VERSION": str(portal.app.version), "ACTIVE": "Y", "INSTALLED": "Y"}
        portal.emit("ONAPPINSTALL", {**data, "LANGUAGE_ID": portal.settings.language}, user_id)


def update(portal: Portal, new_token: bool = False, user_id: int = ADMIN_ID) -> None:
    """A new version: the handlers bound so far hear of it, then handlers and robots are wiped, as Bitrix24 does."""
    previous, portal.app.version = portal.app.version, portal.app.version + 1
    if new_token:
        portal.app.token = secrets.token_hex(16)
    data = {"VERSION": str(portal.app.version), "PREVIOUS_VERSION": str(previous)}
    portal.emit("ONAPPUPDATE", {**data, "LANGUAGE_ID": portal.settings.language}, user_id)
    portal.events.clear()
    portal.workflows.robots.clear()


def uninstall(portal: Portal, clean: bool) -> None:
    """Tokens die at once; the event carries none. `clean` also deletes what the app stored in the portal."""
    was_finished, portal.app.state, portal.app.removed = portal.app.state == INSTALLED, ABSENT, True
    portal.tokens.void_all()
    if was_finished:
        portal.events.emit("ONAPPUNINSTALL", {"LANGUAGE_ID": portal.settings.language, "CLEAN": str(int(clean))})
    portal.events.clear()
    portal.workflows.robots.clear()
    portal.workflows.triggers.clear()
    portal.app.placements.clear()
    portal.app.token = ""
    if clean:
        portal.app.options.clear()


def placements(portal: Portal, code: str) -> tuple[Placement, ...]:
    """What people see under a placement code: nothing before the installation is finished."""
    if portal.app.state != INSTALLED:
        return ()
    return tuple(one for one in portal.app.placements if one.code == code)


def browser_post(
    portal: Portal,
    user_id: int,
    placement: str = MAIN_PAGE,
    options: dict[str, Any] | None = None,
    language: str = "",
    handler: str = "",
) -> BrowserPost:
    """The form of one opening, with a fresh token pair of the viewer. While installing it leads to the installer."""
    settings = portal.settings
    if portal.app.state == ABSENT:
        raise NotFound("The application is not installed.")
    if portal.app.state == INSTALLING:
        action, placement = settings.app_url + settings.install_path, MAIN_PAGE
    elif placement == MAIN_PAGE:
        action = settings.app_url + settings.app_path
    elif placement == ROBOT_SETTINGS:
        pages = [one.settings_page for one in portal.workflows.robots.values() if one.settings_page]
        if handler not in pages:
            raise NotFound("No robot has such a settings page.")
        action = handler
    else:
        bound = [one.handler for one in placements(portal, placement) if handler in ("", one.handler)]
        if not bound:
            raise NotFound(f"Nothing is bound to the placement {placement}.")
        action = bound[0]
    pair = portal.tokens.issue(user_id, clock.now())
    query = {
        "DOMAIN": portal.domain,
        "PROTOCOL": settings.protocol,
        "LANG": language or settings.language,
        "APP_SID": secrets.token_hex(16),
    }
    fields = {
        "AUTH_ID": pair.access,
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": pair.refresh,
        "SERVER_ENDPOINT": portal.server_endpoint,
        "APPLICATION_TOKEN": portal.app.token,
        "APPLICATION_SCOPE": portal.scope,
        "member_id": settings.member_id,
        "status": "F",
        "PLACEMENT": placement,
        "PLACEMENT_OPTIONS": json.dumps(options or {}, ensure_ascii=False, separators=(",", ":")),
    }
    return BrowserPost(action, query, fields)
