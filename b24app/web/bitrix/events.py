"""What the portal reports: a changed record goes into the inbox and is answered at once; the app's own life is lived.

Bitrix24 does not repeat an event, so it is stored before it is answered. Its only proof is the application token.
"""

import time

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from b24app.bitrix.payloads import Auth, EventPayload
from b24app.ingest.events import UnreadableEvent, news
from b24app.jobs import install as jobs
from b24app.jobs.news import receive
from b24app.lib import clock, crypto
from b24app.lib.db import write
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.lib.tenancy import work_for
from b24app.portal import operations, visits

bp = Blueprint("events", __name__)


@bp.post("/b24/event")
def event() -> ResponseReturnValue:
    payload = EventPayload.from_form(request.form)
    match payload.code:
        case "ONAPPINSTALL":
            _installed(payload)
        case "ONAPPUPDATE":
            _updated(payload)
        case "ONAPPUNINSTALL":
            _uninstalled(payload)
        case "ONAPPPAYMENT":
            _paid(payload)
        case "ONAPPMETHODCONFIRM":
            _confirmed(payload)
        case _:
            _changed(payload)
    return "", 200


KNOWN_FOR_S, MOST_KNOWN = 5, 10_000
_known: dict[str, tuple[int, str, float]] = {}
"""Secrets that were right a moment ago, so that a burst of events does not ask the database for each."""


def authenticated(auth: Auth) -> int:
    """The portal whose application token came with it. Addresses in the post are never looked at (contract 4.3)."""
    portal_id, secret = operations.event_secret(auth.member_id)
    if not secret or not crypto.same(auth.application_token, secret):
        logger.warning("post_refused", portal=portal_id, path=request.path)
        raise Forbidden(_("The application token is wrong."))
    work_for(portal_id)
    return portal_id


def _authenticated_lately(auth: Auth) -> int:
    """The same, but a secret that was right within the last seconds is right: after a removal or a new secret an event
    too many may come in, and does no more than have a record read again. Whatever differs is asked for."""
    portal_id, secret, until = _known.get(auth.member_id, (0, "", 0.0))
    if secret and time.monotonic() < until and crypto.same(auth.application_token, secret):
        work_for(portal_id)
        return portal_id
    portal_id = authenticated(auth)
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[auth.member_id] = portal_id, auth.application_token, time.monotonic() + KNOWN_FOR_S
    return portal_id


def _changed(payload: EventPayload) -> None:
    portal_id = _authenticated_lately(payload.auth)
    try:
        found = news(payload.code, payload.fields)
    except UnreadableEvent:
        logger.warning("event_unreadable", portal=portal_id, code=payload.code[:64])
        return
    if found is not None:
        receive(portal_id, (found,))


def _installed(payload: EventPayload) -> None:
    """May come first, late, or again: for a portal we know, the installer's own post has said it all."""
    try:
        authenticated(payload.auth)
    except NotFound:
        visit = _visit(payload.auth)
        pair = operations.Pair(str(payload.auth.access_token), payload.auth.refresh_token, payload.auth.expires_in)
        language = str(payload.fields.get("LANGUAGE_ID") or "")
        with write():
            portal = operations.install(visit, pair, payload.auth.application_token, language, clock.now())
        jobs.ask(portal.id)


def _updated(payload: EventPayload) -> None:
    """The application token may be a new one: an administrator's access token has to prove it. Handlers are gone."""
    portal_id, secret = operations.event_secret(payload.auth.member_id)
    if payload.auth.access_token is None and secret:
        authenticated(payload.auth)
    else:
        visit = _visit(payload.auth)
        with write():
            operations.update(portal_id, visit.info, payload.auth.application_token, clock.now())
        _known.clear()
    jobs.ask(portal_id)


def _visit(auth: Auth) -> visits.Visit:
    visit = visits.verify(str(auth.access_token), auth.member_id, server_endpoint=auth.server_endpoint)
    if not visit.is_admin:
        raise Forbidden(_("Only an administrator of this Bitrix24 may do this."))
    return visit


def _uninstalled(payload: EventPayload) -> None:
    portal_id = authenticated(payload.auth)
    clean = str(payload.fields.get("CLEAN")) == "1"
    with write():
        operations.uninstall(portal_id, clean, clock.now())
    _known.clear()
    if clean:
        enqueue(jobs.forget, portal_id, unique=f"forget:{portal_id}")


def _paid(payload: EventPayload) -> None:
    """Comes without an application token, so it proves nothing: the portal itself is asked (contract 10.9)."""
    portal_id, _secret = operations.event_secret(payload.auth.member_id)
    enqueue(jobs.review, portal_id, unique=f"review:{portal_id}")


def _confirmed(payload: EventPayload) -> None:
    """An administrator has allowed a method that the portal lets nobody use unasked, or has not. What waited for it is
    taken up; the token named in the event is none of ours to keep."""
    portal_id = authenticated(payload.auth)
    if str(payload.fields.get("CONFIRMED")) == "1":
        jobs.ask(portal_id)
    else:
        logger.warning("method_denied", portal=portal_id, method=str(payload.fields.get("METHOD"))[:64])
