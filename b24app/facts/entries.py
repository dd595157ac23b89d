"""What can be asked of the ledger: a page of it, one entry with its corrections, which codes there are, what waits."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select

from b24app.facts.held import not_held
from b24app.facts.queries import EntryRow
from b24app.facts.rules import COUNTED, WAITING
from b24app.facts.tables import Entry
from b24app.lib.db import db

UNDONE = "undone"
"""As a state to ask for: what was taken back."""

_COLUMNS = tuple(getattr(Entry, name) for name in EntryRow.__slots__)


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose entries somebody may see; the company's are those of nobody and no department."""

    employees: Collection[int]
    departments: Collection[int]

    def of(self) -> ColumnElement[bool]:
        ours = and_(Entry.employee_id.is_(None), Entry.department_id.in_(sorted(self.departments)))
        return or_(Entry.employee_id.in_(sorted(self.employees)), ours)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are asked for; None asks for all. `state`: one of an entry, or UNDONE. Instants are half-open."""

    code: str | None = None
    employee_id: int | None = None
    origin: str | None = None
    state: str | None = None
    import_id: int | None = None
    since: int | None = None
    until: int | None = None


def listed(
    portal_id: int, asked: Asked, seen: Seen | None = None, *, before_id: int | None = None, limit: int = 50
) -> tuple[EntryRow, ...]:
    """The latest posted first; without imports on their way in or out."""
    query = select(*_COLUMNS).where(Entry.portal_id == portal_id, not_held(portal_id), *_chosen(asked))
    if seen is not None:
        query = query.where(seen.of())
    if before_id is not None:
        query = query.where(Entry.id < before_id)
    return tuple(EntryRow(*row) for row in db.session.execute(query.order_by(Entry.id.desc()).limit(limit)))


def _chosen(asked: Asked) -> Iterator[ColumnElement[bool]]:
    equal = {Entry.code: asked.code, Entry.employee_id: asked.employee_id, Entry.origin: asked.origin,
             Entry.import_id: asked.import_id}  # fmt: skip
    yield from (column == wanted for column, wanted in equal.items() if wanted is not None)
    if asked.since is not None:
        yield Entry.occurred_at >= asked.since
    if asked.until is not None:
        yield Entry.occurred_at < asked.until
    match asked.state:
        case None:
            return
        case "undone":
            yield Entry.undone.is_(True)
        case "counted":
            yield Entry.state == COUNTED
            yield Entry.undone.is_(False)
            yield Entry.undoes_id.is_(None)
        case other:
            yield Entry.state == other


def related(portal_id: int, row: EntryRow) -> tuple[EntryRow, ...]:
    """The entries that an entry corrects or takes back, and those that do so to it, in the order of posting."""
    earlier = [id for id in (row.corrects_id, row.undoes_id) if id is not None]
    about = or_(Entry.id.in_(earlier), Entry.corrects_id == row.id, Entry.undoes_id == row.id)
    same = Entry.code == row.code, Entry.occurred_at == row.occurred_at  # so that an index finds them
    query = select(*_COLUMNS).where(Entry.portal_id == portal_id, *same, about)
    return tuple(EntryRow(*one) for one in db.session.execute(query.order_by(Entry.id)))


def codes(portal_id: int) -> tuple[str, ...]:
    """Every code of the ledger, by a look into the index for each."""
    first = select(func.min(Entry.code).label("code")).where(Entry.portal_id == portal_id).cte("known", recursive=True)
    following = select(func.min(Entry.code)).where(Entry.portal_id == portal_id, Entry.code > first.c.code)
    known = first.union_all(select(following.scalar_subquery()).where(first.c.code.is_not(None)))
    return tuple(sorted(code for code in db.session.scalars(select(known.c.code)) if code is not None))


def waiting(portal_id: int, seen: Seen | None = None) -> int:
    """How many entries wait for a second person."""
    query = select(func.count()).where(Entry.portal_id == portal_id, Entry.state == WAITING, not_held(portal_id))
    return db.session.scalar(query if seen is None else query.where(seen.of())) or 0


def present(
    portal_id: int, codes: Collection[str], since: int, turn: int, until: int
) -> tuple[tuple[str, int | None, int | None, str, bool], ...]:
    """Code, employee, department, origin, and whether it occurred from `turn` on: what the ledger has of the codes
    between two instants, each once; what waits for a second person included, what was taken back not."""
    is_late = (Entry.occurred_at >= turn).label("is_late")
    query = select(Entry.code, Entry.employee_id, Entry.department_id, Entry.origin, is_late).where(
        Entry.portal_id == portal_id,
        Entry.code.in_(sorted(codes)),
        Entry.occurred_at >= since,
        Entry.occurred_at < until,
        Entry.state.in_((COUNTED, WAITING)),
        Entry.undone.is_(False),
        Entry.undoes_id.is_(None),
        not_held(portal_id),
    )
    return tuple((*row[:4], bool(row[4])) for row in db.session.execute(query.distinct()))
