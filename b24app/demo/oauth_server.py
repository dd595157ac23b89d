"""The OAuth server under /oauth-server: the token endpoint, and the app.info that says whose token one holds."""

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request

from b24app.demo.errors import RestError
from b24app.demo.oauth import ACCESS_S, TokenPair
from b24app.demo.rest import portal
from b24app.demo.state import ABSENT, INSTALLED, Portal
from b24app.lib import clock

oauth_server = Blueprint("oauth_server", __name__, url_prefix="/oauth-server")


@oauth_server.route("/oauth/token/", methods=["GET", "POST"])
def token() -> Response:
    here = portal()
    try:
        with here.lock:
            return jsonify(_granted(here, _grant(here)))
    except RestError as error:
        return make_response(jsonify(error.body()), error.status)


def _grant(here: Portal) -> TokenPair:
    asked, now = request.values, clock.now()
    if asked.get("client_id") != here.settings.client_id:
        raise RestError("wrong_client", "Wrong client", 200)  # with 200, as the real one answers
    if asked.get("client_secret") != here.settings.client_secret:
        raise RestError("invalid_client", "Invalid client", 400)
    if here.app.state == ABSENT:
        raise RestError("NOT_INSTALLED", "Application not installed", 401)
    match asked.get("grant_type"):
        case "refresh_token":
            return here.tokens.rotate(asked.get("refresh_token", ""), now)
        case "authorization_code":
            return here.tokens.exchange(asked.get("code", ""), now)
    raise RestError("invalid_request", "Unknown grant type", 400)


def _granted(here: Portal, pair: TokenPair) -> dict[str, Any]:
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "expires": int(pair.expires_at.timestamp()),
        "expires_in": ACCESS_S,
        "client_endpoint": here.client_endpoint,
        "server_endpoint": here.server_endpoint,
        "domain": request.host,  # the OAuth server's own host, not the portal's
        "member_id": here.settings.member_id,
        "scope": here.scope,
        "status": "F",
        "user_id": pair.user_id,
    }


@oauth_server.route("/rest/app.info/", methods=["GET", "POST"], strict_slashes=False)
def app_info() -> Response:
    here, access = portal(), request.values.get("auth") or (request.get_json(silent=True) or {}).get("auth", "")
    try:
        with here.lock:
            user = here.user_behind(str(access))
            expires_at = here.tokens.expires_at(str(access))
    except RestError as error:
        return make_response(jsonify(error.body()), error.status)
    now = clock.now()
    install = {
        "installed": here.app.state == INSTALLED,
        "version": here.app.version,
        "status": "F",
        "scope": here.scope,
        "domain": here.domain,
        "uri": f"{here.url}/",
        "client_endpoint": here.client_endpoint,
        "member_id": here.settings.member_id,
        "member_type": "cloud",
    }
    result = {
        "client_id": here.settings.client_id,
        "scope": here.scope,
        "expires": expires_at.isoformat(timespec="seconds"),
        "user_id": user.id,
        "install": install,
    }
    spent = {
        "start": now.timestamp(),
        "finish": now.timestamp(),
        "duration": 0.0,
        "processing": 0.0,
        "date_start": now.isoformat(timespec="seconds"),
        "date_finish": now.isoformat(timespec="seconds"),
        "operating": 0.0,
    }
    return jsonify({"result": result, "time": spent})
