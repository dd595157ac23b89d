"""What machines ask: is it alive, is it ready, and figures of all processes together; and ids in what is logged."""

import json
import logging
import re

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.worker import SimpleWorker
from sqlalchemy import update

from b24app.ingest.tables import Inbox, SyncCursor
from b24app.lib import clock, log, queue, telemetry
from b24app.lib.db import write
from b24app.lib.errors import Temporary
from tests.scores import world


def figures(app: Flask) -> dict[str, float]:
    lines = app.test_client().get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def broken() -> None:
    raise Temporary("not now")


def test_alive_and_not_ready_without_a_worker(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["worker"], ready.json["database"]) == (503, "none seen lately", "ok")


def test_figures_say_what_waits(app: Flask, redis: Redis) -> None:
    with write() as session:
        world.settle()
        arrived = (clock.epoch(clock.now()) - 100) * 1_000_000
        for key, state, entity in (("1", "due", "deal"), ("2", "due", "deal"), ("3", "failed", "deal"),
                                   ("4", "due", "robot")):  # fmt: skip
            session.add(Inbox(portal_id=world.PORTAL, entity=entity, key=key, payload={}, state=state, attempts=0,
                              arrived_at=arrived))  # fmt: skip
        session.execute(update(SyncCursor).where(SyncCursor.source == "backfill").values(state="failed"))
    queue.enqueue(broken, queue="sync")
    found = figures(app)
    assert found["b24app_inbox_due"] == 2
    assert found["b24app_inbox_lag_seconds"] >= 100
    assert (found["b24app_inbox_put_aside"], found["b24app_robots_due"]) == (1, 1)
    assert found["b24app_sources_stopped"] >= 1
    assert found['b24app_queue_jobs{queue="sync"}'] == 1
    assert found['b24app_portals{status="active"}'] == 2
    assert (found["b24app_workers"], found["b24app_scheduler"]) == (0, 0)


def test_processes_count_together_and_errors_by_code(app: Flask, redis: Redis) -> None:
    telemetry.observe("rest", 0.5, "ok")
    telemetry.observe("rest", 1.5, "LimitExceeded QUERY_LIMIT_EXCEEDED")
    telemetry.observe("rest", 0.5, "ok")
    with telemetry.timed("recompute", "cells"):
        telemetry.observe("limiter_wait", 2)
    found = figures(app)
    assert found['b24app_rest_seconds_count{outcome="ok"}'] == 2
    assert found['b24app_rest_seconds_sum{outcome="ok"}'] == 1
    assert found['b24app_rest_seconds_count{outcome="LimitExceeded QUERY_LIMIT_EXCEEDED"}'] == 1
    assert (found["b24app_limiter_wait_seconds_count"], found["b24app_limiter_wait_seconds_sum"]) == (1, 2)
    assert found['b24app_recompute_seconds_count{what="cells"}'] == 1


def test_a_job_is_counted_and_what_it_logs_names_it(
    app: Flask, redis: Redis, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.configure("json")
    queue.enqueue(broken, unique="one")
    monkeypatch.setattr("signal.signal", lambda *_arguments: None)
    worker = SimpleWorker([Queue("default", connection=redis)], connection=redis, job_class=queue.WatchedJob)
    worker.work(burst=True, logging_level="ERROR")
    log.configure()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    [told] = [line for line in lines if line["event"] == "job_failed"]
    assert (told["work"], told["error"]) == ("tests.web.test_ops.broken", "Temporary")
    assert told["job"].startswith("one-")
    work = 'work="tests.web.test_ops.broken"'
    found = figures(app)
    assert (found[f"b24app_job_failures_total{{{work}}}"], found[f"b24app_job_seconds_count{{{work}}}"]) == (1, 1)


def test_what_libraries_log_has_the_same_shape(capfd: pytest.CaptureFixture[str]) -> None:
    log.configure("json")
    logging.getLogger("somebody").warning("of %s", "theirs")
    log.configure()
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["event"], line["level"]) == ("of theirs", "warning")


def test_every_answer_says_its_requests_id(app: Flask) -> None:
    client = app.test_client()
    assert re.fullmatch("[0-9a-f]{32}", client.get("/healthz").headers["X-Request-ID"])
    assert client.get("/healthz", headers={"X-Request-ID": "proxy-17-a"}).headers["X-Request-ID"] == "proxy-17-a"
    assert client.get("/healthz", headers={"X-Request-ID": "a b<script>"}).headers["X-Request-ID"] != "a b<script>"


def test_a_failed_request_is_logged_with_its_route_and_without_its_address(
    app: Flask, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24app.web.ops.readiness", lambda: {"redis": "does not answer"})
    log.configure("json")
    app.test_client().get("/readyz?secret=1")
    log.configure()
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["event"], line["route"], line["status"]) == ("request", "/readyz", 503)
    assert "secret" not in str(line)
    assert line["request"]
