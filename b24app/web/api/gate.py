"""Who may call, and how often: the bearer token, its scopes, and the rate limit all processes share through Redis."""

from flask import Response, current_app, request
from werkzeug.exceptions import TooManyRequests

from b24app.lib import clock, crypto
from b24app.lib.errors import Forbidden, Unauthorized
from b24app.lib.i18n import LANGUAGES
from b24app.lib.i18n import gettext as _
from b24app.lib.rates import Allowance
from b24app.lib.tenancy import work_for
from b24app.portal import operations
from b24app.portal.rules import Viewer
from b24app.web.viewer import bearer, speak

RATE = "3000 per minute"
"""Per token; `API_RATE_LIMIT` of the application's configuration overrides it."""

calls = Allowance("calls")


def admit(writes: bool) -> Viewer:
    """Whoever the token belongs to, if its scopes allow the call. Answers speak their language, or the portal's."""
    token = bearer()
    viewer = operations.viewer_of_api_token(token, clock.now()) if token else None
    if viewer is None:
        raise Unauthorized(_("Send a valid API token: Authorization: Bearer TOKEN."))
    work_for(viewer.portal_id)
    if not request.accept_languages.best_match(LANGUAGES):
        speak(viewer.language)
    if writes and not viewer.may_write:
        raise Forbidden(_("This token may not write: it lacks the scope “write”."))
    if not writes and not viewer.may_read:
        raise Forbidden(_("This token may not read: it lacks the scope “read”."))
    return viewer


def say_how(response: Response) -> Response:
    """A 401 names the way to authenticate (RFC 9110)."""
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def limit() -> None:
    """The rate limit of every call; a 429 names the seconds to wait."""
    caller, rate = _caller(), str(current_app.config.get("API_RATE_LIMIT", RATE))
    if calls.wait_s(caller) or not calls.spend(caller, rate):
        message = _("Too many requests. Wait as many seconds as Retry-After says.")
        raise TooManyRequests(message, retry_after=calls.wait_s(caller) or 1)


def _caller() -> str:
    token = bearer()
    return crypto.fingerprint(token) if token else request.remote_addr or "nobody"
