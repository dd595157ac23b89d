"""`python -m bench.readers NAME` reads every deal and stage move of a portal, in a process of its own.

The portal's line of JSON comes on standard input. The answer is one line: seconds, how many of them the processor
worked, rows, and megabytes over the idle process. `ours` also stores them (in the database named in the line), with
all that follows; the others keep nothing.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from b24app.ingest.sources import deals, stage_history
from bench.memory import forget_peak, peak_mb

Portal = dict[str, Any]


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Seconds, and how many megabytes the process grew beyond what it was before."""
    found: dict[str, float] = {}
    forget_peak()
    idle, began, worked = peak_mb(), time.monotonic(), time.process_time()
    yield found
    found |= {
        "seconds": time.monotonic() - began,
        "worked_s": time.process_time() - worked,
        "megabytes": peak_mb() - idle,
    }


def ours(portal: Portal) -> dict[str, float]:
    """The job that reads a portal's history, as the worker runs it."""
    from b24app.app import create_app
    from b24app.config import Config
    from b24app.facts import queries as facts
    from b24app.jobs import sync
    from b24app.lib import clock, crypto
    from b24app.lib.clock import epoch
    from b24app.lib.db import db, write
    from b24app.portal import operations as portals
    from b24app.portal.operations import Pair
    from b24app.portal.tables import Portal as Tenant

    secret = "a secret for the bench only, long enough for it"
    config = Config(
        database_url=portal["database"], redis_url=portal["redis"], secret_key=secret,
        token_keys=(crypto.derive_key(secret, "tokens"),), public_url="http://127.0.0.1:8000",
        client_id=portal["client_id"], client_secret=portal["client_secret"], oauth_servers=(portal["oauth"],),
        allow_http=True, host="127.0.0.1", port=8000, session_minutes=60, log_format="json", sentry_dsn=None,
    )  # fmt: skip
    app = create_app(config)
    with app.app_context():
        db.create_all()
        with write() as session:
            session.add(
                Tenant(
                    id=1, member_id=portal["member_id"], domain=portal["domain"], client_endpoint=portal["endpoint"],
                    oauth_server=portal["oauth"], status="active", application_token=portal["application_token"],
                    created_at=epoch(clock.now()),
                )
            )  # fmt: skip
            session.flush()
            pair = Pair(portal["access"], portal["refresh"], 3600)
            portals.remember_token(1, 1, pair, clock.now(), service=True)
        halves = Halves()
        with measured() as found, transactions(db.engine) as longest:
            assert sync.backfill(1, halves)
        counts = facts.counts(1)
        rows = counts["deal"] + counts["stage_move"]
        return found | {"rows": rows, "longest_s": longest(), "second_half": halves.grown()}


class Halves:
    """Tells whether memory stays flat: how many megabytes the process grew after half of the moves had been read."""

    def __init__(self) -> None:
        self._at_half: float | None = None

    def __call__(self, source: str, done: int, total: int) -> None:
        if self._at_half is None and source == stage_history.key and done * 2 >= total:
            self._at_half = peak_mb()

    def grown(self) -> float:
        return peak_mb() - (self._at_half or 0)


@contextmanager
def transactions(engine: Any) -> Iterator[Callable[[], float]]:
    """How many seconds the longest write transaction took meanwhile."""
    from sqlalchemy import event

    began: dict[Any, float] = {}
    longest = [0.0]

    def begin(connection: Any) -> None:
        if connection.get_execution_options().get("begin") == "IMMEDIATE":
            began[connection] = time.monotonic()

    def end(connection: Any) -> None:
        if connection in began:
            longest.append(time.monotonic() - began.pop(connection))

    heard = (("begin", begin), ("commit", end), ("rollback", end))
    for name, listener in heard:
        event.listen(engine, name, listener)
    yield lambda: max(longest)
    for name, listener in heard:
        event.remove(engine, name, listener)


def sdk(portal: Portal) -> dict[str, float]:
    """The official SDK's fast list. It knows only https and the official OAuth host: both are led to the portal."""
    import requests
    from b24pysdk import BitrixApp, BitrixToken

    send = requests.Session.request

    def bridged(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        return send(
            session, method, url.replace(f"https://{portal['domain']}", f"http://{portal['domain']}"), **options
        )

    requests.Session.request = bridged  # type: ignore[method-assign,assignment]
    app = BitrixApp(client_id=portal["client_id"], client_secret=portal["client_secret"])
    token = BitrixToken(
        domain=portal["domain"], auth_token=portal["access"], refresh_token=portal["refresh"], bitrix_app=app
    )
    with measured() as found:
        rows = 0
        for listing in (deals.listing, stage_history.listing):
            for _row in token.call_list_fast(listing.method, dict(listing.params))["result"]:
                rows += 1
    return found | {"rows": rows}


def fast_bitrix24(portal: Portal) -> dict[str, float]:
    """The list of the library that is known for its speed."""
    from fast_bitrix24 import BitrixAsync

    async def token() -> str:
        return str(portal["access"])

    async def everything() -> int:
        client = BitrixAsync(portal["endpoint"], token_func=token, verbose=False)
        return sum(
            [len(await client.get_all(one.method, dict(one.params))) for one in (deals.listing, stage_history.listing)]
        )

    with measured() as found:
        rows = asyncio.run(everything())
    return found | {"rows": rows}


READERS: dict[str, Callable[[Portal], dict[str, float]]] = {
    "ours": ours, "b24pysdk": sdk, "fast_bitrix24": fast_bitrix24,
}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(READERS[sys.argv[1]](json.loads(sys.stdin.readline()))), flush=True)
