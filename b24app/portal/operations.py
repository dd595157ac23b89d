"""What can be done to a tenant: install, admit, update, uninstall, resume.

All of it flushes and never commits. The client for its REST is in connection.py, its people in staff.py, the keys of
its API in api_tokens.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from b24app.bitrix.oauth import AppInfo
from b24app.lib import crypto
from b24app.lib.clock import epoch
from b24app.lib.db import db, hold
from b24app.lib.errors import Forbidden, NotFound
from b24app.lib.i18n import choose
from b24app.lib.i18n import gettext as _
from b24app.portal import audit, suspension
from b24app.portal.api_tokens import create_api_token as create_api_token
from b24app.portal.api_tokens import viewer_of_api_token as viewer_of_api_token
from b24app.portal.connection import Connection as Connection
from b24app.portal.connection import connect as connect
from b24app.portal.connection import purge as purge
from b24app.portal.connection import settings as settings
from b24app.portal.connection import use as use
from b24app.portal.jobs import finish as finish
from b24app.portal.jobs import job as job
from b24app.portal.jobs import report as report
from b24app.portal.jobs import start_job as start_job
from b24app.portal.queries import find
from b24app.portal.staff import sync_staff as sync_staff
from b24app.portal.tables import Portal, Registration, Token
from b24app.portal.visits import Visit

SERVICE, STAND_IN = 0, 1


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens a post brought. Widgets may bring no refresh token: such a pair is not worth keeping."""

    access_token: str
    refresh_token: str | None
    expires_in: int


