"""Who holds which token: access tokens of an hour, refresh tokens that work once, authorization codes of 30 seconds."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from b24app.demo.errors import RestError

ACCESS_S = 3600
CODE_S = 30
REUSE_UNTIL_S = 1800


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    user_id: int
    expires_at: datetime


@dataclass(slots=True)
class Tokens:
    refreshes: int = 0
    reused_refreshes: int = 0  # somebody came with a refresh token that had already been used
    _by_access: dict[str, TokenPair] = field(default_factory=dict)
    _by_refresh: dict[str, int] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _codes: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    _recent: dict[int, TokenPair] = field(default_factory=dict)

    def issue(self, user_id: int, now: datetime) -> TokenPair:
        pair = TokenPair(secrets.token_hex(32), secrets.token_hex(32), user_id, now + timedelta(seconds=ACCESS_S))
        self._by_access[pair.access] = pair
        self._by_refresh[pair.refresh] = user_id
        self._recent[user_id] = pair
        return pair

    def current(self, user_id: int, now: datetime) -> TokenPair:
        """A token for an event or a page: the last one issued while it is fresh, else a new one."""
        pair = self._recent.get(user_id)
        fresh = pair and pair.access in self._by_access and pair.refresh in self._by_refresh
        if pair and fresh and pair.expires_at > now + timedelta(seconds=REUSE_UNTIL_S):
            return pair
        return self.issue(user_id, now)

    def owner(self, access: str, now: datetime) -> int:
        """The user behind an access token."""
        pair = self._by_access.get(access)
        if pair is None:
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        if pair.expires_at <= now:
            raise RestError("expired_token", "The access token provided has expired.", 401)
        return pair.user_id

    def expires_at(self, access: str) -> datetime:
        return self._by_access[access].expires_at

    def rotate(self, refresh: str, now: datetime) -> TokenPair:
        """A new pair for a refresh token, which is dead from now on."""
        user_id = self._by_refresh.pop(refresh, None)
        if user_id is None:
            self.reused_refreshes += refresh in self._used
            raise RestError("invalid_grant", "Refresh token is not valid or has expired.", 400)
        self._used.add(refresh)
        self.refreshes += 1
        return self.issue(user_id, now)

    def grant_code(self, user_id: int, now: datetime) -> str:
        code = secrets.token_hex(16)
        self._codes[code] = (user_id, now + timedelta(seconds=CODE_S))
        return code

    def exchange(self, code: str, now: datetime) -> TokenPair:
        user_id, expires_at = self._codes.pop(code, (0, now))
        if expires_at <= now:
            raise RestError("invalid_grant", "Authorization code is not valid or has expired.", 400)
        return self.issue(user_id, now)

    def expire_all(self, now: datetime) -> None:
        """Every access token ends now; refresh tokens stay."""
        for access, pair in self._by_access.items():
            self._by_access[access] = replace(pair, expires_at=now)
        self._recent.clear()

    def void_all(self) -> None:
        """The app was removed."""
        self._used.update(self._by_refresh)
        for book in (self._by_access, self._by_refresh, self._codes, self._recent):
            book.clear()
