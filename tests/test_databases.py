"""What the tests themselves stand on: the PostgreSQL they find or bring, and databases in which nothing is."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from b24app.lib.errors import Permanent
from b24app.portal.tables import Employee, Portal
from tests import postgresql
from tests.databases import Databases


def write(address: str) -> int:
    """A portal and somebody in it; returns the portal's id."""
    with create_engine(address, poolclass=NullPool).begin() as connection:
        values = {"member_id": "m", "domain": "d", "client_endpoint": "e", "oauth_server": "o", "created_at": 0}
        id = int(connection.execute(insert(Portal).values(values)).inserted_primary_key[0])
        connection.execute(insert(Employee).values(portal_id=id, id=1, name="Ann"))
    return id


def test_a_database_is_empty_and_counts_from_one_whatever_was_in_the_one_before(
    databases: Databases, database_kind: str
) -> None:
    for _test in range(2):
        address = databases.give(database_kind)
        with create_engine(address, poolclass=NullPool).connect() as connection:
            assert connection.execute(select(Employee.id)).all() == []
        assert write(address) == 1


def test_a_bare_database_has_no_table(databases: Databases, database_kind: str) -> None:
    assert inspect(create_engine(databases.give_bare(database_kind), poolclass=NullPool)).get_table_names() == []


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no PostgreSQL is installed."""
    monkeypatch.setattr(postgresql, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("variable", ["TEST_DATABASE_URL", "DATABASE_URL"])
def test_a_named_server_is_used_and_its_own_database_left_alone(databases: Databases, variable: str) -> None:
    named = databases.give_bare("postgresql")
    with postgresql.server({variable: named.replace("+psycopg", "")}) as server:
        assert server == named
        with postgresql.database(server) as made:
            assert made != named
            with create_engine(made, poolclass=NullPool).begin() as connection:
                connection.execute(text("CREATE TABLE mine (id integer)"))
    assert inspect(create_engine(named, poolclass=NullPool)).get_table_names() == []
    with pytest.raises(OperationalError):
        create_engine(made, poolclass=NullPool).connect()


@pytest.mark.usefixtures("nowhere")
def test_without_an_installed_one_it_comes_out_of_the_wheel_and_leaves_nothing_behind() -> None:
    with postgresql.server({"DATABASE_URL": "sqlite://"}) as server, postgresql.database(server) as address:
        with create_engine(address, poolclass=NullPool).connect() as connection:
            folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
            connection.execute(text("SELECT 1"))
        assert folder.is_dir()
    assert not folder.parent.exists()


@pytest.mark.usefixtures("nowhere")
def test_without_any_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "find_spec", lambda name: None)
    with pytest.raises(Permanent, match="apt install postgresql"), postgresql.server({}):
        pass
