"""What the jobs that read a portal share: numbering wins, and what becomes of trouble."""

from collections.abc import Iterator
from contextlib import contextmanager

from b24app.facts import operations as facts
from b24app.ingest import operations
from b24app.lib.db import db, write
from b24app.lib.errors import AppError
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.portal import operations as portals
from b24app.portal import queries as tenants


def number_wins(portal_id: int) -> None:
    """What was read of the history has not numbered the wins of its clients part by part."""
    for clients in list(facts.buyers(portal_id)):
        with write():
            portals.lock(portal_id)
            facts.number_wins(portal_id, clients)


@contextmanager
def explained(portal_id: int, source: str) -> Iterator[None]:
    """A failure is kept with its reason, in the portal's language, for the screens; then it goes on its way."""
    language = tenants.get(portal_id).language
    with speaking(language):
        try:
            yield
        except Exception as error:
            db.session.rollback()
            reason = error.message if isinstance(error, AppError) else _("An error in the app. It has been logged.")
            with write():
                operations.trouble(portal_id, source, reason)
            raise
