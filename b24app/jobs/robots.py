"""Robot calls: count each once, then answer the workflow that waits (architecture 4.3).

    inbox row due -> read the record if it has news -> apply + pipeline + done, one transaction
                  -> answer (reads only) -> bizproc.event.send -> answered

Killed anywhere, a call is taken up where it stopped: what was counted is not counted again, only answered again.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from b24app import pipeline
from b24app.bitrix.errors import AccessDenied
from b24app.facts import queries as facts
from b24app.facts.rules import DEAL
from b24app.ingest.operations import DONE, DUE, FAILED, ROBOT
from b24app.ingest.tables import Inbox
from b24app.jobs import inbox, outbox
from b24app.lib import clock
from b24app.lib.crypto import fingerprint
from b24app.lib.db import db, write
from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.lib.tenancy import across_tenants, working_for
from b24app.outcomes.notifications import queries as notifications
from b24app.outcomes.notifications.rules import CHAT
from b24app.portal import operations as portals
from b24app.portal import queries
from b24app.robots import base
from b24app.robots.base import Answer, Call

OVERDUE = timedelta(seconds=40)
"""With a sweep every 15 s a workflow is answered within a minute (interfaces 5)."""

LONGEST_PAUSE_S = 3600
GIVE_UP = timedelta(days=3)
"""A call that could not be counted for so long is put aside: the portal may be away for a weekend."""

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call in the inbox. `waits`: the workflow stands still until it is answered."""

    inbox_id: int
    code: str
    call: Call
    waits: bool

    @property
    def is_overdue(self) -> bool:
        return self.call.now - self.call.arrived_at >= OVERDUE


def run(inbox_id: int) -> None:
    """Work off one robot call. May run twice, and late."""
    delivery = _delivery(inbox_id)
    if delivery is None:
        return
    with working_for(delivery.call.portal_id), speaking(delivery.call.language):
        try:
            _read_record(delivery.call)
            _count(delivery)
        except Exception:
            _failed(delivery)
            if delivery.is_overdue:
                _answer(delivery, _("The call could not be counted in time. It will be counted later."))
            raise
        _tell(delivery.call)
        _answer(delivery)


def sweep() -> None:
    """Take up what was left: calls whose job was lost, failed, or could not reach the portal; those that failed often
    with growing pauses."""
    now = clock.now()
    before = clock.epoch(now - OVERDUE) * MICROSECONDS
    left = select(Inbox.id, Inbox.arrived_at, Inbox.attempts).where(
        Inbox.entity == ROBOT, or_(Inbox.state == DUE, Inbox.answered_at.is_(None)), Inbox.arrived_at <= before
    )
    for row in db.session.execute(across_tenants(left)).all():
        waited_s = clock.epoch(now) - row.arrived_at // MICROSECONDS
        if waited_s >= _pauses_s(row.attempts):
            enqueue(run, row.id, queue="robots", unique=f"robot-{row.id}")


def _pauses_s(attempts: int) -> int:
    """How long after its arrival a call that failed so often is tried again: four times at once, then ever later."""
    doublings = max(0, attempts - 4)
    quick = 60 * 2 ** min(doublings, 6) if doublings else 0
    return quick + max(0, doublings - 6) * LONGEST_PAUSE_S


