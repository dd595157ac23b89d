"""Reading a portal's whole history: how near to what the limiter allows, how much memory, and how others do it.

Each reader is a process of its own in front of a demo portal of its own, whose limits are as strict as the cloud's: 2
requests a second out of a bucket of 50. The bound is what our own limiter lets through: a bucket, then one request
after the other.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from b24app.bitrix.throttle import CAPACITY, DRAIN_PER_S
from b24app.lib import redis_server
from bench.figures import Figure

OTHERS = ("b24pysdk", "fast_bitrix24")
LONGEST_S = 3600


def backfill(database: str, address: str, deals: int) -> Iterator[Figure]:
    """Our own, into a database."""
    with redis() as redis_url:
        read, site = run("ours", deals, database=address, redis=redis_url)
    bound = max(0.0, site["requests"] - CAPACITY) / DRAIN_PER_S
    rows = f"{deals:,} deals, {read['rows']:,.0f} records in all, {site['requests']:.0f} requests, {database}"
    name = f"backfill of {rows}: its bound by the limiter | the time taken"
    note = f"{site['violations']:.0f} violations; {_worked(read, site)}"
    yield Figure(name, bound, read["seconds"], "s", goal=0.9, at_least=True, note=note)
    name = f"memory of that backfill over the idle process | 100 MB, {database}"
    note = f"{read['second_half']:.1f} MB of it in the second half"
    yield Figure(name, read["megabytes"], 100, "MB", goal=1, note=note)
    name = f"its longest write transaction | half a second, {database}"
    yield Figure(name, 1000 * read["longest_s"], 500, goal=1 if database == "sqlite" else None)


def others(deals: int) -> Iterator[Figure]:
    """The same lists read by others, which keep nothing and follow no limit of ours; against the bound of ours."""
    for name in OTHERS:
        try:
            read, site = run(name, deals)
        except ReaderFailed as error:
            yield Figure(
                f"the same lists of {deals:,} deals by {name}: it gave up", 0, error.seconds, "s", note=str(error)
            )
            continue
        note = f"{read['rows']:,.0f} records, {site['requests']:.0f} requests, {site['violations']:.0f} violations; "
        note += _worked(read, site)
        bound = max(0.0, site["requests"] - CAPACITY) / DRAIN_PER_S
        yield Figure(f"the same lists of {deals:,} deals by {name}: the bound of its requests | its time", bound,
                     read["seconds"], "s", note=note)  # fmt: skip
        yield Figure(f"memory of {name} over its idle process | 100 MB", read["megabytes"], 100, "MB")


def _worked(read: dict[str, float], site: dict[str, float]) -> str:
    """Of the time taken, what either side's processor worked: the rest is waiting."""
    shares = (side["worked_s"] / read["seconds"] for side in (read, site))
    return "processor: reader {:.0%}, portal {:.0%} of the time".format(*shares)


class ReaderFailed(Exception):
    """A reader ended without an answer: what its portal counted until then, and the last line it wrote."""

    def __init__(self, wrote: str, site: dict[str, float], seconds: float) -> None:
        last = (wrote.strip().splitlines() or ["no answer"])[-1][:200]
        counted = f"{site['violations']:.0f} of {site['requests']:.0f} requests were refused by the limit"
        super().__init__(f"after {seconds:.0f} s, when {counted}: {last}")


def run(name: str, deals: int, **known: str) -> tuple[dict[str, float], dict[str, float]]:
    """What a reader came to, and what its portal counted."""
    with site(deals) as (portal, counters):
        began = time.monotonic()
        reader = subprocess.run(
            [sys.executable, "-m", "bench.readers", name],
            input=json.dumps({**portal, **known}), capture_output=True, text=True, timeout=LONGEST_S, check=False,
        )  # fmt: skip
        if reader.returncode:
            raise ReaderFailed(reader.stderr, counters(), time.monotonic() - began)
        return json.loads(reader.stdout.splitlines()[-1]), counters()


@contextmanager
def site(deals: int) -> Iterator[tuple[dict[str, Any], Any]]:
    command = [sys.executable, "-m", "bench.site", str(deals)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        talk, answers = process.stdin, process.stdout

        def counters(command: str = "") -> dict[str, float]:
            talk.write(f"{command}\n")
            talk.flush()
            return dict(json.loads(answers.readline()))

        yield json.loads(answers.readline()), counters
        talk.close()


@contextmanager
def redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        process, url = redis_server.start(Path(folder))
        try:
            yield url
        finally:
            process.terminate()
            process.wait()
