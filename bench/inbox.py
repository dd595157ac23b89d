"""`python -m bench.inbox ROLE`: a part of bench/events.py in a process of its own.

What is known of the portal comes as a line of JSON on standard input, the answer is a line too.

    accept    how many events a second the web process takes, and its 99th percentile; beside a bare handler
    post      posts an event for each of so many deals, as fast as they are taken
    drain     reads a portal's history, says so, and works off the inbox until all those deals are right
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from flask import Flask, request
from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, func, insert, select

from b24app.app import create_app
from b24app.config import Config
from b24app.facts.tables import Deal
from b24app.ingest.inbox import DUE
from b24app.ingest.tables import Inbox
from b24app.lib import clock, crypto
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.portal import operations as portals
from b24app.portal.operations import Pair
from b24app.portal.tables import Portal as Tenant
from bench.figures import percentile

Known = dict[str, Any]

THREADS = 4
ROUNDS = 5
WAIT_S = 600


def application(known: Known) -> Flask:
    secret = "a secret for the bench only, long enough for it"
    return create_app(
        Config(
            database_url=known["database"], redis_url=known["redis"], secret_key=secret,
            token_keys=(crypto.derive_key(secret, "tokens"),), public_url="http://127.0.0.1:8000",
            client_id=known["client_id"], client_secret=known["client_secret"], oauth_servers=(known["oauth"],),
            allow_http=True, host="127.0.0.1", port=8000, session_minutes=60, log_format="json", sentry_dsn=None,
        )
    )  # fmt: skip


def settle(known: Known) -> None:
    """The portal's row and its token, as after an installation."""
    with write() as session:
        session.add(
            Tenant(
                id=1, member_id=known["member_id"], domain=known["domain"], client_endpoint=known["endpoint"],
                oauth_server=known["oauth"], status="active", application_token=known["application_token"],
                created_at=epoch(clock.now()),
            )
        )  # fmt: skip
        session.flush()
        portals.remember_token(1, 1, Pair(known["access"], known["refresh"], 3600), clock.now(), service=True)


def form(known: Known, id: int) -> dict[str, str]:
    """An event as Bitrix24 posts it (contract 4.2)."""
    auth = {
        "access_token": known["access"], "expires": "1790003600", "expires_in": "3600", "scope": "crm",
        "domain": known["domain"], "server_endpoint": "https://oauth.bitrix.info/rest/", "status": "L",
        "client_endpoint": known["endpoint"], "member_id": known["member_id"], "user_id": "7",
        "application_token": known["application_token"],
    }  # fmt: skip
    return {
        "event": "ONCRMDEALUPDATE", "event_handler_id": "185", "data[FIELDS][ID]": str(id), "ts": "1790000000",
        **{f"auth[{name}]": value for name, value in auth.items()},
    }  # fmt: skip


def post(app: Flask, path: str, data: dict[str, str]) -> float:
    """Milliseconds until the answer."""
    with app.test_client() as client:
        began = time.perf_counter()
        assert client.post(path, data=data).status_code == 200
        return 1000 * (time.perf_counter() - began)


# --- accepting


def accept(known: Known) -> dict[str, float]:
    """Both sides in turns, from several threads as the web process has them; medians of the rounds."""
    ours = application(known)
    with ours.app_context():
        settle(known)
    sides = {"ours": (ours, "/b24/event"), "bare": (bare(known), "/")}
    ids = count(1)
    found: dict[str, list[float]] = {f"{side}_{what}": [] for side in sides for what in ("rate", "p99")}
    for turn in range(ROUNDS + 1):
        for side, (app, path) in sides.items():
            times, seconds = busy(app, path, (form(known, next(ids)) for _ in range(known["events"])))
            if turn:  # the first round warms up
                found[f"{side}_rate"].append(len(times) / seconds)
                found[f"{side}_p99"].append(percentile(times, 0.99))
    return {name: statistics.median(values) for name, values in found.items()}


def busy(app: Flask, path: str, forms: Iterator[dict[str, str]]) -> tuple[list[float], float]:
    with ThreadPoolExecutor(THREADS) as threads:
        all_forms = list(forms)
        began = time.perf_counter()
        times = list(threads.map(lambda data: post(app, path, data), all_forms))
        return times, time.perf_counter() - began


def bare(known: Known) -> Flask:
    """Nothing but Flask and an insert of what came, committed."""
    app = Flask("bare")
    app.config["SQLALCHEMY_DATABASE_URI"] = known["database"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {} if known["database"].startswith("sqlite") else {"pool_size": 10}
    db.init_app(app)
    events = Table("bare_event", MetaData(), Column("id", Integer, primary_key=True), Column("code", String(64)),
                   Column("payload", JSON))  # fmt: skip
    with app.app_context():
        from b24app.lib.db import prepare

        prepare(db.engine)
        events.create(db.engine)
        engine = db.engine

    @app.post("/")
    def event() -> tuple[str, int]:
        with engine.begin() as connection:
            connection.execute(insert(events), {"code": request.form["event"], "payload": request.form.to_dict()})
        return "", 200

    return app


# --- a burst


def burst(known: Known) -> dict[str, float]:
    """Posts an event for every deal, after a line on standard input says that it may begin."""
    app = application(known)
    sys.stdin.readline()
    began = time.time()
    for id in known["ids"]:
        post(app, "/b24/event", form(known, id))
    return {"began": began, "ended": time.time()}


def drain(known: Known) -> dict[str, float]:
    """What a worker does, told by Redis or by the sweep; here it looks by itself."""
    from b24app.jobs import inbox, sync

    app = application(known)
    with app.app_context():
        settle(known)
        assert sync.backfill(1)
        since = epoch(clock.now())
        say({"read": True})
        sys.stdin.readline()
        until, drains = time.monotonic() + WAIT_S, 0
        while _stale(since) and time.monotonic() < until:
            if _due():
                inbox.drain(1)
                drains += 1
        return {"ended": time.time(), "drains": drains, "stale": _stale(since)}


def _due() -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count()).where(Inbox.portal_id == 1, Inbox.state == DUE)) or 0)


def _stale(since: int) -> int:
    """Deals that we do not know as changed since then."""
    db.session.rollback()
    return int(db.session.scalar(select(func.count()).where(Deal.portal_id == 1, Deal.updated_at < since)) or 0)


def say(known: Known) -> None:
    print(json.dumps(known), flush=True)


ROLES: dict[str, Callable[[Known], dict[str, float]]] = {"accept": accept, "post": burst, "drain": drain}

if __name__ == "__main__":
    say(ROLES[sys.argv[1]](json.loads(sys.stdin.readline())))
