"""How often somebody may be refused at the addresses that anybody can call: counted per network address.

Only refused requests count, for a whole company may sit behind one address. All events come from the few addresses of
Bitrix24's queue, so there the portal that is named counts with the address: one whose secret is wrong stops no other.
The limit of API tokens is in web/api/gate.py; both are counted in Redis, for all processes together.
"""

from flask import Flask, Response, current_app, request
from flask_limiter import ApplicationLimit, Limiter

from b24app.lib import clock
from b24app.lib.i18n import gettext as _

RATE = "120 per minute"
"""`REFUSED_RATE_LIMIT` of the application's configuration overrides it."""

EVENTS = ("/b24/event", "/b24/robot")
OPENED = ("/b24/", "/ui/session")
PROGRAMS = "/api/"
LONGEST_NAME = 64


def init_app(app: Flask) -> None:
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config.get("REDIS_URL") or "memory://")
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK", RATE)
    limiter.init_app(app)
    app.after_request(say_how_long)


def say_how_long(response: Response) -> Response:
    """A 429 names the seconds to wait (RFC 9110)."""
    found = limiter.current_limit
    if response.status_code == 429 and found and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = str(max(1, found.reset_at - clock.epoch(clock.now())))
    return response


def caller() -> str:
    address = request.remote_addr or "nobody"
    if request.path.startswith(EVENTS):
        return f"{address} {request.form.get('auth[member_id]', '')[:LONGEST_NAME]}"
    return address


def was_refused(response: Response) -> bool:
    """Of programs only those without a valid token: what they do wrong with one is theirs."""
    if request.path.startswith(PROGRAMS):
        return response.status_code == 401
    return 400 <= response.status_code < 500 and response.status_code != 429


def _is_inside() -> bool:
    return not request.path.startswith((*OPENED, PROGRAMS))


def _rate() -> str:
    return str(current_app.config.get("REFUSED_RATE_LIMIT", RATE))


def _too_many() -> str:
    return _("Too many refused requests. Wait as many seconds as Retry-After says.")


limiter = Limiter(
    key_func=caller,
    application_limits=[
        ApplicationLimit(_rate, error_message=_too_many, exempt_when=_is_inside, deduct_when=was_refused)
    ],
    in_memory_fallback_enabled=True,
    strategy="fixed-window",
    key_prefix="refused",
)
"""Counted in Redis; while it cannot be reached each process counts for itself."""
