"""The typed configuration, read from the environment once. Only app.py and cli/ import it (decision 5)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from b24app.lib.errors import Fault, Invalid

OFFICIAL_OAUTH_SERVERS = ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech", "https://oauth.bitrix24.info")
LAST_PORT = 65535
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator decides (interfaces, section 2)."""

    database_url: str
    redis_url: str | None
    secret_key: str
    token_keys: tuple[str, ...]
    public_url: str
    client_id: str
    client_secret: str
    oauth_servers: tuple[str, ...]
    allow_http: bool
    host: str
    port: int
    session_minutes: int
    log_format: str
    sentry_dsn: str | None
    trusted_proxies: int = 0
    """How many proxies of the operator stand before the app: so many X-Forwarded-For entries are believed."""


def instance_folder() -> Path:
    """Where SQLite and the embedded Redis keep their files unless told otherwise: ./instance."""
    return Path.cwd() / "instance"


def embedded_redis_address() -> Path:
    """Where `b24app all` writes down the address of its Redis while it runs, for the other commands."""
    return instance_folder() / "redis" / "address"


def load(environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration, or Invalid with every missing or wrong variable, each as a sentence."""
    faults: list[Fault] = []

    def required(name: str, why: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            faults.append(Fault(name, f"{name} is not set: {why}."))
        return value

    def number(name: str, default: int) -> int:
        try:
            return int(environment.get(name) or default)
        except ValueError:
            faults.append(Fault(name, f"{name} must be a whole number."))
            return default

    secret_key = required("SECRET_KEY", "it signs sessions; any long random text")
    token_keys = _listed(required("TOKEN_KEYS", "Fernet keys that encrypt tokens, newest first"))
    client_id = required("B24_CLIENT_ID", "the application's id from its card in Bitrix24")
    client_secret = required("B24_CLIENT_SECRET", "the application's key from its card in Bitrix24")
    allow_http = environment.get("B24_ALLOW_HTTP") == "1"
    public_url = required("PUBLIC_URL", "the address of this app as the portal sees it").rstrip("/")
    servers = tuple(url.rstrip("/") for url in _listed(environment.get("B24_OAUTH_SERVERS", "")))

    port, session_minutes = number("PORT", 8000), number("SESSION_MINUTES", 60)
    trusted_proxies = number("TRUSTED_PROXIES", 0)

    for name, url in [("PUBLIC_URL", public_url), *(("B24_OAUTH_SERVERS", server) for server in servers)]:
        if url and (fault := _wrong_address(url, allow_http)):
            faults.append(Fault(name, f"{name} {fault}"))
    database_url = environment.get("DATABASE_URL") or f"sqlite:///{instance_folder() / 'b24app.sqlite'}"
    redis_url = environment.get("REDIS_URL") or None
    try:
        make_url(database_url).get_dialect()
    except SQLAlchemyError:
        faults.append(Fault("DATABASE_URL", "DATABASE_URL must be a database address as SQLAlchemy knows them."))
    if redis_url and urlsplit(redis_url).scheme not in ("redis", "rediss", "unix"):
        faults.append(
            Fault("REDIS_URL", "REDIS_URL must be an address that begins with redis://, rediss:// or unix://.")
        )
    if not 0 < port <= LAST_PORT:
        faults.append(Fault("PORT", f"PORT must be between 1 and {LAST_PORT}."))
    if token_keys:
        try:
            for key in token_keys:
                Fernet(key)
        except ValueError:
            faults.append(Fault("TOKEN_KEYS", "TOKEN_KEYS must be Fernet keys: 32 bytes in URL-safe base64 each."))
    if faults:
        raise Invalid("The configuration is not complete.", faults)
    return Config(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=secret_key,
        token_keys=token_keys,
        public_url=public_url,
        client_id=client_id,
        client_secret=client_secret,
        oauth_servers=servers or OFFICIAL_OAUTH_SERVERS,
        allow_http=allow_http,
        host=environment.get("HOST") or "127.0.0.1",
        port=port,
        session_minutes=session_minutes,
        log_format=environment.get("LOG_FORMAT") or "console",
        sentry_dsn=environment.get("SENTRY_DSN") or None,
        trusted_proxies=max(0, trusted_proxies),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _wrong_address(url: str, allow_http: bool) -> str | None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and allow_http and parts.hostname in LOOPBACK:
        return None
    return "must be an https address (http on loopback only with B24_ALLOW_HTTP=1)."
