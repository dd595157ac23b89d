"""Imports of files: checked and posted by a worker, and taken back as a whole. The list of their kinds is here.

Each may run twice, late, or be killed half-way: while it is on its way in or out an import is held and counts for
nothing, and every step begins again where the state of the file says. One import of a portal at a time, so that two do
not take each other's keys.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from b24app import pipeline
from b24app.facts import held, imported, ledger
from b24app.facts.rules import Cell
from b24app.ingest.imports import checking, entries, files, posting
from b24app.ingest.imports.kinds import Kind
from b24app.jobs import outbox, scores
from b24app.jobs.alone import alone
from b24app.lib import clock
from b24app.lib.db import analyze, db, write
from b24app.lib.errors import AppError, Conflict
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import speaking
from b24app.lib.log import logger
from b24app.lib.queue import enqueue
from b24app.portal import operations as portals
from b24app.portal import queries as tenants
from b24app.scorecards.imports import staged, targets
from b24app.scorecards.tables import ImportedTarget, Target
from b24app.scores.rules import Cause, CauseKind

KINDS: Mapping[str, Kind] = {one.code: one for one in (entries, targets)}

HOLD_S = 600
CELLS_AT_ONCE = 2_000


def ask(portal_id: int) -> None:
    """Have a worker go on with the portal's imports; call it after the commit."""
    enqueue(work, portal_id, queue="default", unique=f"imports:{portal_id}")


def work(portal_id: int) -> None:
    """Everything that is to be checked, posted or taken back."""
    with alone("imports", portal_id, HOLD_S) as lock, speaking(tenants.get(portal_id).language):
        if lock is None:
            return
        for import_id in files.under_way(portal_id):
            _work(portal_id, import_id)


def _work(portal_id: int, import_id: int) -> None:
    db.session.rollback()
    try:
        row = files.find(portal_id, import_id)
        steps = _STEPS_OF_TARGETS if row.kind == targets.code else _STEPS
        steps[row.state](portal_id, import_id)
    except AppError as error:
        _give_up(portal_id, import_id, error.message)
    except Exception:
        logger.exception("import_failed", portal=portal_id, file=import_id)
        _give_up(
            portal_id,
            import_id,
            _("Something went wrong on our side. Try again; if it happens again, tell your administrator."),
        )
        raise


def _check(portal_id: int, import_id: int) -> None:
    kind = KINDS[files.find(portal_id, import_id).kind]
    given = kind.source(checking.opened(portal_id, import_id, clock.now()))
    db.session.rollback()
    result = checking.check(given, lambda done, total: _report(portal_id, import_id, done, total))
    with write():
        portals.lock(portal_id)
        checking.keep_found(portal_id, import_id, result)


def _post(portal_id: int, import_id: int) -> None:
    """In portions, each a short transaction, while the import is held; then all of it counts at once."""
    given = entries.source(checking.opened(portal_id, import_id, clock.now()))
    db.session.rollback()
    done = 0
    for portion in posting.portions(given):
        done += len(portion)
        with write():
            portals.lock(portal_id)
            _still(portal_id, import_id, files.IMPORTING)
            held.hold(portal_id, import_id)
            ledger.post_entries(portal_id, portion, clock.now())
            files.move(portal_id, import_id, files.IMPORTING, clock.now(), done=done)
    with write():
        portals.lock(portal_id)
        _still(portal_id, import_id, files.IMPORTING)
        held.release(portal_id, import_id)
        total = imported.rows(portal_id, import_id)
        files.move(portal_id, import_id, files.COUNTING, clock.now(), done=0, total=total)
    _count(portal_id, import_id)


def _count(portal_id: int, import_id: int) -> None:
    """The numbers that it moves are computed."""
    _recompute(portal_id, import_id, files.DONE)


def _undo(portal_id: int, import_id: int) -> None:
    """None of it counts from the first portion on; the numbers are computed when all of it is taken back."""
    is_more = True
    while is_more:
        with write():
            portals.lock(portal_id)
            held.hold(portal_id, import_id)
            found = files.find(portal_id, import_id).found
            is_more = imported.take_back(portal_id, import_id, found["undone_by"], found["reason"], clock.now())
    with write():
        portals.lock(portal_id)
        held.release(portal_id, import_id)
    _recompute(portal_id, import_id, files.UNDONE)


def _recompute(portal_id: int, import_id: int, then: str) -> None:
    author = files.find(portal_id, import_id).author
    portions = list(imported.cells(portal_id, import_id, CELLS_AT_ONCE))
    state = files.COUNTING if then == files.DONE else files.UNDOING
    done = 0
    for cells in portions:
        done += len(cells)
        _move_numbers(portal_id, cells, author, clock.now())
        with write():
            files.move(portal_id, import_id, state, clock.now(), done=done)
    with write():
        files.move(portal_id, import_id, then, clock.now())


