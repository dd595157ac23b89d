"""Who may call, and how often: the bearer token, its scopes, and the rate limit all processes share through Redis."""

from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask_limiter import Limiter

from b24app.lib import clock, crypto
from b24app.lib.errors import Forbidden, Unauthorized
from b24app.lib.i18n import LANGUAGES
from b24app.lib.i18n import gettext as _
from b24app.lib.tenancy import work_for
from b24app.portal import operations
from b24app.portal.rules import Viewer
from b24app.web.viewer import bearer, speak

RATE = "3000 per minute"
"""Per token; `API_RATE_LIMIT` of the application's configuration overrides it."""


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
    """A 401 names the way to authenticate, a 429 the seconds to wait (RFC 9110)."""
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if response.status_code == 429 and limiter.current_limit:
        wait_s = limiter.current_limit.reset_at - clock.epoch(clock.now())
        response.headers["Retry-After"] = str(max(1, wait_s))
    return response


def _caller() -> str:
    token = bearer()
    return crypto.fingerprint(token) if token else request.remote_addr or "nobody"


def _rate() -> str:
    return str(current_app.config.get("API_RATE_LIMIT", RATE))


def _too_many() -> str:
    return _("Too many requests. Wait as many seconds as Retry-After says.")


limiter = Limiter(key_func=_caller, in_memory_fallback_enabled=True, strategy="fixed-window")
"""Counted in Redis; while it cannot be reached each process counts for itself."""


def limit(blueprint: Blueprint) -> None:
    """The rate limit of every call, from the moment the blueprint is registered with an application."""
    blueprint.record_once(lambda state: _set_up(cast(Flask, state.app)))
    limiter.limit(_rate, error_message=_too_many)(blueprint)


def _set_up(app: Flask) -> None:
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config.get("REDIS_URL") or "memory://")
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK", RATE)
    limiter.init_app(app)
