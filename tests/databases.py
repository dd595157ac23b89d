"""Empty databases with the app's tables, quickly, for a process that runs tests one after the other.

There is one of each kind, always at the same address. The tables are made once: SQLite's file is copied over the one of
the last test, and the PostgreSQL database has its rows deleted.
"""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, cached_property
from importlib import import_module
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.pool import NullPool

from b24app.lib.db import Base, prepare
from b24app.lib.paths import PACKAGE
from tests import postgresql

BEGIN_ANEW = """
CREATE FUNCTION begin_anew() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    {deletes}
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences
    WHERE schemaname = current_schema AND last_value IS NOT NULL;
END $$
"""
"""A function of the database: what it does is planned once for a connection, not once for a test."""


class Databases:
    """Gives databases. Whoever asks again ends the use of the one of that kind given before."""

    def __init__(self, folder: Path, server: Callable[[], str]) -> None:
        """`server` is asked for a PostgreSQL when the first database on it is wanted."""
        self._folder = folder
        self._server = server
        self._numbers = count(1)
        self._kept = ExitStack()

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *_error: object) -> None:
        self._kept.close()

    def give(self, kind: str) -> str:
        """The address of an empty database of that kind, `sqlite` or `postgresql`."""
        if kind == "postgresql":
            empty(self._engine)
            return self._engine.url.render_as_string(hide_password=False)
        file = self._folder / "app.sqlite"
        for old in self._folder.glob(f"{file.name}*"):
            old.unlink()  # who still has it open keeps the old one
        return f"sqlite:///{shutil.copyfile(self._template, file)}"

    def give_bare(self, kind: str) -> str:
        """The address of a database of its own without any table."""
        if kind == "postgresql":
            return self._kept.enter_context(postgresql.database(self._server()))
        return f"sqlite:///{self._file()}"

    def _file(self) -> Path:
        return self._folder / f"{next(self._numbers)}.sqlite"

    @cached_property
    def _template(self) -> Path:
        file = self._file()
        engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
        prepare(engine)
        tables().create_all(engine)
        return file

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self.give_bare("postgresql"))
        self._kept.callback(engine.dispose)
        tables().create_all(engine)
        deletes = "\n    ".join(f'DELETE FROM "{table.name}";' for table in reversed(tables().sorted_tables))
        with engine.begin() as connection:
            connection.execute(text(BEGIN_ANEW.format(deletes=deletes)))
        return engine


@cache
def tables() -> MetaData:
    """All of the app's tables, whichever room they are in."""
    for module in (*PACKAGE.glob("**/tables.py"), *PACKAGE.glob("**/tables")):
        import_module(".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts))
    return Base.metadata


def empty(engine: Engine) -> None:
    """Take every row out of a PostgreSQL database, and let its sequences count from 1 again.

    Where a test leaves a handful of rows this is several times as fast as TRUNCATE. Whoever still holds a row makes it
    fail instead of wait for ever.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '20s'")
        connection.exec_driver_sql("SELECT begin_anew()")
