"""What Prometheus reads at /metrics: gauges asked of the database and of Redis, and what all processes have counted.

No personal data and no names of portals in any label. Where a part does not answer, its figures are missing.
"""

from collections.abc import Iterator
from contextlib import suppress

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from b24app.ingest import queries as ingest
from b24app.jobs import schedule
from b24app.lib import clock, queue, telemetry
from b24app.lib.db import DatabaseUnavailable
from b24app.outcomes.notifications import queries as messages
from b24app.portal import queries as tenants

Family = GaugeMetricFamily | CounterMetricFamily | SummaryMetricFamily

SUMMARIES = {
    "rest": ("b24app_rest_seconds", "Requests to Bitrix24 by what came of them", "outcome"),
    "limiter_wait": ("b24app_limiter_wait_seconds", "Waits for a place in a portal's rate limit", ""),
    "recompute": ("b24app_recompute_seconds", "Recomputes of results and scores by size", "what"),
    "job": ("b24app_job_seconds", "Jobs by what they do", "work"),
}
COUNTERS = {"job_failures": ("b24app_job_failures", "Jobs that ended with an error", "work")}


class Figures(Collector):
    def collect(self) -> Iterator[Family]:
        with suppress(DatabaseUnavailable):
            yield from _stored()
            yield from _told()
        with suppress(RedisError):
            yield from _queued()
            yield from _counted()


def _stored() -> Iterator[Family]:
    portals = GaugeMetricFamily("b24app_portals", "Portals by status", labels=["status"])
    for status, count in tenants.by_status().items():
        portals.add_metric([status], count)
    yield portals
    backlog = ingest.backlog(tenants.active_ids(), clock.now())
    yield GaugeMetricFamily("b24app_inbox_due", "Changed records that are not read yet", value=backlog.due)
    yield GaugeMetricFamily("b24app_inbox_lag_seconds", "How long the oldest of them waits", value=backlog.lag_s)
    yield GaugeMetricFamily("b24app_inbox_put_aside", "Records nobody could read", value=backlog.put_aside)
    yield GaugeMetricFamily("b24app_robots_due", "Robot calls not counted yet", value=backlog.unanswered)
    yield GaugeMetricFamily("b24app_sources_stopped", "Sources whose reading was broken off", value=backlog.stopped)


def _told() -> Iterator[Family]:
    states = messages.by_state()
    due = states.get("due", 0) + states.get("sending", 0)
    yield GaugeMetricFamily("b24app_outbox_due", "Messages that are to be sent", value=due)
    yield GaugeMetricFamily("b24app_outbox_undelivered", "Messages nobody took", value=states.get("failed", 0))


def _queued() -> Iterator[Family]:
    depths = GaugeMetricFamily("b24app_queue_jobs", "Jobs that wait in a queue", labels=["queue"])
    for name, depth in queue.depths().items():
        depths.add_metric([name], depth)
    yield depths
    yield GaugeMetricFamily("b24app_workers", "Workers seen lately", value=queue.workers())
    yield GaugeMetricFamily("b24app_scheduler", "1 while a scheduler works", value=schedule.is_held())


def _counted() -> Iterator[Family]:
    counted = telemetry.read()
    for name, (metric, text, label) in SUMMARIES.items():
        summary = SummaryMetricFamily(metric, text, labels=[label] if label else [])
        for kind in sorted(kind for found, part, kind in counted if (found, part) == (name, "count")):
            summary.add_metric([kind] if label else [], int(counted[name, "count", kind]), counted[name, "sum", kind])
        yield summary
    for name, (metric, text, label) in COUNTERS.items():
        counter = CounterMetricFamily(metric, text, labels=[label])
        for kind in sorted(kind for found, _part, kind in counted if found == name):
            counter.add_metric([kind], counted[name, "total", kind])
        yield counter
