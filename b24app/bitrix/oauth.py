"""The OAuth server: whose token is this, and a new pair for an old one. Only servers on the operator's list are called.

An error's cause is dropped on purpose: `requests` writes the whole address, and with it our secret, into its messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from b24app.bitrix.errors import BadAnswer, Refused, RestError, Unreachable, refused
from b24app.bitrix.wire import mapping
from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _

TIMEOUT_S = (5, 15)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the app is, and which OAuth servers (base addresses, the first one preferred) may be trusted and called."""

    client_id: str
    client_secret: str
    servers: tuple[str, ...]
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`client_endpoint` is where the portal lives now; None if the server did not say or said something unusable."""

    access_token: str
    refresh_token: str
    expires_in: int
    client_endpoint: str | None
    member_id: str | None


@dataclass(frozen=True, slots=True)
class AppInfo:
    """What the OAuth server vouches for: which user of which portal holds the token, and for which app."""

    client_id: str
    user_id: int
    member_id: str
    domain: str
    client_endpoint: str
    scopes: tuple[str, ...]
    installed: bool
    version: str
    status: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What is wrong with the OAuth server and with our registration on it; None where nothing is."""

    server_problem: str | None
    registration_problem: str | None


def scopes_of(text: str) -> tuple[str, ...]:
    """Scopes come separated by commas in one place and by spaces in another (contract 1.3)."""
    return tuple(filter(None, re.split(r"[ ,]+", text)))


def is_allowed(url: str, allow_http: bool) -> bool:
    """https anywhere; http on this machine only, and only where the operator allows it."""
    parts = urlsplit(url)
    if parts.username or parts.password or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and allow_http and parts.hostname in LOOPBACK)


def new_session(url: str) -> requests.Session:
    """A session for one host. Proxies of the environment are not asked for hosts of this machine."""
    session = requests.Session()
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    return session


class OAuth:
    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    @property
    def preferred(self) -> str:
        return self.credentials.servers[0]

    def server_of(self, server_endpoint: str | None) -> str:
        """The listed server that a SERVER_ENDPOINT (`https://host/rest/`) means. Forbidden for any other."""
        base = (server_endpoint or "").strip().rstrip("/").removesuffix("/rest")
        if base not in self.credentials.servers:
            raise Forbidden(_("The request names an authorization server that this app does not trust."))
        return base

    def app_info(self, server: str, access_token: str) -> AppInfo:
        """Whose access token it is. TokenExpired, NotInstalled and so on when it is nobody's."""
        body = self._get(server, "rest/app.info/", {"auth": access_token})
        result = mapping(body.get("result"))
        install = mapping(result.get("install"))
        try:
            endpoint = str(install["client_endpoint"])
            info = AppInfo(
                client_id=str(result["client_id"]),
                user_id=int(result["user_id"]),
                member_id=str(install["member_id"]),
                domain=urlsplit(endpoint).netloc,
                client_endpoint=endpoint if endpoint.endswith("/") else f"{endpoint}/",
                scopes=scopes_of(str(result.get("scope") or install.get("scope") or "")),
                installed=bool(install.get("installed")),
                version=str(install.get("version") or ""),
                status=str(install.get("status") or ""),
            )
        except (KeyError, TypeError, ValueError):
            raise BadAnswer(_("The authorization server's answer cannot be read."), method="app.info") from None
        if not is_allowed(info.client_endpoint, self.credentials.allow_http):
            raise Refused(_("The portal must be reached by https."), method="app.info")
        return info

    def refresh(self, server: str, refresh_token: str) -> TokenPair:
        """A new pair; the old refresh token is dead from now on, so store the new one before anything else."""
        params = {
            "grant_type": "refresh_token",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
            "refresh_token": refresh_token,
        }
        body = self._get(server, "oauth/token/", params)
        try:
            endpoint = str(body.get("client_endpoint") or "")
            return TokenPair(
                access_token=str(body["access_token"]),
                refresh_token=str(body["refresh_token"]),
                expires_in=int(body.get("expires_in") or 3600),
                client_endpoint=endpoint if is_allowed(endpoint, self.credentials.allow_http) else None,
                member_id=str(body["member_id"]) if body.get("member_id") else None,
            )
        except (KeyError, TypeError, ValueError):
            raise BadAnswer(_("The authorization server's answer cannot be read."), method="oauth.token") from None

    def _get(self, server: str, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        if server not in self.credentials.servers:
            raise Forbidden(_("The request names an authorization server that this app does not trust."))
        try:
            with new_session(server) as session:
                answer = session.get(f"{server}/{path}", params=params, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            raise Unreachable(
                _("The Bitrix24 authorization server does not answer. Try again in a minute."),
                description=type(error).__name__,
                method=path,
            ) from None
        try:
            body = answer.json()
        except requests.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise BadAnswer(
                _("The authorization server's answer cannot be read."), status=answer.status_code, method=path
            ) from None
        if "error" in body or not answer.ok:
            raise refused(path, answer.status_code, body)
        return body


def probe(credentials: Credentials) -> Probe:
    """Ask the preferred server with a token that nobody has: what it objects to shows what works."""
    oauth = OAuth(credentials)
    try:
        oauth.refresh(oauth.preferred, "nobody")
    except (Unreachable, BadAnswer) as error:
        return Probe(
            f"{oauth.preferred} does not answer as an OAuth server ({error.description or 'no JSON'})", "not known"
        )
    except RestError as error:
        if error.code in ("INVALID_CLIENT", "WRONG_CLIENT"):
            return Probe(None, "the OAuth server does not know this B24_CLIENT_ID with this B24_CLIENT_SECRET")
    return Probe(None, None)
