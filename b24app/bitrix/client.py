"""The one place that talks to a portal: one call, a batch, or all records of a list by keyset chains.

Every request waits for its place in the limiter, has a timeout, follows no redirect by itself, and is repeated only
when that cannot do harm. Where tokens are kept is the caller's business: `Keeper`. The long lists are in lister.py.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from secrets import SystemRandom
from typing import Any, NamedTuple, Protocol, TypeVar

import requests

from b24app import __version__
from b24app.bitrix import batches
from b24app.bitrix.ahead import Ahead
from b24app.bitrix.batches import BATCH, Command, Params
from b24app.bitrix.errors import (
    BadAnswer,
    LimitExceeded,
    MethodPaused,
    OwnerDismissed,
    PortalGone,
    RestError,
    Resting,
    TokenExpired,
    TokenUnknown,
    Unreachable,
    Wait,
    refused,
    resting,
    unreachable,
)
from b24app.bitrix.journal import Exchange, written
from b24app.bitrix.lister import Ask, Collected, Pace, Rows, chain, collect, in_maps
from b24app.bitrix.oauth import new_session
from b24app.bitrix.throttle import Limiter
from b24app.bitrix.wire import mapping
from b24app.lib import telemetry
from b24app.lib.i18n import gettext as _

T = TypeVar("T")

LONGEST_BACKOFF_S = 30.0
HEADERS = {"Accept": "application/json", "User-Agent": f"b24app/{__version__}"}


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, the REST base it works on, and which renewal of whose token it is."""

    endpoint: str
    token: str
    user_id: int = 0
    version: int = 0


class Keeper(Protocol):
    """Who keeps a portal's tokens and owes the client a working one. What is new is stored before it is given."""

    def access(self) -> Access:
        """The token to work with now."""

    def renewed(self, stale: Access) -> Access:
        """Another one after this one has expired; many may ask at once, one renewal is made."""

    def another(self, dismissed: Access) -> Access:
        """Somebody else's, because the owner of this one is gone."""

    def moved(self, access: Access, address: str) -> Access:
        """The portal says it lives at `address` now: the same token there, if the OAuth server confirms it."""

    def gone(self, error: PortalGone) -> None:
        """The portal lets the app in no more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller bears it: tries in all; seconds in the queue, of a method's pause, and for an answer.

    `rests`: it can wait while a portal that has not answered for long is left in peace.
    """

    tries: int
    queue_s: float
    pause_s: float
    answer_s: float
    rests: bool = False


IN_BACKGROUND = Patience(tries=7, queue_s=120, pause_s=60, answer_s=70, rests=True)
WHILE_SOMEBODY_WAITS = Patience(tries=2, queue_s=5, pause_s=0, answer_s=15)


class _Moved(Exception):
    """The portal answered with a redirect."""


class _Begun(NamedTuple):
    """A request that is under way, and the token it was sent with."""

    access: Access
    request: Ahead


