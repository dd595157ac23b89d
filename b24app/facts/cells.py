"""Which cells a change of a fact touches: the places whose numbers it may move, of the old and the new state. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from b24app.facts.credit.rules import Share, owners
from b24app.facts.kinds.base import Kind, counted
from b24app.facts.rules import DEAL, ENTRY, MOVE, OPEN, SHARED, Cell, DealDraft, DealFact, MoveDraft, ValueDraft

Moves = Mapping[int, Sequence[MoveDraft]]
"""By the id of their record."""

_UNCOUNTED = {"title", "updated_at", "updated_by_id", "moved_at", "read_at", "close_day", "credits"}
_counted = attrgetter(*sorted({*DealFact.__slots__, *DealDraft.__slots__} - _UNCOUNTED))
"""All that a number or a condition may rest on, values of fields and product rows too. But for whom a deal is divided
between: that moves the numbers of those only who count by it."""


def is_same(old: DealFact | None, new: DealFact | None) -> bool:
    """Whether nothing that counts has changed."""
    return old is not None and new is not None and bool(_counted(old) == _counted(new))


def touched(old: DealFact | None, new: DealFact | None) -> frozenset[Cell]:
    """The cells of both states; if nothing that counts has changed, those of an open deal's last change if that
    has moved, and those of the people it is divided between if these are others or get other shares."""
    deals = [fact for fact in (old, new) if fact is not None and fact.counts]
    if not is_same(old, new):
        return frozenset(cell for fact in deals for cell in cells(fact))
    found: set[Cell] = set()
    if len({deal.updated_at for deal in deals}) > 1:
        found.update(cell for deal in deals for cell in _updated_cells(deal))
    if len({deal.credits for deal in deals}) > 1:
        found.update(cell for deal in deals for cell in cells(deal) if cell.owner == SHARED)
    return frozenset(found)


def touched_records(kind: Kind, stored: Mapping[int, Any], changed: Mapping[int, Any]) -> set[Cell]:
    """The cells of both states of simple records in which something that counts has changed."""
    what = counted(kind)
    found: set[Cell] = set()
    for id, new in changed.items():
        old = stored.get(id)
        if old is None or what(old) != what(new):
            found.update(
                cell for fact in (old, new) if fact is not None and fact.counts for cell in record_cells(kind, fact)
            )
    return found


def touched_moves(
    kind: Kind, stored: Mapping[int, Any], facts: Mapping[int, Any], history: Moves, news: Moves
) -> Iterator[Cell]:
    """Where the moves of records count that are news, and all moves of those in which something has changed."""
    what = counted(kind)
    for id, new in facts.items():
        old = stored.get(id)
        states = [(id, one.responsible_id) for one in (old, new) if one is not None and one.counts]
        is_same = old is not None and what(old) == what(new)
        told = news.get(id, ())
        yield from move_cells(states, told if is_same else (*history.get(id, ()), *told), kind.entity)


def record_cells(kind: Kind, fact: Any) -> Iterator[Cell]:
    """Where a simple record counts: every date it has, for every owner."""
    dates = [(name, getattr(fact, f"{name}_at")) for name in kind.dates]
    owners = [(name, getattr(fact, f"{name}_id")) for name in kind.owners]
    if kind.has_values:
        dates += _first(fact.values, "at")
        owners += _first(fact.values, "ref")
    return _cells(kind.entity, fact.id, dates, owners)


class Closable(Protocol):
    """The dates and owners of a deal, of a whole fact or of a row with little else."""

    @property
    def id(self) -> int: ...

    @property
    def created_at(self) -> int: ...

    @property
    def closed_at(self) -> int | None: ...

    @property
    def responsible_id(self) -> int | None: ...

    @property
    def created_by_id(self) -> int | None: ...

    @property
    def closed_by_id(self) -> int | None: ...


def cells(deal: DealFact) -> Iterator[Cell]:
    """Where a deal counts: every date it has, for every owner."""
    yield from deal_cells(deal, deal.values, deal.credits)
    yield from _updated_cells(deal)


def deal_cells(deal: Closable, values: Iterable[ValueDraft] = (), credits: Sequence[Share] = ()) -> Iterator[Cell]:
    """By creation and close. An open deal has no closer, and no metric of closed deals counts it by its creation."""
    found = tuple(values)
    dates = [("created", deal.created_at), ("closed", deal.closed_at), *_first(found, "at")]
    return _cells(DEAL, deal.id, dates, _owners(deal, found, credits))


def _updated_cells(deal: DealFact) -> Iterator[Cell]:
    """An open deal may grow stale so many days after its last change."""
    if deal.semantic == OPEN:
        yield from _cells(DEAL, deal.id, (("updated", deal.updated_at),), _owners(deal, deal.values, deal.credits))


def _owners(deal: Closable, values: Iterable[ValueDraft], credits: Sequence[Share]) -> list[tuple[str, int | None]]:
    """Whom a deal counts for, of a user field the first employee it names."""
    found = [("responsible", deal.responsible_id), ("created_by", deal.created_by_id)]
    if deal.closed_at is not None:
        found.append(("closed_by", deal.closed_by_id))
    found += ((SHARED, id) for id in owners(credits, deal.closed_by_id, deal.responsible_id))
    return found + _first(values, "ref")


def _first(values: Iterable[ValueDraft], what: str) -> list[tuple[str, int | None]]:
    """Of each field that has any the first instant, or the first employee it names."""
    told = sorted((one.field, one.place, getattr(one, what)) for one in values if getattr(one, what) is not None)
    return list({field: found for field, _place, found in reversed(told)}.items())


def move_cells(
    states: Iterable[tuple[int, int | None]], moves: Iterable[MoveDraft], entity: str = MOVE
) -> Iterator[Cell]:
    """Where the moves of a record count: for its responsible. `states` are (record, responsible) before and after. Of
    deals the moves are an entity of their own, of other records they are one of its dates."""
    rows = tuple(moves)
    for id, responsible_id in dict.fromkeys(states):
        for move in rows:
            yield Cell(entity, "entered", "responsible", responsible_id, move.at, id)


def _cells(
    entity: str, id: int, dates: Iterable[tuple[str, int | None]], owners: Collection[tuple[str, int | None]]
) -> Iterator[Cell]:
    for name, at in dates:
        if at is not None:
            for owner, owner_id in owners:
                yield Cell(entity, name, owner, owner_id, at, id)


def entry_cells(id: int, employee_id: int | None, department_id: int | None, occurred_at: int) -> frozenset[Cell]:
    """An entry of an employee counts for them, one without for its department, whatever it names (semantics 4.7)."""
    found = {Cell(ENTRY, "occurred", "employee", employee_id, occurred_at, id)}
    if employee_id is None and department_id is not None:
        found.add(Cell(ENTRY, "occurred", "department", department_id, occurred_at, id))
    return frozenset(found)
