"""Who opens the app: nothing in a browser's post is signed, so the OAuth server is asked whose token it carries.

REST only, no transaction: what a verified visit changes in our tables is in operations.py.
"""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from b24app.bitrix.client import WHILE_SOMEBODY_WAITS, Access, Client
from b24app.bitrix.errors import PortalGone, RestError, TokenDead, TokenExpired, Unreachable, Wait
from b24app.bitrix.oauth import AppInfo, OAuth
from b24app.bitrix.wire import mapping
from b24app.lib.errors import Forbidden
from b24app.lib.i18n import gettext as _
from b24app.lib.log import logger
from b24app.portal.connection import limiter, settings

ADMIN_KNOWN_S = 300
LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """A viewer the OAuth server vouches for, which server did, and whether the portal calls them an administrator."""

    info: AppInfo
    server: str
    is_admin: bool


def verify(access_token: str, member_id: str, domain: str | None = None, server_endpoint: str | None = None) -> Visit:
    """Forbidden unless the token is of our app, of this portal, and the portal lives where the post says it does."""
    if len(access_token) > LONGEST_TOKEN or not (access_token.isascii() and access_token.isprintable()):
        raise _unconfirmed("token")  # no server is asked about what cannot be a token
    oauth = OAuth(settings().credentials)
    server = oauth.server_of(server_endpoint) if server_endpoint else oauth.preferred
    try:
        info = oauth.app_info(server, access_token)
    except Wait:
        raise
    except PortalGone as cause:
        raise Forbidden(cause.message) from cause
    except RestError as cause:
        raise _unconfirmed("token", cause.code) from cause
    if info.client_id != settings().credentials.client_id:
        raise _unconfirmed("client_id")
    if info.member_id != member_id:
        raise _unconfirmed("member_id")
    if domain and urlsplit(f"//{domain}").hostname != urlsplit(info.client_endpoint).hostname:
        raise _unconfirmed("domain")
    return Visit(info, server, _is_admin(info, access_token))


def _unconfirmed(what: str, code: str = "") -> Forbidden:
    logger.warning("visit_refused", what=what, code=code)
    return Forbidden(_("Bitrix24 does not confirm this request. Open the app from the Bitrix24 menu again."))


def _is_admin(info: AppInfo, access_token: str) -> bool:
    """As the portal says, with the viewer's own token; an administrator stays one for five minutes."""
    key, redis = f"b24app:admin:{info.member_id}:{info.user_id}", settings().redis
    with suppress(RedisError):
        if redis is not None and (known := redis.get(key)) is not None:
            return bool(known == b"1")
    try:
        viewer = _OneToken(Access(info.client_endpoint, access_token, info.user_id))
        client = Client(viewer, limiter(info.member_id), patience=WHILE_SOMEBODY_WAITS)
        is_admin = mapping(client.call("profile")).get("ADMIN") is True
    except Wait:
        raise
    except PortalGone as cause:
        raise Forbidden(cause.message) from cause
    except RestError as cause:
        raise _unconfirmed("profile", cause.code) from cause
    with suppress(RedisError):
        if redis is not None:
            redis.set(key, int(is_admin), ex=ADMIN_KNOWN_S)
    return is_admin


class _OneToken:
    """The Keeper of a viewer's token, which is used once and never renewed by us."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def access(self) -> Access:
        return self._access

    def renewed(self, stale: Access) -> Access:
        raise TokenExpired(_("Bitrix24 does not accept the access token."))

    def another(self, dismissed: Access) -> Access:
        raise TokenDead(_("The employee in whose name the app works has been dismissed."))

    def moved(self, access: Access, address: str) -> Access:
        raise Unreachable(_("Bitrix24 has sent us to an address that nobody vouches for."))

    def gone(self, error: PortalGone) -> None:
        """One viewer's trouble suspends nobody."""
