"""The one place where tenants are kept apart: every statement is looked at before it reaches the database.

A statement that reads or changes rows of a tenant's table has to name the tenant: each of its tables must have its
`portal_id` compared with a value, or through joins with another table's that is. One that does not is refused before
it runs. What is about all tenants on purpose says so with `across_tenants` and is found by that word.

While the work is for one tenant (`work_for`: every request, once it is known whose it is; `work_of`: every job that is
given a portal_id) it is stricter: a statement that names another tenant is refused, and so is one that names a row by
its key alone, or the tenants themselves.

A text of SQL is looked at once: one that is known costs the look-up of a string.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from inspect import signature
from typing import Any, TypeVar

from sqlalchemy import Alias, Connection, Delete, Engine, Join, Select, Table, Update, event
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, ColumnElement, Grouping

COLUMN = "portal_id"
TENANTS = "portal"
"""The table of the tenants themselves, whose `id` is everybody else's `portal_id`."""
NAME = "member_id"
"""What the outside calls a tenant; saying it says whose rows are meant, too."""

KNOWN_AT_MOST = 10_000
WRITTEN_BACK = "compiled_cache"
"""The option of statements by which a session writes what it has read before: a row by its key, which it knows."""
S = TypeVar("S", bound=Executable)

_working_for: ContextVar[int | None] = ContextVar("working_for", default=None)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a text of SQL: the parameters that say whose rows are meant, and tables tied to nobody."""

    parameters: frozenset[str]
    loose: frozenset[str]
    strictly_loose: frozenset[str]
    """Rows named by their key alone, and the tenants themselves: allowed where the work is for no tenant yet."""


class NotScoped(RuntimeError):
    """A mistake of ours, never of a visitor. The statement was not run."""


def work_for(portal_id: int | None) -> None:
    """From here on no statement of this request may name another tenant. None: any, but each has to name one."""
    _working_for.set(portal_id)


@contextmanager
def working_for(portal_id: int) -> Iterator[None]:
    """The same for a block."""
    before = _working_for.set(portal_id)
    try:
        yield
    finally:
        _working_for.reset(before)


def work_of(function: Callable[..., Any], arguments: Sequence[Any]) -> AbstractContextManager[None]:
    """The same for the block in which a job runs whose first parameter says by its name that it is about one tenant."""
    first = next(iter(signature(function).parameters), None)
    return working_for(arguments[0]) if first == COLUMN and arguments else nullcontext()


def across_tenants(statement: S) -> S:
    """For what is about all tenants on purpose: the sweeps of the scheduler, the operator's list, a key to be found."""
    return statement.execution_options(across_tenants=True)


def guard(engine: Engine) -> None:
    """From here on every statement of this engine is looked at."""
    known: dict[tuple[str, bool], Looked] = {}

    @event.listens_for(engine, "before_cursor_execute")
    def look(_connection: Connection, _cursor: Any, _sql: str, _given: Any, context: Any, _many: bool) -> None:
        compiled = getattr(context, "compiled", None)
        if not isinstance(compiled, SQLCompiler) or context.execution_options.get("across_tenants"):
            return
        is_written_back = WRITTEN_BACK in context.execution_options
        looked = known.get((compiled.string, is_written_back)) or _look(compiled, is_written_back)
        tenant = _working_for.get()
        doubtful = looked.loose if tenant is None else looked.loose | looked.strictly_loose
        if doubtful:
            refuse(sorted(doubtful))
        elif len(known) < KNOWN_AT_MOST:
            known[compiled.string, is_written_back] = looked
        if tenant is not None and looked.parameters:
            _compare(tenant, looked.parameters, context.compiled_parameters)


def refuse(tables: list[str]) -> None:
    """What becomes of a statement that says of these tables not whose rows it means."""
    raise NotScoped(
        f"A statement reads or changes {', '.join(tables)} without saying of which portal. Compare portal_id with a "
        "value; what is about all portals on purpose is wrapped in lib.tenancy.across_tenants."
    )


def _compare(tenant: int, names: frozenset[str], given: Iterable[Mapping[str, Any]]) -> None:
    for values in given:
        for name in names & values.keys():
            if values[name] != tenant:
                raise NotScoped(f"A statement names portal {values[name]}, but the work is for {tenant}.")


