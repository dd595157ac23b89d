"""Posting to an address that a stranger has named, without becoming their tool.

Only https to addresses that are public, wherever the name points at the moment of the call: what was resolved and
checked is what is connected to. No redirect is followed, no proxy or password is used, of the answer only the status is
read, and all of it ends after `PATIENCE_S`.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from b24app.lib.errors import Permanent, Temporary
from b24app.lib.i18n import gettext as _

CONNECT_S = 5.0
PATIENCE_S = 15.0
LONGEST_ADDRESS = 2000

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unanswered(Temporary):
    """Nobody answered, or not in time."""


class Forbidden(Permanent):
    """The address leads to where nothing may be posted."""


def wrong_address(url: str, allow_loopback: bool = False) -> str | None:
    """What is wrong with an address, as a sentence. Where its name points is looked at when it is called."""
    parts = _split(url)
    if parts is None or len(url) > LONGEST_ADDRESS:
        return _("This is not an address. It begins with https:// and a host.")
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        return _("An address with a user or a password in it is not allowed.")
    literal = _literal(host)
    is_loopback = host == "localhost" or (literal is not None and literal.is_loopback)
    if is_loopback and allow_loopback:
        return None
    if parts.scheme != "https":
        return _("The address has to begin with https://.")
    if is_loopback or (literal is not None and not _is_public(literal)) or ("." not in host.strip(".") and not literal):
        return _("The address has to be reachable from the internet.")
    return None


def post(url: str, body: bytes, headers: Mapping[str, str], allow_loopback: bool = False) -> int:
    """The HTTP status of the answer. Forbidden: the address may not be called; Unanswered: nobody is there."""
    if fault := wrong_address(url, allow_loopback):
        raise Forbidden(fault)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(host, port, allow_loopback)
    connection = _Pinned(host, port, address, parts.scheme == "https")
    watchdog = threading.Timer(PATIENCE_S, connection.break_off)
    watchdog.daemon = True
    watchdog.start()
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as cause:
        raise Unanswered(_("Nobody answers at %(host)s.", host=host)) from cause
    finally:
        watchdog.cancel()
        connection.close()
    if connection.is_broken_off:
        raise Unanswered(_("The answer of %(host)s does not end.", host=host))
    return status


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(one) <= 32 for one in url):
        return None
    return parts if url.isascii() and "\\" not in url else None


def _literal(host: str) -> Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    return None


def _is_public(address: Address) -> bool:
    """Of an address that wraps another one (mapped, 6to4, Teredo, NAT64) nobody knows where it ends."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return _is_public(address.ipv4_mapped)
        if address.sixtofour or address.teredo or address in NAT64:
            return False
    return address.is_global and not address.is_multicast


def _resolved(host: str, port: int, allow_loopback: bool) -> str:
    """The address to connect to: of a name that points to several, all must be allowed."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as cause:
        raise Unanswered(_("The host %(host)s is not known.", host=host)) from cause
    for one in found:
        address = ipaddress.ip_address(one.partition("%")[0])
        if not (_is_public(address) or (allow_loopback and address.is_loopback)):
            raise Forbidden(_("The address has to be reachable from the internet."))
    return min(found, key=lambda one: (":" in one, one))


class _Pinned(http.client.HTTPConnection):
    """A connection to one address that speaks to the host of the name, certificate and all."""

    def __init__(self, host: str, port: int, address: str, is_secure: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_S)
        self._address, self._is_secure = address, is_secure
        self.default_port = 443 if is_secure else 80
        self.is_broken_off = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), CONNECT_S)
        self.sock.settimeout(PATIENCE_S)
        if self._is_secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def break_off(self) -> None:
        """From another thread: an answer that trickles in keeps no worker."""
        self.is_broken_off = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
