"""Secrets at rest: unreadable without the keys, written anew with the newest, so that old keys can be thrown away."""

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from b24app.lib import crypto
from b24app.lib.db import db, encrypted_columns, renew_secrets, write
from b24app.lib.errors import Permanent
from b24app.portal.tables import Portal, Token
from tests.databases import tables

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRETS = ("application secret", "access secret", "refresh secret")


@pytest.fixture
def stored(app: object) -> Iterator[None]:
    """A portal's secrets, written with the old key; 12 administrators have two each."""
    crypto.use_keys([OLD])
    with write() as session:
        for id in (1, 2):
            portal = Portal(
                id=id, member_id=f"m{id}", domain="d", client_endpoint="", oauth_server="", created_at=1,
                application_token=SECRETS[0] if id == 1 else None,
            )  # fmt: skip
            session.add(portal)
        session.flush()
        for user in range(12):
            pair = {"access_token": f"{SECRETS[1]} {user}", "refresh_token": f"{SECRETS[2]} {user}"}
            session.add(Token(portal_id=1, user_id=user, expires_at=1, **pair))
    yield
    db.session.rollback()


def raw() -> list[str]:
    found = [*db.session.execute(text("SELECT application_token FROM portal")).scalars()]
    for row in db.session.execute(text("SELECT access_token, refresh_token FROM token")):
        found += row
    db.session.rollback()
    return [secret for secret in found if secret is not None]


def readable() -> list[str]:
    db.session.rollback()
    db.session.expire_all()
    portal = db.session.get(Portal, 1)
    tokens = [db.session.get(Token, (1, user)) for user in range(12)]
    return [portal.application_token, *(one for token in tokens for one in (token.access_token, token.refresh_token))]


def test_no_secret_can_be_read_from_the_database(stored: None) -> None:
    assert len(raw()) == 25
    assert not any("secret" in secret for secret in raw())


def test_after_renewing_the_old_key_is_needed_no_more(stored: None) -> None:
    before = readable()
    crypto.use_keys([NEW, OLD])
    assert renew_secrets(chunk=5) == 25
    crypto.use_keys([NEW])
    assert readable() == before
    assert renew_secrets() == 25
    assert readable() == before
    crypto.use_keys([OLD])
    with pytest.raises(Permanent, match="TOKEN_KEYS lacks the key"):
        readable()


def test_without_the_old_key_nothing_is_renewed_and_nothing_lost(stored: None) -> None:
    crypto.use_keys([NEW])
    before = raw()
    with pytest.raises(Permanent, match="TOKEN_KEYS lacks the key"):
        renew_secrets()
    assert raw() == before


def test_every_column_with_a_secret_by_its_name_is_encrypted_or_a_fingerprint() -> None:
    known = {f"{column.table.name}.{column.name}" for column in encrypted_columns()}
    suspicious = {
        f"{table.name}.{column.name}"
        for table in tables().sorted_tables
        for column in table.c
        if any(word in column.name for word in ("token", "secret", "password", "key_hash"))
    }
    assert suspicious <= known | {"entry.undo_token"}


def test_no_setting_of_a_process_shows_secrets(stored: None) -> None:
    """An exception of the database names no values."""
    assert db.engine.hide_parameters
