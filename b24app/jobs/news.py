"""News of the portal, however they came: into the inbox first, then workers are told. The portal is asked nothing."""

from collections import defaultdict
from collections.abc import Iterable

from b24app.ingest import operations
from b24app.ingest.events import News
from b24app.ingest.records import is_wanted
from b24app.jobs import inbox, sync
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.queue import enqueue_soon


def receive(portal_id: int, news: Iterable[News]) -> None:
    """Store what is to be read again, and have it worked off; what is polled as a whole is polled.

    An enqueue that is lost costs a minute: the sweep finds the rows. A lost poll costs a quarter of an hour.
    """
    keys: dict[tuple[str, bool], list[str]] = defaultdict(list)
    is_polled = False
    for one in news:
        if one.key is None:
            is_polled = True
        else:
            keys[one.entity, one.is_new].append(one.key)
    if keys:
        with write():
            for (entity, is_new), those in sorted(keys.items()):
                if is_wanted(portal_id, entity, is_new=is_new):
                    operations.accept_many(portal_id, entity, those, clock.now())
        enqueue_soon(inbox.drain, portal_id, queue="live", unique=f"inbox:{portal_id}")
    if is_polled:
        enqueue_soon(sync.staff, portal_id, unique=f"sync.staff:{portal_id}")
