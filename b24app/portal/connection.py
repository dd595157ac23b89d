"""A client for a portal, with what it needs of us: tokens renewed by one worker at a time, limiter, REST log.

Tokens are stored in transactions of their own: a renewed pair must survive whatever becomes of the caller's work. So
REST is never called inside a write transaction (it would wait for itself on SQLite).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import LockError, RedisError
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from b24app.bitrix.client import IN_BACKGROUND, Access, Client, Patience
from b24app.bitrix.errors import (
    NotInstalled,
    OwnerDismissed,
    PortalGone,
    TokenDead,
    TokenExpired,
    Unreachable,
    is_known,
    reason,
    refused,
    told,
)
from b24app.bitrix.journal import Exchange
from b24app.bitrix.oauth import Credentials, OAuth
from b24app.bitrix.throttle import Limiter
from b24app.lib import clock, telemetry
from b24app.lib.db import db
from b24app.lib.errors import NotFound, Permanent
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.lib.tenancy import across_tenants
from b24app.portal import suspension
from b24app.portal.tables import Portal, RestCall, Token

RENEW_BEFORE_S = 60
BUSY_S = 60
LOCK_S = 60
LOOKS = 20
LOOK_EVERY_S = 0.25
LOG_KEPT = timedelta(days=3)
DORMANT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Connection:
    """What everything that talks to portals is handed at start. Without `redis` each process limits itself."""

    credentials: Credentials
    public_url: str
    manifest: Mapping[str, Any]
    redis: Redis | None = None


_connection: Connection | None = None


def use(settings: Connection) -> None:
    """Handed down once, at start."""
    global _connection
    _connection = settings


def settings() -> Connection:
    if _connection is None:
        raise Permanent("The connection to Bitrix24 is not set up.")
    return _connection


def limiter(member_id: str) -> Limiter:
    return Limiter(settings().redis, member_id, was_busy=lambda: _was_busy(member_id))


def _was_busy(member_id: str) -> bool:
    """Whether anybody has asked this portal lately, by the log of requests: the limiter has lost its memory."""
    since = clock.epoch(clock.now()) - BUSY_S
    with Session(db.engine) as session:
        portal_id = session.scalar(across_tenants(select(Portal.id).where(Portal.member_id == member_id)))
        if portal_id is None:
            return False
        calls = select(RestCall.id).where(RestCall.portal_id == portal_id, RestCall.at >= since)
        return session.scalar(calls.limit(1)) is not None


def connect(portal_id: int, patience: Patience = IN_BACKGROUND, *, suspended_too: bool = False) -> Client:
    """A client that works in the name of the portal's administrators; for a suspended portal only if asked for."""
    with Session(db.engine) as session:
        portal = session.get(Portal, portal_id)
        if portal is None:
            raise NotFound(_("There is no such portal."))
        keeper = TokenKeeper(portal_id, portal.oauth_server, portal.member_id, suspended_too)
    return Client(keeper, limiter(keeper.member_id), patience=patience, log=_logging(portal_id))


def dormant(portal_id: int, now: datetime) -> tuple[int, ...]:
    """Whose living tokens were not renewed for a month."""
    before = clock.epoch(now - DORMANT)
    stale = select(Token.user_id).where(Token.portal_id == portal_id, Token.dead.is_(False), Token.expires_at < before)
    return tuple(db.session.scalars(stale.order_by(Token.user_id)))


def keep_alive(portal_id: int, user_id: int) -> None:
    """Renew somebody's pair, so that its refresh token does not end unused. A dead one is marked so."""
    with Session(db.engine) as session:
        portal = session.get_one(Portal, portal_id)
        keeper = TokenKeeper(portal_id, portal.oauth_server, portal.member_id, suspended_too=False)
    keeper.keep_alive(user_id)


