"""Emptying the offline queue of a portal into the inbox: the net under events that did not reach us (contract 4.4)."""

from contextlib import suppress

from redis.exceptions import RedisError

from b24app.bitrix.errors import BatchError, Refused
from b24app.ingest import offline
from b24app.ingest.offline import Taken
from b24app.jobs import news
from b24app.jobs.alone import alone
from b24app.lib.log import logger
from b24app.portal import operations as portals

LOCK_S = 60


def poll(portal_id: int) -> None:
    """Put what waits into the inbox, and only then take it out of the queue. Portals without one have other nets."""
    with alone("offline", portal_id, LOCK_S) as lock:
        if lock is None:
            return
        client = portals.connect(portal_id)
        try:
            queue = offline.look(client)
        except BatchError as refusal:
            if not all(type(error) is Refused for error in refusal.refusals.values()):
                raise
            logger.info("no_offline_queue", portal=portal_id, code=refusal.code)
            return
        if queue is None:
            return
        for taken in offline.take(client, queue):
            _receive(portal_id, taken)
            offline.confirm(client, taken)
            with suppress(RedisError):
                lock.reacquire()


def _receive(portal_id: int, taken: tuple[Taken, ...]) -> None:
    news.receive(portal_id, dict.fromkeys(one for part in taken for one in part.news))
    unreadable = sum(len(part.unreadable) for part in taken)
    if unreadable:
        logger.warning("offline_events_unreadable", portal=portal_id, events=unreadable)