class Client:
    def __init__(
        self,
        keeper: Keeper,
        limiter: Limiter,
        *,
        patience: Patience = IN_BACKGROUND,
        log: Callable[[Exchange], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._keeper = keeper
        self._limiter = limiter
        self._patience = patience
        self._log = log
        self._sleep = sleep
        self._access: Access | None = None
        self._session: requests.Session | None = None
        self._pace = Pace()

    def call(self, method: str, params: Params | None = None, *, repeat: bool = True) -> Any:
        """The `result` of one method. `repeat=False` for what must not be carried out twice if an answer is lost."""
        return self.call_full(method, params, repeat=repeat)["result"]

    def call_full(self, method: str, params: Params | None = None, *, repeat: bool = True) -> dict[str, Any]:
        """The whole envelope: result, total, next, time."""
        return self._until_answered(method, dict(params or {}), (method,), repeat, lambda body: body)

    def total(self, method: str, params: Params | None = None) -> int:
        """How many records a list method finds."""
        return int(self.call_full(method, {**(params or {}), "start": 0}).get("total") or 0)

    def totals(self, commands: Mapping[str, Command]) -> dict[str, int | RestError]:
        """How many records each list method finds, or why it does not say. A request for fifty of them."""
        found: dict[str, int | RestError] = {}
        for part in batches.parts(commands):
            counted = {key: (method, {**params, "start": 0}) for key, (method, params) in part.items()}
            found |= self._until_answered("batch", *batches.packed(counted), True, partial(batches.totals, counted))
        return found

    def batch(
        self, commands: Mapping[str, Command], *, repeat: bool = True, may_be_refused: Collection[str] = ()
    ) -> dict[str, Any]:
        """The results by key. BatchError when any command is refused; more than 50 go in several requests.

        The result of a command that may be refused is its RestError then.
        """
        results: dict[str, Any] = {}
        for part in batches.parts(commands):
            results |= self._batch(part, repeat, partial(batches.all_or_nothing, may_be_refused=may_be_refused))[0]
        return results

    def batch_lenient(self, commands: Mapping[str, Command], *, repeat: bool = True) -> dict[str, Any]:
        """The same, but a refused command's result is its RestError."""
        results: dict[str, Any] = {}
        for part in batches.parts(commands):
            results |= self._batch(part, repeat, lambda answers: answers)[0]
        return results

    def keyset(
        self,
        method: str,
        params: Params | None = None,
        *,
        id_field: str = "id",
        items_key: str | None = None,
        after: int = 0,
        descending: bool = False,
        pages: int = BATCH,
        asked_id: str | None = None,
        ask: Ask = in_maps,
    ) -> Iterator[Rows]:
        """All records of a list in the order of their ids, up to 2 500 a request; `after` is the last id already known.

        Pages of a request are chained: each asks for ids behind the last one of the page before. Stops at the first
        short page; an error on the way there is raised, so that what came is either all or known not to be. While the
        caller works on the rows of one request the next one is under way, never more than that.
        """

        def behind(id: int) -> tuple[dict[str, Command], Callable[[dict[str, Any]], Collected]]:
            count = self._pace.pages(method, pages)
            asked = chain(params or {}, id_field, items_key, descending, id, count, asked_id, ask)
            commands: dict[str, Command] = {f"p{n}": (method, page) for n, page in enumerate(asked)}
            return commands, partial(collect, id_field=id_field, items_key=items_key, descending=descending, after=id)

        commands, read = behind(after)
        begun: _Begun | None = None
        while True:
            batch, seconds = self._batch(commands, True, read, begun)
            self._pace.learn(method, len(commands), seconds)
            if batch.is_last:
                break
            commands, read = behind(batch.last_id)
            begun = self._begin(commands)
            yield batch.rows
        if batch.rows:
            yield batch.rows

    def _begin(self, commands: Mapping[str, Command]) -> "_Begun | None":
        """Send a batch that only reads, with the token used last, without waiting for its answer."""
        if self._access is None:
            return None
        return _Begun(self._access, Ahead(partial(self._send, self._access, "batch", *batches.packed(commands))))

    def _batch(
        self,
        commands: Mapping[str, Command],
        repeat: bool,
        read: Callable[[dict[str, Any]], T],
        begun: "_Begun | None" = None,
    ) -> tuple[T, float]:
        """What `read` makes of the answers by key, and how many seconds the portal worked on it.

        What `read` raises counts as a failure of the request: it is repeated or not by the same rules.
        """

        def understand(body: dict[str, Any]) -> tuple[T, float]:
            return read(batches.answers(commands, body)), _seconds(body)

        return self._until_answered("batch", *batches.packed(commands), repeat, understand, begun)

    def _until_answered(
        self,
        method: str,
        params: Params,
        methods: Sequence[str],
        repeat: bool,
        read: Callable[[dict[str, Any]], T],
        begun: "_Begun | None" = None,
    ) -> T:
        """Send, mend what can be mended, wait, send again. Each cure is tried once, waiting `patience.tries` times.

        The first try may have begun already.
        """
        cures: set[tuple[type[Exception], int]] = set()
        tries = 1
        while True:
            access = self._access = self._access or self._keeper.access()
            send: Callable[[], dict[str, Any]] = partial(self._send, access, method, params, methods)
            if begun is not None:
                access, send, begun = begun.access, begun.request.take, None
            try:
                answer = read(send())
            except (TokenExpired, OwnerDismissed, _Moved) as trouble:
                self._access = self._cured(access, trouble, cures, method)
            except PortalGone as error:
                self._keeper.gone(error)
                raise
            except Wait as error:
                self._slow_down(error)
                pause = self._pause_before_repeating(error, tries, repeat)
                if pause is None:
                    if tries >= self._patience.tries:
                        self._give_up(error)
                    raise
                self._sleep(pause)
                tries += 1
            else:
                self._limiter.answered()
                return answer

    def _cured(
        self, access: Access, trouble: Exception, cures: set[tuple[type[Exception], int]], method: str
    ) -> Access:
        """Another access to try with. Of the same cure for the same user's token nothing more is hoped for."""
        cure = (type(trouble), access.user_id)
        is_new = cure not in cures
        cures.add(cure)
        match trouble:
            case _Moved() if is_new:
                return self._keeper.moved(access, str(trouble))
            case TokenExpired() if is_new:
                return self._keeper.renewed(access)
            case TokenUnknown() if (OwnerDismissed, access.user_id) not in cures:
                cures.add((OwnerDismissed, access.user_id))
                return self._keeper.another(access)
            case OwnerDismissed() if is_new:
                return self._keeper.another(access)
        raise _plain(trouble, method) from None

    def _slow_down(self, error: Wait) -> None:
        """Everybody's business, not only this request's: the limiter passes it on to all processes."""
        if isinstance(error, LimitExceeded) and error.http_status is not None:
            self._limiter.fill()
        if isinstance(error, MethodPaused) and error.http_status is not None:
            self._limiter.pause(error.method, error.retry_after_s or 0)

    def _give_up(self, error: Wait) -> None:
        """A portal that does not answer however often it is asked is left in peace for a while, longer each time."""
        if self._patience.rests and not isinstance(error, LimitExceeded | MethodPaused):
            self._limiter.rest()

    def _pause_before_repeating(self, error: Wait, tries: int, repeat: bool) -> float | None:
        """None: do not repeat. What was refused for its rate was surely not carried out; of the rest nobody knows."""
        was_refused = isinstance(error, LimitExceeded | MethodPaused)
        if isinstance(error, Resting) or tries >= self._patience.tries or not (repeat or was_refused):
            return None
        if isinstance(error, MethodPaused):
            pause = error.retry_after_s or 0
            return pause if pause <= self._patience.pause_s else None
        return min(LONGEST_BACKOFF_S, 2.0 ** (tries - 1)) * SystemRandom().uniform(0.5, 1.0)

    def _send(self, access: Access, method: str, params: Params, methods: Sequence[str]) -> dict[str, Any]:
        self._wait_in_line(methods)
        started = time.monotonic()
        status: int | None = None
        body: Any = None
        trouble: str | None = None
        try:
            answer = self._post(access, method, params)
            status = answer.status_code
            body = _body(answer, method)
            return body
        except (RestError, _Moved) as error:
            trouble = f"{type(error).__name__} {error.code}".strip() if isinstance(error, RestError) else "redirect"
            raise
        finally:
            if self._log is not None:
                spent_ms = round((time.monotonic() - started) * 1000)
                self._log(Exchange(method, status, trouble, spent_ms, written(params), written(body)))

    def _wait_in_line(self, methods: Sequence[str]) -> None:
        place = self._limiter.take(methods, self._patience.queue_s, heeds_rest=self._patience.rests)
        if place.rest_s:
            raise resting(methods[0], place.rest_s)
        if place.pause_s:
            error = refused(methods[0], None, {"error": "OPERATION_TIME_LIMIT"})
            error.retry_after_s = place.pause_s
            raise error
        if place.wait_s > self._patience.queue_s:
            raise refused(methods[0], None, {"error": "QUERY_LIMIT_EXCEEDED"})
        if place.wait_s:
            telemetry.observe("limiter_wait", place.wait_s)
            self._sleep(place.wait_s)

    def _post(self, access: Access, method: str, params: Params) -> requests.Response:
        self._session = self._session or new_session(access.endpoint)
        try:
            return self._session.post(
                f"{access.endpoint}{method}",
                json={**params, "auth": access.token},
                headers=HEADERS,
                timeout=(5, self._patience.answer_s),
                allow_redirects=False,
            )
        except requests.RequestException as cause:
            raise unreachable(method, type(cause).__name__) from cause


def _body(answer: requests.Response, method: str) -> dict[str, Any]:
    """The envelope of an answer, or what its refusal means. Numbers with a point become Decimals, digit for digit."""
    if answer.is_redirect:
        raise _Moved(answer.headers["Location"])
    try:
        body = answer.json(parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not ("error" in body or "result" in body):
        raise BadAnswer(_("Bitrix24's answer cannot be read."), status=answer.status_code, method=method)
    if "error" in body:
        raise refused(method, answer.status_code, body)
    return body


def _seconds(body: Mapping[str, Any]) -> float:
    try:
        return float(mapping(body.get("time")).get("duration") or 0)
    except (TypeError, ValueError):
        return 0.0


def _plain(trouble: Exception, method: str) -> RestError:
    """What is said when a cure did not help."""
    if isinstance(trouble, RestError):
        return trouble
    return Unreachable(_("Bitrix24 has moved to another address and cannot be reached there."), method=method)
