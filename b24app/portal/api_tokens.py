"""The keys of the public API: made, shown once, recognised, revoked. Only their fingerprints are kept."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from b24app.lib import crypto
from b24app.lib.clock import epoch, moment
from b24app.lib.db import db
from b24app.lib.errors import Fault, Invalid, NotFound
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.lib.tenancy import across_tenants
from b24app.portal import audit
from b24app.portal.rules import Viewer
from b24app.portal.tables import ApiToken, Portal

SCOPES = ("read", "write", "money")
LONGEST_NAME = 255
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Key:
    """What may be shown of a token."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_api_token(portal_id: int, name: str, scopes: Collection[str], now: datetime, actor: str = "system") -> str:
    """A new key. It is shown this once. Invalid with a sentence per field."""
    faults = []
    if not name.strip() or len(name) > LONGEST_NAME:
        faults.append(Fault("name", _("Say what the token is for, in at most %(most)s letters.", most=LONGEST_NAME)))
    if not scopes or not set(scopes) <= set(SCOPES):
        faults.append(Fault("scopes", _("Choose what the token may do: read, write, money.")))
    if faults:
        raise Invalid(_("The token was not made."), faults)
    token = crypto.new_token()
    row = ApiToken(
        portal_id=portal_id,
        name=name.strip(),
        fingerprint=crypto.fingerprint(token),
        scopes=sorted(set(scopes)),
        created_at=epoch(now),
    )
    db.session.add(row)
    db.session.flush()
    audit.record(portal_id, actor, "api_token.create", row.name, None, row.scopes, now)
    return token


def revoke(portal_id: int, token_id: int, actor: str, now: datetime) -> None:
    """It opens nothing from now on. Repeating it changes nothing; NotFound also for another portal's."""
    row = db.session.scalar(select(ApiToken).where(ApiToken.portal_id == portal_id, ApiToken.id == token_id))
    if row is None:
        raise NotFound(_("There is no such token."))
    if row.revoked_at is None:
        row.revoked_at = epoch(now)
        audit.record(portal_id, actor, "api_token.revoke", row.name, row.scopes, None, now)


def listed(portal_id: int) -> tuple[Key, ...]:
    """Every key of the portal, the working ones first, the newest first."""
    rows = db.session.scalars(select(ApiToken).where(ApiToken.portal_id == portal_id).order_by(ApiToken.id.desc()))
    keys = (
        Key(
            row.id,
            row.name,
            tuple(scope for scope in SCOPES if scope in row.scopes),
            moment(row.created_at),
            moment(row.last_used_at) if row.last_used_at is not None else None,
            moment(row.revoked_at) if row.revoked_at is not None else None,
        )
        for row in rows
    )
    return tuple(sorted(keys, key=lambda key: key.revoked_at is not None))


def viewer_of_api_token(token: str, now: datetime) -> Viewer | None:
    """Whoever asks with this key: all of its portal, as far as the key's scopes go. None if it opens nothing."""
    query = (
        select(ApiToken.id, ApiToken.portal_id, ApiToken.scopes, ApiToken.last_used_at, Portal.language)
        .join(Portal, Portal.id == ApiToken.portal_id)
        .where(
            ApiToken.fingerprint == crypto.fingerprint(token),
            ApiToken.revoked_at.is_(None),
            Portal.status != "uninstalled",
        )
    )
    row = db.session.execute(across_tenants(query)).one_or_none()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at <= epoch(now - NOTED_EVERY):
        _note_use(row.portal_id, row.id, now)
    return Viewer(
        row.portal_id,
        None,
        is_admin=True,
        language=row.language,
        sees_money="money" in row.scopes,
        may_write="write" in row.scopes,
        may_read="read" in row.scopes,
        token_id=row.id,
    )


def _note_use(portal_id: int, token_id: int, now: datetime) -> None:
    """Within minutes is near enough, and no call fails because it could not be noted."""
    try:
        with Session(db.engine) as session:
            session.connection(execution_options={"begin": "IMMEDIATE"})
            session.execute(
                update(ApiToken)
                .where(ApiToken.portal_id == portal_id, ApiToken.id == token_id)
                .values(last_used_at=epoch(now))
            )
            session.commit()
    except SQLAlchemyError as error:
        logger.warning("use_of_token_not_noted", portal=portal_id, error=type(error).__name__)
