"""The database: column types, the two kinds of transaction, and erasing a tenant.

Reading needs no care. Writing starts with `write()`: on SQLite it begins with BEGIN IMMEDIATE, because a transaction
that reads first and writes later fails there as soon as another process has written in between.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    event,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from b24app.lib.errors import Temporary
from b24app.lib.tenancy import across_tenants, guard

DatabaseUnavailable = OperationalError
"""What a full disk, a lock held too long, or a database that does not answer raises."""

PLANNING = "-c jit=off -c random_page_cost=1.1"
"""To compile our statements for the processor takes longer than it saves; pages are in memory or on a disk that finds
each as fast as the next."""

ROUNDS = 10
IDLE_S = 1
LEFT_AT = "left_at"
HELD = "held"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both databases; the variant lets SQLite count up a primary key of this type by itself."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class Encrypted(TypeDecorator[str]):
    """Text that is readable only with the keys handed to `lib.crypto.use_keys` at start; NULL stays NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        from b24app.lib import crypto

        return None if value is None else crypto.encrypt(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        from b24app.lib import crypto

        return None if value is None else crypto.decrypt(value)


@contextmanager
def write() -> Iterator[Session]:
    """One write transaction: committed when the block ends, rolled back when it raises. Entry points only.

    An earlier read-only transaction of the session is ended first. Do not call REST inside: other writers wait.
    """
    session = db.session()
    session.rollback()
    session.connection(execution_options={"begin": "IMMEDIATE"})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(HELD, None)


def hold(row: Base) -> None:
    """Keep a row that this transaction has locked: whoever gets it by its key next is not sent to the database."""
    db.session.info[HELD] = row


def erase(portal_id: int, chunk: int = 5000) -> int:
    """Delete every row of a tenant from every table that has `portal_id`, children first, and then the tenant itself.

    Runs in chunks, each its own transaction, so that nobody waits long; killed half-way, it is called again. Rows that
    a job still wrote meanwhile keep the tenant's own row alive: another round takes them. Returns how many rows went.
    """
    erased = 0
    for _round in range(ROUNDS):
        try:
            for column in _tenant_columns():
                while rows := _erase_chunk(column, portal_id, chunk):
                    erased += rows
        except IntegrityError:
            continue
        return erased
    raise Temporary("Something still writes for this portal: erasing it goes on later.")


def _tenant_columns() -> list[Column[int]]:
    """`portal_id` of every table that has it, children first; last the key that all of them point at."""
    columns = [table.c.portal_id for table in reversed(Base.metadata.sorted_tables) if "portal_id" in table.c]
    owners = {key.column for column in columns for key in column.foreign_keys if key.column.name == "id"}
    return [*columns, *owners]


def _erase_chunk(column: Column[int], portal_id: int, chunk: int) -> int:
    table = column.table
    assert isinstance(table, Table)
    keys = table.primary_key.columns
    doomed = select(*keys).where(column == portal_id).limit(chunk)
    with write() as session:
        result = session.execute(delete(table).where(column == portal_id, tuple_(*keys).in_(doomed)))
    return int(getattr(result, "rowcount", 0))


def encrypted_columns() -> list[Column[str]]:
    """Every column in which secrets are kept."""
    return [column for table in Base.metadata.sorted_tables for column in table.c if isinstance(column.type, Encrypted)]


def renew_secrets(chunk: int = 500) -> int:
    """Write every stored secret anew with the newest of TOKEN_KEYS; returns how many there were.

    In chunks, each its own transaction. A secret that somebody else has replaced meanwhile is left as they wrote it,
    with the newest key anyway. Running it again is harmless.
    """
    return sum(_renew_column(column, chunk) for column in encrypted_columns())


def _renew_column(column: Column[str], chunk: int) -> int:
    from b24app.lib import crypto

    table, stored = column.table, type_coerce(column, Text)
    assert isinstance(table, Table)
    keys = list(table.primary_key.columns)
    query = select(*keys, stored.label("secret")).where(column.is_not(None)).order_by(*keys)
    renewed, last = 0, None
    while True:
        page = query if last is None else query.where(tuple_(*keys) > tuple_(*map(literal, last)))
        with write() as session:
            rows = session.execute(across_tenants(page.limit(chunk))).all()
            for *key, secret in rows:
                same = [one == value for one, value in zip(keys, key, strict=True)]
                values = {column.name: literal(crypto.renew(secret), Text())}
                session.execute(across_tenants(update(table).where(*same, stored == secret).values(values)))
        renewed += len(rows)
        if len(rows) < chunk:
            return renewed
        last = rows[-1][:-1]


def analyze(*models: type[Base]) -> None:
    """Let the database look at tables that grow faster than it notices by itself: what it has not seen it plans badly.

    Only saves time: a database that is busy meanwhile is left alone.
    """
    names = [model.__tablename__ for model in models]
    with suppress(OperationalError), db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        for name in names:
            connection.exec_driver_sql(f"ANALYZE {name}")


def prepare(engine: Engine) -> None:
    """Keep tenants apart, and set the connections up."""
    guard(engine)
    if engine.dialect.name == "sqlite":
        _prepare_file(engine)
    else:
        _prepare_server(engine)


def _prepare_server(engine: Engine) -> None:
    """PostgreSQL is told what it takes us for: see `PLANNING`.

    A connection that nobody has used for a while is tried before it is used, for the server may have been restarted. In
    a burst this is not asked for every event, where it costs as much as storing one.
    """

    @event.listens_for(engine, "do_connect")
    def on_do_connect(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        options["options"] = f"{options.get('options', '')} {PLANNING}".strip()

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[LEFT_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: ConnectionPoolEntry, _used: Any) -> None:
        if time.monotonic() - record.info.get(LEFT_AT, time.monotonic()) <= IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as cause:
            raise InvalidatePoolError from cause


def _prepare_file(engine: Engine) -> None:
    """SQLite for several processes: WAL, a patient writer, foreign keys, explicit BEGINs."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite must not begin by itself: on_begin does
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")
