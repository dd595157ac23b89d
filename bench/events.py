"""Events: how many the web process takes a second, and what a burst of them costs.

A burst changes every deal of a portal. One process posts the events, another works off the inbox meanwhile, both as the
web and worker processes do; the portal's limits are as strict as the cloud's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.figures import Figure
from bench.reading import redis, site

A_REQUEST = 2500
MORE_REQUESTS = 20

NOBODY = {
    "client_id": "app.bench", "client_secret": "none", "oauth": "http://localhost:9", "member_id": "0" * 32,
    "domain": "bench.example", "endpoint": "http://bench.example/rest/", "access": "a" * 70, "refresh": "r" * 70,
    "application_token": "t" * 32,
}  # fmt: skip


def accepted(database: str, address: str, events: int) -> Iterator[Figure]:
    """Against Flask with an insert and nothing else."""
    with redis() as redis_url:
        known = {**NOBODY, "database": address, "redis": redis_url, "events": events}
        with role("accept", known) as (_say, hear):
            found = hear()
    name = f"events accepted a second, {database} | bare Flask and an insert"
    yield Figure(name, found["ours_rate"], found["bare_rate"], "/s", goal=0.6, at_least=True)
    yield Figure(f"99 of 100 events are answered within, {database} | bare", found["ours_p99"], found["bare_p99"])


def burst(database: str, address: str, deals: int) -> Iterator[Figure]:
    """From the first event to the last result that is right."""
    with redis() as redis_url, site(deals) as (portal, counters):
        known = {**portal, "database": address, "redis": redis_url}
        ids = list(range(1, deals + 1))
        with role("drain", known) as (drain, drained), role("post", {**known, "ids": ids}) as (post, posted):
            drained()
            before = counters("change")
            for begin in (drain, post):
                begin("")
            sent, right = posted(), drained()
            after = counters()
    requests = after["requests"] - before["requests"]
    note = f"{right['stale']} of {deals} wrong, {right['drains']} drains, {after['violations']} violations"
    bound = deals / A_REQUEST + MORE_REQUESTS
    name = f"a burst of {deals:,} events, {database}: requests until all results are right | {deals / A_REQUEST:g} + 20"
    yield Figure(name, requests, bound, "", goal=1, note=note)
    yield Figure(
        f"a burst of {deals:,} events, {database}: time until all results are right | until all are accepted",
        right["ended"] - sent["began"], sent["ended"] - sent["began"], "s",
    )  # fmt: skip


@contextmanager
def role(name: str, known: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """A process that plays one part; a line to begin with, and its lines of JSON."""
    command = [sys.executable, "-m", "bench.inbox", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        talk, answers = process.stdin, process.stdout
        assert talk is not None
        assert answers is not None

        def say(line: str) -> None:
            talk.write(f"{line}\n")
            talk.flush()

        say(json.dumps(known))
        yield say, lambda: json.loads(answers.readline())
        talk.close()