class TokenKeeper:
    """The Keeper of one portal's stored tokens (bitrix/client.py says what it owes)."""

    def __init__(self, portal_id: int, server: str, member_id: str, suspended_too: bool) -> None:
        self.member_id = member_id
        self._portal_id = portal_id
        self._server = server
        self._suspended_too = suspended_too
        self._oauth = OAuth(settings().credentials)

    def access(self) -> Access:
        """The service token, or the first stand-in that is alive. Without any the portal is suspended."""
        with Session(db.engine) as session:
            portal = session.get(Portal, self._portal_id)
            if portal is None or portal.status == "uninstalled":
                raise NotInstalled(_("The app is not installed in this Bitrix24 any more."))
            if portal.status == "suspended" and not self._suspended_too:
                raise PortalGone(portal.problem or _("The app is suspended in this Bitrix24."))
            token = session.scalar(self._tokens().where(Token.dead.is_(False)).order_by(Token.rank, Token.user_id))
            found = token and (self._access_of(token, portal.client_endpoint), token.expires_at)
        if not found:
            error = refused("", None, {"error": "invalid_grant"})
            self._suspend(reason(error))
            raise error
        access, expires_at = found
        return self.renewed(access) if expires_at - RENEW_BEFORE_S <= clock.epoch(clock.now()) else access

    def renewed(self, stale: Access) -> Access:
        with self._lock() as is_alone:
            current, refresh_token = self._stored(stale.user_id)
            if current.version != stale.version:
                return current
            renewed = self._renew(current, refresh_token) or (None if is_alone else self._stored_by_another(current))
        return renewed or self.another(current)

    def keep_alive(self, user_id: int) -> None:
        self.renewed(self._stored(user_id)[0])

    def _renew(self, current: Access, refresh_token: str) -> Access | None:
        """The new pair, stored. None when the refresh token is dead."""
        self._prove_writable(current)
        try:
            pair = self._oauth.refresh(self._server, refresh_token)
        except (TokenDead, TokenExpired, OwnerDismissed):
            return None
        except PortalGone as error:
            self.gone(error)
            raise
        expires_at = clock.epoch(clock.now()) + pair.expires_in
        self._store(current, pair.access_token, pair.refresh_token, expires_at)
        if pair.client_endpoint and pair.client_endpoint != current.endpoint and pair.member_id == self.member_id:
            self._store_address(pair.client_endpoint)
        return self._stored(current.user_id)[0]

    def another(self, dismissed: Access) -> Access:
        with own_transaction() as session:
            session.execute(self._update(dismissed).values(dead=True))
        return self.access()

    def moved(self, access: Access, address: str) -> Access:
        """A redirect alone proves nothing: the OAuth server has to name the same host (contract 2.5)."""
        try:
            info = self._oauth.app_info(self._server, access.token)
        except TokenExpired:
            access = self.renewed(access)
            info = self._oauth.app_info(self._server, access.token)
        says = urlsplit(info.client_endpoint).netloc
        if (
            info.member_id != self.member_id
            or says != urlsplit(address).netloc
            or info.client_endpoint == access.endpoint
        ):
            logger.warning("unconfirmed_move", portal=self._portal_id)
            raise Unreachable(_("Bitrix24 has sent us to an address that nobody vouches for."))
        self._store_address(info.client_endpoint)
        return replace(access, endpoint=info.client_endpoint)

    def gone(self, error: PortalGone) -> None:
        self._suspend(reason(error))

    def _tokens(self) -> Any:
        return select(Token).where(Token.portal_id == self._portal_id)

    def _access_of(self, token: Token, endpoint: str) -> Access:
        return Access(endpoint, token.access_token, token.user_id, token.version)

    def _stored(self, user_id: int) -> tuple[Access, str]:
        with Session(db.engine) as session:
            portal = session.get_one(Portal, self._portal_id)
            token = session.scalar(self._tokens().where(Token.user_id == user_id))
            if token is None:
                raise NotInstalled(_("The app is not installed in this Bitrix24 any more."))
            return self._access_of(token, portal.client_endpoint), token.refresh_token

    def _stored_by_another(self, current: Access) -> Access | None:
        """Without the lock two workers may refresh at once: who comes second waits for what the first one got."""
        for _look in range(LOOKS):
            time.sleep(LOOK_EVERY_S)
            found = self._stored(current.user_id)[0]
            if found.version != current.version:
                return found
        return None

    def _update(self, current: Access) -> Any:
        """Compare and set: touches nothing when somebody else has stored another version in between."""
        return update(Token).where(
            Token.portal_id == self._portal_id, Token.user_id == current.user_id, Token.version == current.version
        )

    def _prove_writable(self, current: Access) -> None:
        """On a full disk fail now, while the refresh token still works, and not with the new pair in hand."""
        with own_transaction() as session:
            session.execute(self._update(current).values(version=Token.version))

    def _store(self, current: Access, access_token: str, refresh_token: str, expires_at: int) -> None:
        with own_transaction() as session:
            session.execute(
                self._update(current).values(
                    access_token=access_token,
                    refresh_token=refresh_token,
                    expires_at=expires_at,
                    version=Token.version + 1,
                    dead=False,
                )
            )

    def _store_address(self, endpoint: str) -> None:
        with own_transaction() as session:
            values = {"client_endpoint": endpoint, "domain": urlsplit(endpoint).netloc}
            session.execute(update(Portal).where(Portal.id == self._portal_id).values(values))
        logger.info("portal_moved", portal=self._portal_id)

    def _suspend(self, code: str) -> None:
        with own_transaction() as session:
            suspension.begin(session.get_one(Portal, self._portal_id), code, clock.now())
        logger.warning("portal_suspended", portal=self._portal_id, code=code)

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """One renewal per portal at a time. False when Redis does not answer: then only compare-and-set protects."""
        redis = settings().redis
        lock = redis and redis.lock(f"b24app:renewal:{self._portal_id}", timeout=LOCK_S, blocking_timeout=LOCK_S)
        try:
            is_alone = bool(lock and lock.acquire())
        except RedisError as error:
            logger.warning("renewal_without_lock", error=type(error).__name__)
            is_alone = False
        try:
            yield is_alone
        finally:
            if lock and is_alone:
                try:
                    lock.release()
                except (LockError, RedisError):
                    logger.warning("renewal_lock_lost", portal=self._portal_id)


