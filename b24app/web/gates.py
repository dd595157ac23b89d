"""How often somebody may be refused at the addresses that anybody can call: counted per network address.

Only refused requests count, for a whole company may sit behind one address, and only they are asked about: whoever is
let in costs no look at Redis, and whoever was refused too often is turned away from memory. All events come from the
few addresses of Bitrix24's queue, so there the portal that is named counts with the address: one whose secret is wrong
stops no other. The limit of API tokens is in web/api/gate.py.
"""

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import TooManyRequests

from b24app.lib.i18n import gettext as _
from b24app.lib.rates import Allowance

RATE = "120 per minute"
"""`REFUSED_RATE_LIMIT` of the application's configuration overrides it."""

EVENTS = ("/b24/event", "/b24/robot")
OPENED = ("/b24/", "/ui/session")
PROGRAMS = "/api/"
LONGEST_NAME = 64

refusals = Allowance("refused")


def init_app(app: Flask) -> None:
    refusals.forget()
    app.before_request(_turn_away)
    app.after_request(_count)


def caller() -> str:
    address = request.remote_addr or "nobody"
    if request.path.startswith(EVENTS):
        return f"{address} {request.form.get('auth[member_id]', '')[:LONGEST_NAME]}"
    return address


def was_refused(response: Response) -> bool:
    """Of programs only those without a valid token: what they do wrong with one is theirs. An event that names no
    portal of ours has guessed at no secret."""
    if request.path.startswith(PROGRAMS):
        return response.status_code == 401
    if request.path.startswith(EVENTS) and response.status_code == 404:
        return False
    return 400 <= response.status_code < 500 and response.status_code != 429


def _turn_away() -> None:
    if not request.path.startswith((*OPENED, PROGRAMS)):
        return
    g.caller = caller()
    if wait_s := refusals.wait_s(g.caller):
        raise TooManyRequests(
            _("Too many refused requests. Wait as many seconds as Retry-After says."), retry_after=wait_s
        )


def _count(response: Response) -> Response:
    """Each process lets in one more, at most, of somebody whom others know as refused too often."""
    if "caller" in g and was_refused(response):
        refusals.spend(g.caller, str(current_app.config.get("REFUSED_RATE_LIMIT", RATE)))
    return response
