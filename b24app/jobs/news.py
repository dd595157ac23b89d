"""News of the portal, however they came: into the inbox first, then workers are told. The portal is asked nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from b24app.ingest import operations
from b24app.ingest.events import News
from b24app.ingest.records import is_wanted
from b24app.jobs import inbox, sync
from b24app.lib import clock
from b24app.lib.db import DatabaseUnavailable, write
from b24app.lib.queue import enqueue_soon
from b24app.lib.tenancy import working_for
from b24app.lib.together import Together

Named = tuple[int, str, bool, str]
"""A record that something has happened to: the portal's id, entity, whether it is new, key."""


def receive(portal_id: int, news: Iterable[News]) -> None:
    """Store what is to be read again, and have it worked off; what is polled as a whole is polled.

    An enqueue that is lost costs a minute: the sweep finds the rows. A lost poll costs a quarter of an hour.
    """
    found = tuple(news)
    named = [(portal_id, one.entity, one.is_new, one.key) for one in found if one.key is not None]
    if named:
        _stored(named)
        enqueue_soon(inbox.drain, portal_id, queue="live", unique=f"inbox:{portal_id}")
    if len(named) < len(found):
        enqueue_soon(sync.staff, portal_id, unique=f"sync.staff:{portal_id}")


def _store(arrived: Sequence[Collection[Named]]) -> None:
    """In the order of their names, as everybody stores them: nobody waits in a circle."""
    keys: dict[tuple[int, str], set[tuple[bool, str]]] = defaultdict(set)
    for named in arrived:
        for portal_id, entity, is_new, key in named:
            keys[portal_id, entity].add((is_new, key))
    with write():
        for portal_id, entity in sorted(keys):
            with working_for(portal_id):
                wanted = _wanted(portal_id, entity, keys[portal_id, entity])
                operations.accept_many(portal_id, entity, wanted, clock.now())


def _wanted(portal_id: int, entity: str, named: Collection[tuple[bool, str]]) -> set[str]:
    kinds = {is_new for is_new in (False, True) if is_wanted(portal_id, entity, is_new=is_new)}
    return {key for is_new, key in named if is_new in kinds}


_stored = Together(_store, (DatabaseUnavailable,))
"""Events that come in at the same moment share a commit; each is answered when its own is stored."""
