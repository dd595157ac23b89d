"""What the portal's page asks its server for while it hosts the app's iframe (static/portal.js is the other half).

The page opens the iframe by a form POST with the viewer's tokens, hands out fresh ones, and reports installFinish.
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from b24app.demo import installation
from b24app.demo.people import User
from b24app.demo.rest import body, portal
from b24app.demo.state import INSTALLED, Portal
from b24app.lib import clock
from b24app.lib.errors import AppError, Forbidden

frame_host = Blueprint("frame_host", __name__, url_prefix="/portal")
VIEWER_COOKIE, LANGUAGE_COOKIE = "demo_viewer", "demo_language"


def viewer(here: Portal) -> User:
    """Who looks at the portal: the address says so once (`?viewer=8`), then a cookie, else the administrator."""
    chosen = request.args.get("viewer") or request.cookies.get(VIEWER_COOKIE) or ""
    users = here.staff.users
    return users[int(chosen)] if chosen.isdigit() and int(chosen) in users else users[min(users)]


def language(here: Portal) -> str:
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE) or here.settings.language
    return chosen if chosen in ("ru", "en") else here.settings.language


@frame_host.errorhandler(AppError)
def failed(error: AppError) -> tuple[Response, int]:
    return jsonify({"error": error.message}), error.status


@frame_host.post("/frame")
def frame() -> Response:
    """The browser's form for one iframe, and what getInitData will answer in it."""
    here, asked = portal(), body()
    with here.lock:
        who, options = viewer(here), asked.mapping("options")
        placement = asked.text("placement", installation.MAIN_PAGE)
        post = installation.browser_post(here, who.id, placement, options, language(here), asked.text("handler"))
        installing = here.app.state != INSTALLED
    init: dict[str, Any] = {
        "DOMAIN": post.query["DOMAIN"],
        "PROTOCOL": post.query["PROTOCOL"],
        "PATH": "/rest",
        "LANG": post.query["LANG"],
        "AUTH_ID": post.fields["AUTH_ID"],
        "REFRESH_ID": post.fields["REFRESH_ID"],
        "AUTH_EXPIRES": post.fields["AUTH_EXPIRES"],
        "MEMBER_ID": post.fields["member_id"],
        "IS_ADMIN": who.is_admin,
        "INSTALL": installing,
        "FIRST_RUN": False,
        "PLACEMENT": post.fields["PLACEMENT"],
        "PLACEMENT_OPTIONS": options,
        "APP_OPTIONS": here.app.options,
        "USER_OPTIONS": {},
    }
    return jsonify({**post.record(), "init": init})


@frame_host.post("/auth")
def refresh_auth() -> Response:
    here = portal()
    body()
    with here.lock:
        pair = here.tokens.issue(viewer(here).id, clock.now())
    return jsonify({"AUTH_ID": pair.access, "REFRESH_ID": pair.refresh, "AUTH_EXPIRES": "3600"})


@frame_host.post("/install-finish")
def install_finish() -> Response:
    here = portal()
    body()
    with here.lock:
        if not viewer(here).is_admin:
            raise Forbidden("Only an administrator finishes an installation.")
        installation.finish(here, viewer(here).id)
    return jsonify({"state": here.app.state})
