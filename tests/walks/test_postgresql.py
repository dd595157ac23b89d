"""The roles on PostgreSQL: web, worker and scheduler as processes, their locks, their crashes, and removal."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests import postgresql
from tests.walks.conftest import Demo, command, eventually, has_everything, kill, started

pytestmark = [pytest.mark.walk, pytest.mark.databases("postgresql")]

AT_ONCE = 12
EVERYBODY_ELSE_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SELLER = 8


@pytest.fixture(scope="module")
def database(postgresql_server: str, database_kind: str) -> Iterator[Engine]:
    """The demo's database, to look into it."""
    with postgresql.database(postgresql_server) as address:
        yield create_engine(address, poolclass=NullPool)


@pytest.fixture(scope="module")
def served(database: Engine) -> Iterator[Demo]:
    """A demo whose app has its database in PostgreSQL."""
    with started("--deals", "300", "--database-url", database.url.render_as_string(hide_password=False)) as found:
        yield found


def filled(database: Engine) -> set[str]:
    """The tables in which something is."""
    with database.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name for name in names if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first()}


def test_history_is_read_into_it_and_check_is_content(served: Demo, database: Engine) -> None:
    assert has_everything(served)
    eventually(lambda: {"deal", "stage_move", "activity", "score", "result"} <= filled(database))
    checked = command(served, "check")
    assert (checked.returncode, [line.endswith(": ok") for line in checked.stdout.splitlines()]) == (0, [True] * 5)


def test_many_deals_won_at_once_are_all_counted_by_all_workers(served: Demo) -> None:
    month = served.api("/portal")["today"][:8] + "01"
    question = {"period": "month", "start": month, "scorecard": "sales", "subject": "employee", "subject_id": SELLER}

    def revenue() -> int:
        items = served.api("/results", params=question)["items"]
        return next(item["value"] for item in items if item["indicator"] == "revenue") or 0

    eventually(lambda: served.api("/results", params=question)["items"])
    before = revenue()
    for number in range(AT_ONCE):
        fields = {"title": f"Deal {number}", "opportunity": 1000, "assignedById": SELLER, "companyId": 1 + number % 3}
        deal = served.control("deals", fields)
        served.control(f"deals/{deal['id']}/win", {})
    eventually(lambda: revenue() == before + 1000 * AT_ONCE)


def test_killed_workers_leave_no_lock_behind(served: Demo) -> None:
    served.control("deals", {"title": "Somebody is reading this"})
    kill(served, "worker")
    served.control("deals", {"title": "After the crash"})
    eventually(lambda: has_everything(served))


def test_dropped_connections_cost_nothing(served: Demo, database: Engine) -> None:
    """As when the server restarts: every connection ends in the middle of whatever it was at."""
    before = served.control("state")["deals"]
    for number in range(AT_ONCE):
        served.control("deals", {"title": f"Deal {number} of a restart", "assignedById": SELLER})
        if number % 4 == 0:
            with database.connect() as connection:
                connection.execute(text(EVERYBODY_ELSE_OUT))
    assert served.control("state")["deals"] == before + AT_ONCE
    eventually(lambda: command(served, "portal", "sync", served.member_id).returncode == 0)
    eventually(lambda: has_everything(served))


def test_removed_with_its_data_nothing_is_left(served: Demo, database: Engine) -> None:
    served.control("app/uninstall", {"clean": True})
    eventually(lambda: filled(database) == {"alembic_version"})