def lock(portal_id: int) -> Portal:
    """The portal's row, held until the transaction ends: one writer per portal (architecture, decision 4).

    On PostgreSQL rows that only point at the portal may be added meanwhile: its events are taken, its requests logged.
    """
    found = db.session.get(Portal, portal_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound(_("There is no such portal."))
    hold(found)
    return found


def install(visit: Visit, pair: Pair, application_token: str | None, language: str, now: datetime) -> Portal:
    """Upsert the portal and make the visitor's pair its service token. A reinstall finds its data again.

    Only an administrator may. A different application token is taken while the portal is not installed or has another
    version: that is how a missed uninstall, a reinstall and an update look.
    """
    if not visit.is_admin:
        raise Forbidden(_("Only an administrator of this Bitrix24 can install the app. Ask yours to open it."))
    info = visit.info
    portal = find(info.member_id) or _new_portal(info, visit.server, now)
    if portal.status == "active" and info.installed:
        _check_application_token(portal, application_token, info.version)
    portal.oauth_server = visit.server
    portal.application_token = application_token or portal.application_token
    portal.language = choose(language)
    suspension.end(portal)
    portal.status, portal.uninstalled_at = "installing", None
    portal.settings = {key: value for key, value in portal.settings.items() if key != "erase"}
    _take_over(portal, info)
    remember_token(portal.id, info.user_id, pair, now, service=True)
    audit.record(portal.id, f"user:{info.user_id}", "portal.install", portal.domain, None, info.version, now)
    return portal


def _new_portal(info: AppInfo, server: str, now: datetime) -> Portal:
    portal = Portal(
        member_id=info.member_id,
        domain=info.domain,
        client_endpoint=info.client_endpoint,
        oauth_server=server,
        created_at=epoch(now),
        settings={},
    )
    db.session.add(portal)
    db.session.flush()
    return portal


def _take_over(portal: Portal, info: AppInfo) -> None:
    """What the OAuth server says now about a portal we know."""
    portal.domain, portal.client_endpoint = info.domain, info.client_endpoint
    portal.app_version, portal.scopes = info.version, list(info.scopes)


def installed(portal_id: int, now: datetime) -> None:
    """Everything is registered: from now on the portal is worked for."""
    portal = lock(portal_id)
    suspension.end(portal)
    portal.installed_at = portal.installed_at or epoch(now)


def admit(visit: Visit, pair: Pair, application_token: str | None, now: datetime) -> tuple[Portal, bool]:
    """The portal somebody opens the app in, and whether its registrations have to be looked through again.

    An administrator's pair is kept as a stand-in, and a portal that was suspended for want of one works again.
    """
    info = visit.info
    portal = find(info.member_id)
    if portal is None or portal.status == "uninstalled":
        raise NotFound(_("The app is not set up in this Bitrix24 yet. Ask an administrator to install it."))
    _check_application_token(portal, application_token, info.version)
    must_register = portal.app_version != info.version
    if visit.is_admin:
        portal.application_token = application_token or portal.application_token
        _take_over(portal, info)
        remember_token(portal.id, info.user_id, pair, now, service=False)
        if portal.status == "suspended":
            must_register = resume(portal.id, now)
    return portal, visit.is_admin and must_register


def _check_application_token(portal: Portal, given: str | None, version: str) -> None:
    """The secret of events comes with browser posts too. Only an update may have changed it (contract 10.8)."""
    if given is None or portal.application_token is None or portal.app_version != version:
        return
    if not crypto.same(given, portal.application_token):
        raise Forbidden(_("Bitrix24 does not confirm this request. Open the app from the Bitrix24 menu again."))


def remember_token(portal_id: int, user_id: int, pair: Pair, now: datetime, *, service: bool) -> None:
    """Keep an administrator's pair. A viewer's never replaces a service token that works (contract 10.6)."""
    if not pair.refresh_token:
        return
    tokens = {token.user_id: token for token in db.session.scalars(select(Token).where(Token.portal_id == portal_id))}
    token = tokens.get(user_id)
    if token is not None and token.rank == SERVICE and not token.dead and not service:
        return
    if service:
        for other in tokens.values():
            other.rank = max(other.rank, STAND_IN)
    if token is None:
        token = Token(portal_id=portal_id, user_id=user_id, rank=STAND_IN, version=0)
        db.session.add(token)
    if service:
        token.rank = SERVICE
    token.access_token, token.refresh_token = pair.access_token, pair.refresh_token
    token.expires_at, token.dead = epoch(now) + pair.expires_in, False
    token.version += 1
    db.session.flush()


def update(portal_id: int, info: AppInfo, application_token: str, now: datetime) -> None:
    """A new version of the app: its application token may be another one, verified by its own access token."""
    portal = lock(portal_id)
    before, portal.application_token = portal.app_version, application_token
    _take_over(portal, info)
    audit.record(portal_id, "system", "portal.update", portal.domain, before, info.version, now)


def uninstall(portal_id: int, clean: bool, now: datetime) -> None:
    """Tokens go at once and nobody works for the portal any more. With `clean` its rows wait to be erased."""
    portal = lock(portal_id)
    for table in (Token, Registration):
        db.session.execute(delete(table).where(table.portal_id == portal_id))
    portal.status, portal.uninstalled_at, portal.application_token = "uninstalled", epoch(now), None
    portal.settings = {**portal.settings, "erase": clean}
    audit.record(portal_id, "system", "portal.uninstall", portal.domain, None, {"clean": clean}, now)


def resume(portal_id: int, now: datetime) -> bool:
    """The portal lets us in again. Whether it had not."""
    portal = lock(portal_id)
    if portal.status != "suspended":
        return False
    before = portal.problem
    suspension.end(portal)
    audit.record(portal_id, "system", "portal.resume", portal.domain, before, None, now)
    return True


def change_settings(portal_id: int, changes: dict[str, Any], actor: str, now: datetime) -> None:
    """Columns of the portal (time_zone, base_currency, ..) by name; any other name is one of its small switches."""
    portal = lock(portal_id)
    columns = {"language", "time_zone", "base_currency", "week_start", "year_start", "country"}
    before = {name: getattr(portal, name) if name in columns else portal.settings.get(name) for name in changes}
    if before == changes:
        return
    for name in columns & changes.keys():
        setattr(portal, name, changes[name])
    portal.settings = {**portal.settings, **{name: changes[name] for name in changes.keys() - columns}}
    audit.record(portal_id, actor, "portal.settings", portal.domain, before, changes, now)


_EVENT_SECRET = select(Portal.id, Portal.application_token).where(
    Portal.member_id == bindparam("member_id"), Portal.status != "uninstalled"
)


def event_secret(member_id: str) -> tuple[int, str | None]:
    """Which portal an event is of, and the secret that has to come with it. Asked thousands of times in a burst."""
    portal = db.session.execute(_EVENT_SECRET, {"member_id": member_id}).one_or_none()
    if portal is None:
        raise NotFound(_("There is no such portal."))
    return portal.id, portal.application_token