@contextmanager
def own_transaction() -> Iterator[Session]:
    """Apart from the caller's session, committed when the block ends."""
    with Session(db.engine) as session:
        session.connection(execution_options={"begin": "IMMEDIATE"})
        yield session
        session.commit()


def _logging(portal_id: int) -> Callable[[Exchange], None]:
    def log(exchange: Exchange) -> None:
        """A log that cannot be written stops no work."""
        telemetry.observe("rest", exchange.duration_ms / 1000, _counted_as(exchange))
        try:
            with own_transaction() as session:
                session.add(
                    RestCall(
                        portal_id=portal_id,
                        at=clock.epoch(clock.now()),
                        method=exchange.method[:128],
                        status=exchange.status,
                        error=exchange.error and exchange.error[:255],
                        duration_ms=exchange.duration_ms,
                        request=exchange.request,
                        response=exchange.response,
                    )
                )
        except SQLAlchemyError as error:
            logger.warning("rest_log_failed", portal=portal_id, error=type(error).__name__)

    return log


def _counted_as(exchange: Exchange) -> str:
    """The error's kind, and its code if it is one we know: a portal may say anything, and each word is a series."""
    kind, _space, code = (exchange.error or "ok").partition(" ")
    return f"{kind} {code}" if is_known(code) else kind


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often Bitrix24 has refused requests with the same words, and when it did so last."""

    sentence: str
    times: int
    last_at: int


def troubles(portal_id: int, since: datetime) -> tuple[Trouble, ...]:
    """Refused requests by what they meant, the latest first."""
    query = (
        select(RestCall.error, func.count(), func.max(RestCall.at))
        .where(RestCall.portal_id == portal_id, RestCall.at >= clock.epoch(since), RestCall.error.is_not(None))
        .group_by(RestCall.error)
    )
    found: dict[str, Trouble] = {}
    for error, times, last_at in db.session.execute(query):
        sentence = told(error or "")
        before = found.get(sentence, Trouble(sentence, 0, 0))
        found[sentence] = Trouble(sentence, before.times + times, max(before.last_at, last_at))
    return tuple(sorted(found.values(), key=lambda one: -one.last_at))


def helpers(portal_id: int) -> int:
    """In how many administrators' names the app can work."""
    living = select(func.count()).select_from(Token).where(Token.portal_id == portal_id, Token.dead.is_(False))
    return int(db.session.scalar(living) or 0)


def purge(now: datetime) -> int:
    """Drop what the REST log has kept for three days; returns how many rows. Called inside a write transaction."""
    result = db.session.execute(across_tenants(delete(RestCall).where(RestCall.at < clock.epoch(now - LOG_KEPT))))
    return int(getattr(result, "rowcount", 0))