def _move_numbers(portal_id: int, cells: Iterable[Cell], author: str, now: datetime) -> None:
    with write():
        portals.lock(portal_id)
        changes = pipeline.recompute(portal_id, cells, now, Cause(CauseKind.FACT, author))
    outbox.ask_if(portal_id, changes)


def _post_targets(portal_id: int, import_id: int) -> None:
    """Laid ready in portions, where they count for nothing; then all of them stand in the plan at once."""
    given = targets.source(checking.opened(portal_id, import_id, clock.now()))
    db.session.rollback()
    with write():
        staged.clear(portal_id, import_id)
    portions = targets.lay_ready(given)
    is_more = True
    while is_more:
        with write():
            _still(portal_id, import_id, files.IMPORTING)
            done = next(portions, None)
            if is_more := done is not None:
                files.move(portal_id, import_id, files.IMPORTING, clock.now(), done=done)
    analyze(ImportedTarget, Target)
    with write():
        portals.lock(portal_id)
        _still(portal_id, import_id, files.IMPORTING)
        total = targets.exchange(given)
        files.move(portal_id, import_id, files.COUNTING, clock.now(), done=0, total=total)
    _count_targets(portal_id, import_id)


def _count_targets(portal_id: int, import_id: int) -> None:
    row = files.find(portal_id, import_id)
    _follow_targets(portal_id, import_id, row.author, row.found["why"])
    with write():
        files.move(portal_id, import_id, files.DONE, clock.now())
    scores.ask(portal_id)


def _undo_targets(portal_id: int, import_id: int) -> None:
    """What stood there stands there again, all at once; `left` says that it does."""
    row = files.find(portal_id, import_id)
    author, reason = row.found["undone_by"], row.found["reason"]
    if "left" not in row.found:
        wrong = targets.unrestorable(portal_id, import_id)
        db.session.rollback()
        analyze(ImportedTarget, Target)
        with write():
            portals.lock(portal_id)
            back, left = targets.turn_back(portal_id, import_id, wrong, author, clock.now())
            row = files.find(portal_id, import_id)
            row.found = {**row.found, "left": left}
            files.move(portal_id, import_id, files.UNDOING, clock.now(), done=0, total=back)
    _follow_targets(portal_id, import_id, author, reason)
    with write():
        staged.clear(portal_id, import_id)
        files.move(portal_id, import_id, files.UNDONE, clock.now())
    scores.ask(portal_id)


def _follow_targets(portal_id: int, import_id: int, author: str, reason: str) -> None:
    """What was exchanged is noted in the audit log, portion by portion, and moves the numbers that people look at."""
    noted = True
    while noted:
        with write():
            portals.lock(portal_id)
            row, now = files.find(portal_id, import_id), clock.now()
            noted = targets.note(portal_id, import_id, row.done, author, reason, now) > 0
            row.done = min(row.done + staged.AT_ONCE, row.total)
    codes = staged.scorecards_of(portal_id, import_id)
    for code in codes:
        with write():
            portals.lock(portal_id)
            scores.compute(portal_id, {code}, clock.now(), Cause(CauseKind.TARGET, author))


def _still(portal_id: int, import_id: int, state: str) -> None:
    """Conflict where another worker, which took this one for dead, has gone on with the import."""
    if files.find(portal_id, import_id).state != state:
        raise Conflict(_("The import has gone on meanwhile: look at its page again."))


def _give_up(portal_id: int, import_id: int, reason: str) -> None:
    """Whatever was posted goes: nothing is half-imported. What counts already is computed by the next run, and what
    another worker has brought to its end stays."""
    db.session.rollback()
    if files.find(portal_id, import_id).state not in (files.CHECKING, files.IMPORTING):
        return
    db.session.rollback()
    more = True
    while more:
        with write():
            portals.lock(portal_id)
            more = imported.drop(portal_id, import_id)
    with write():
        staged.clear(portal_id, import_id)
        held.release(portal_id, import_id)
        files.move(portal_id, import_id, files.FAILED, clock.now(), reason)


def _report(portal_id: int, import_id: int, done: int, total: int) -> None:
    with write():
        files.move(portal_id, import_id, files.CHECKING, clock.now(), done=done, total=total)


_STEPS = {files.CHECKING: _check, files.IMPORTING: _post, files.COUNTING: _count, files.UNDOING: _undo}
_STEPS_OF_TARGETS = {
    files.CHECKING: _check,
    files.IMPORTING: _post_targets,
    files.COUNTING: _count_targets,
    files.UNDOING: _undo_targets,
}


def purge(portal_id: int) -> None:
    with write():
        files.purge(portal_id, clock.now())


def resume(portal_id: int) -> None:
    """Take up what the queue has lost."""
    if files.under_way(portal_id):
        ask(portal_id)
