"""Secrets at rest, short-lived signed sessions, and comparing secrets. Keys are handed down once, at start."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from b24app.lib.errors import Permanent, Unauthorized
from b24app.lib.i18n import gettext as _

_keys: MultiFernet | None = None


def use_keys(keys: Sequence[str]) -> None:
    """Newest first: the first key encrypts, all of them decrypt."""
    global _keys
    _keys = MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken as cause:
        raise Permanent("A stored secret cannot be read: TOKEN_KEYS lacks the key that wrote it.") from cause


def renew(text: str) -> str:
    """The same secret, written with the newest key."""
    try:
        return _fernet().rotate(text.encode()).decode()
    except InvalidToken as cause:
        raise Permanent("A stored secret cannot be read: TOKEN_KEYS lacks the key that wrote it.") from cause


def _fernet() -> MultiFernet:
    if _keys is None:
        raise Permanent("TOKEN_KEYS is not set.")
    return _keys


def derive_key(secret: str, purpose: str) -> str:
    """A Fernet key made of another secret; used where a developer or the demo gives no TOKEN_KEYS."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{secret}".encode()).digest()).decode()


def new_token() -> str:
    """43 random characters, safe in addresses."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """What is stored of a token that only has to be recognised, never shown: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def sign(claims: dict[str, Any], secret: str, now: datetime, minutes: int) -> str:
    """A session token that ends after so many minutes."""
    return jwt.encode({**claims, "iat": now, "exp": now + timedelta(minutes=minutes)}, secret, algorithm="HS256")


def verify(token: str, secret: str) -> dict[str, Any]:
    """The claims of a session token. Unauthorized when it is forged or has ended."""
    try:
        return dict(jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp"]}))
    except jwt.InvalidTokenError as cause:
        raise Unauthorized(_("The session has ended. Reload the page.")) from cause