def _look(compiled: SQLCompiler, is_written_back: bool) -> Looked:
    statement = getattr(getattr(compiled, "compile_state", None), "statement", None)
    ties = _Ties(is_written_back)
    for element in visitors.iterate(compiled.statement if statement is None else statement):
        if isinstance(element, Select | Update | Delete):
            ties.read(element)
    loose = ties.loose
    strictly = {one for one in loose if one in ties.by_key or _table(one).name == TENANTS}
    return Looked(ties.parameters(compiled), frozenset(map(str, loose - strictly)), frozenset(map(str, strictly)))


class _Ties:
    """Which tables of a statement say whose rows they mean: groups of tables, and the values that groups are tied to.

    Only conditions that always hold count: parts of a WHERE or an ON joined by AND.
    """

    def __init__(self, is_written_back: bool) -> None:
        self._is_written_back = is_written_back
        self.tables: set[Any] = set()
        self.by_key: set[Any] = set()
        self._columns: dict[Any, set[str]] = {}
        self._values: dict[Any, list[BindParameter[Any]]] = {}
        self._links: list[tuple[Any, Any]] = []

    def read(self, statement: Select[Any] | Update | Delete) -> None:
        sources = statement.get_final_froms() if isinstance(statement, Select) else [statement.table]
        for source in sources:
            self._source(source)
        if statement.whereclause is not None:
            self._condition(statement.whereclause)
        for source in self.tables & self._columns.keys():
            if set(_table(source).primary_key.columns.keys()) <= self._columns[source]:
                self.by_key.add(source)
        if self._is_written_back and isinstance(statement, Update | Delete) and statement.table in self.by_key:
            self._values.setdefault(statement.table, [])

    def _source(self, source: Any) -> None:
        if isinstance(source, Join):
            self._source(source.left)
            self._source(source.right)
            self._condition(source.onclause)
        elif tenant_column(source) is not None:
            self.tables.add(source)

    def _condition(self, condition: Any) -> None:
        if isinstance(condition, Grouping):
            self._condition(condition.element)
        elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            for part in condition.clauses:
                self._condition(part)
        elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
            self._compared(condition.left, condition.right)

    def _compared(self, left: Any, right: Any) -> None:
        ones, others = _owners(left), _owners(right)
        self._links.extend((one, other) for one in ones for other in others)
        for side, owners, value in ((left, ones, right), (right, others, left)):
            if isinstance(value, BindParameter):
                table, key = getattr(side, "table", None), getattr(side, "key", "")
                self._columns.setdefault(table, set()).add(key)
                if key == NAME and tenant_column(table) is not None and _table(table).name == TENANTS:
                    self._values.setdefault(table, [])
                for one in owners:
                    self._values.setdefault(one, []).append(value)

    @property
    def loose(self) -> set[Any]:
        return {one for one in self.tables if not self._tied(one)}

    def _tied(self, table: Any) -> bool:
        reached, waiting = set(), [table]
        while waiting:
            one = waiting.pop()
            if one in self._values:
                return True
            if one not in reached:
                reached.add(one)
                waiting.extend(b if a is one or a == one else a for a, b in self._links if one in (a, b))
        return False

    def parameters(self, compiled: SQLCompiler) -> frozenset[str]:
        """Those that say whose rows are meant; of an INSERT those that are stored as such."""
        values = [value for found in self._values.values() for value in found]
        compared = {compiled.bind_names[value] for value in values if value in compiled.bind_names}
        stored = {name for name in compiled.binds if name.partition("_m")[0] == COLUMN} if compiled.isinsert else set()
        return frozenset(compared | stored)


def _table(source: Any) -> Table:
    table = source.element if isinstance(source, Alias) else source
    assert isinstance(table, Table)
    return table


def tenant_column(source: Any) -> ColumnElement[int] | None:
    """The column of a table, or of another name for it, that says whose row it is."""
    table = source.element if isinstance(source, Alias) else source
    if not isinstance(table, Table):
        return None
    found: ColumnElement[int] | None = source.c.id if table.name == TENANTS else source.c.get(COLUMN)
    return found


def _owners(side: Any) -> list[Any]:
    """The tables whose tenant a side of a comparison is; through sub-selects, the tables inside them."""
    table = getattr(side, "table", None)
    if table is None:
        return []
    column = tenant_column(table)
    if column is not None:
        return [table] if column.key == side.key else []
    return [owner for inner in getattr(side, "_proxies", ()) for owner in _owners(inner)]
