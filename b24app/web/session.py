"""The session: a short-lived signed token in the Authorization header; no cookies. POST /ui/session renews it.

Reads SECRET_KEY and SESSION_MINUTES from the application's configuration.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, Request, current_app, jsonify, request
from flask.sessions import NullSession, SessionInterface
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError

from b24app.lib import clock, crypto
from b24app.lib.errors import Fault, Invalid, NotFound, Unauthorized
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import language
from b24app.portal import queries, visits

bp = Blueprint("session", __name__)


class NoCookies(SessionInterface):
    """The framework's own sessions live in a cookie: none is read, written or missed."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self.make_null_session(app)


@dataclass(frozen=True, slots=True)
class Session:
    """What a page is given; `expires_in` seconds."""

    token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Claims:
    """Who holds a session, as the OAuth server and the portal said when it began."""

    portal_id: int
    member_id: str
    """SQLite gives an erased portal's id to the next one that comes; this name belongs to one for ever."""
    user_id: int
    is_admin: bool
    language: str


class Renewal(BaseModel):
    """What the page takes from the portal around it: the viewer's own access token and the language they read."""

    access_token: str
    member_id: str
    domain: str = ""
    language: str = ""


def start(portal_id: int, visit: visits.Visit, language: str) -> Session:
    minutes = int(current_app.config["SESSION_MINUTES"])
    claims = {
        "portal": portal_id,
        "member": visit.info.member_id,
        "user": visit.info.user_id,
        "admin": visit.is_admin,
        "language": language,
    }
    return Session(crypto.sign(claims, current_app.config["SECRET_KEY"], clock.now(), minutes), minutes * 60)


def read(token: str) -> Claims:
    """Unauthorized when the token is forged or has ended."""
    claims = crypto.verify(token, current_app.config["SECRET_KEY"])
    try:
        return Claims(
            int(claims["portal"]),
            str(claims["member"]),
            int(claims["user"]),
            bool(claims["admin"]),
            str(claims["language"]),
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise Unauthorized(_("The session has ended. Reload the page.")) from cause


@bp.post("/ui/session")
def renew() -> ResponseReturnValue:
    """Verified like any browser post; the portal has to be installed."""
    try:
        asked = Renewal.model_validate(request.get_json(silent=True) or {})
    except ValidationError as error:
        faults = [Fault(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors(include_url=False)]
        raise Invalid(_("Open this page from Bitrix24."), faults) from error
    visit = visits.verify(asked.access_token, asked.member_id, asked.domain)
    portal = queries.find(visit.info.member_id)
    if portal is None or portal.status == "uninstalled":
        raise NotFound(_("The app is not set up in this Bitrix24 yet. Ask an administrator to install it."))
    session = start(portal.id, visit, asked.language or language())
    return jsonify(token=session.token, expires_in=session.expires_in)