def _delivery(inbox_id: int) -> Delivery | None:
    row = db.session.get(Inbox, inbox_id)
    if row is None or row.entity != ROBOT:
        return None
    portal = queries.get(row.portal_id)
    call = Call(
        portal_id=row.portal_id,
        event_token=row.key,
        document=row.payload["document"][-1],
        properties=row.payload["properties"],
        arrived_at=clock.moment(row.arrived_at // MICROSECONDS),
        now=clock.now(),
        time_zone=portal.time_zone,
        language=portal.language,
    )
    return Delivery(inbox_id, row.payload["code"], call, row.payload["waits"])


def _read_record(call: Call) -> None:
    """The workflow's own record as it is now: a robot may run before the event that tells of the record."""
    kind, _dash, id = call.document.rpartition("_")
    if kind == "DEAL" and id.isdecimal():
        inbox.read_now(call.portal_id, DEAL, int(id), is_known=facts.deal(call.portal_id, int(id)) is not None)


def _count(delivery: Delivery) -> None:
    """Apply the call and mark it done, in one transaction. Bad input is final: its reason is kept for the answer."""
    call = delivery.call
    with write():
        portals.lock(call.portal_id)
        row = _row(delivery)
        if row.state != DUE:
            return
        try:
            robot = base.find(delivery.code)
            touched = robot.apply(call, base.parse(robot, call))
        except Invalid as error:
            row.state, row.reason = FAILED, error.message
            return
        changes = pipeline.recompute(call.portal_id, touched.cells, call.now, record=call.document)
        for slice_ in touched.slices:
            pipeline.recompute_slice(call.portal_id, slice_, call.now)
        row.state = DONE
    outbox.ask_if(call.portal_id, changes)


def _failed(delivery: Delivery) -> None:
    """To be tried again, or put aside after days: then a person has to look."""
    over = delivery.call.now - delivery.call.arrived_at >= GIVE_UP
    given_up = {"state": FAILED, "reason": _("The call could not be counted for days.")} if over else {}
    _update(delivery, attempts=Inbox.attempts + 1, **given_up)


def _tell(call: Call) -> None:
    """What the call has put into the outbox is told first, so that the answer can speak of it. It may fail: the outbox
    goes on by itself, and whoever waits is answered in any case."""
    message = notifications.answer_to(call.portal_id, fingerprint(call.event_token))
    if message is None or message.sent_at is not None:
        return
    try:
        outbox.tell(call.portal_id, CHAT)
    except Exception as error:
        db.session.rollback()
        logger.exception("robot_message_not_told", portal=call.portal_id, error=type(error).__name__)


def _answer(delivery: Delivery, message: str = "") -> None:
    """Send what is stored by now, unless that was done or nobody waits. A message goes before the robot's own."""
    row = _row(delivery)
    if row.answered_at is not None:
        return
    if delivery.waits:
        answer = _stored_answer(delivery, row.reason if row.state == FAILED else None)
        _send(delivery, replace(answer, message=message or answer.message))
    _update(delivery, answered_at=clock.epoch(delivery.call.now))


def _stored_answer(delivery: Delivery, problem: str | None) -> Answer:
    try:
        robot = base.find(delivery.code)
    except Invalid as error:
        return Answer({}, error.message)
    if problem is not None:
        return base.nothing(robot.Returns, problem)
    try:
        return robot.answer(delivery.call, base.parse(robot, delivery.call))
    except Invalid as error:
        return base.nothing(robot.Returns, error.message)


def _send(delivery: Delivery, answer: Answer) -> None:
    """An event token that was used or has ended is answered with ACCESS_DENIED: then nobody waits any more."""
    call = delivery.call
    db.session.rollback()  # no transaction stays open while the portal is asked
    parameters = {"EVENT_TOKEN": call.event_token, "RETURN_VALUES": dict(answer.values), "LOG_MESSAGE": answer.message}
    try:
        portals.connect(call.portal_id).call("bizproc.event.send", parameters)
    except AccessDenied:
        logger.info("robot_answer_refused", portal=call.portal_id, inbox=delivery.inbox_id)
    except Exception:
        _update(delivery, attempts=Inbox.attempts + 1)
        if call.now - call.arrived_at < GIVE_UP:
            raise
        logger.warning("robot_never_answered", portal=call.portal_id, inbox=delivery.inbox_id)


def _row(delivery: Delivery) -> Inbox:
    """As it is now."""
    query = select(Inbox).where(*_of(delivery)).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def _update(delivery: Delivery, **values: Any) -> None:
    with write() as session:
        session.execute(update(Inbox).where(*_of(delivery)).values(**values))


def _of(delivery: Delivery) -> tuple[ColumnElement[bool], ...]:
    return Inbox.portal_id == delivery.call.portal_id, Inbox.id == delivery.inbox_id
