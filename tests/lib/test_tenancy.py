"""The fence between tenants: what says whose rows it means is let through, all else is refused before it runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from b24app.lib.db import prepare
from b24app.lib.tenancy import NotScoped, across_tenants, work_for, working_for
from b24app.portal.tables import Department, Employee, Job, Portal
from tests import databases
from tests import refuse as refuse_of_tests

OTHER_NAME = aliased(Employee)
INNER = select(Employee.portal_id, Employee.id).where(Employee.portal_id == 1).subquery()
OPEN_INNER = select(Employee.portal_id, Employee.id).subquery()
STAFF = select(Employee.id).where(Employee.portal_id == 1)

SCOPED: dict[str, Any] = {
    "a value": STAFF,
    "a whole key": select(Employee).where(Employee.portal_id == 1, Employee.id == 2),
    "a join on the tenant": select(Employee, Department)
    .join(Department, Department.portal_id == Employee.portal_id)
    .where(Department.portal_id == 1),
    "a table joined with itself": STAFF.join(OTHER_NAME, OTHER_NAME.portal_id == Employee.portal_id),
    "a sub-select that says so": select(Department.id).join(INNER, INNER.c.portal_id == Department.portal_id),
    "an EXISTS tied to the outside": STAFF.where(
        exists().where(Department.portal_id == Employee.portal_id, Department.id == 1)
    ),
    "a union": STAFF.union_all(select(Department.id).where(Department.portal_id == 1)),
    "one row changed": update(Job).where(Job.portal_id == 1, Job.id == "x").values(done=1),
    "a deletion": delete(Job).where(Job.portal_id == 1),
    "all on purpose": across_tenants(select(Job)),
    "the tenant itself": select(Portal).where(Portal.id == 1),
    "a tenant by name": select(Portal).where(Portal.member_id == "x"),
    "a join with a tenant by name": select(Job.id)
    .join(Portal, Portal.id == Job.portal_id)
    .where(Portal.member_id == "x"),
    "no table of a tenant": select(func.count()),
}

LOOSE: dict[str, Any] = {
    "nothing": select(Employee.id),
    "another column": select(Employee.id).where(Employee.id == 2),
    "or": select(Employee.id).where((Employee.portal_id == 1) | (Employee.id == 2)),
    "not": select(Employee.id).where(Employee.portal_id != 1),
    "a join on ids alone": select(Employee.id, Department.id)
    .join(Department, Department.id == Employee.id)
    .where(Employee.portal_id == 1),
    "a table joined with itself on ids alone": STAFF.join(OTHER_NAME, OTHER_NAME.id == Employee.id),
    "tables tied to each other and to nobody": select(Employee.id).join(
        Department, Department.portal_id == Employee.portal_id
    ),
    "an EXISTS about everybody": STAFF.where(exists().where(Department.id == Employee.id)),
    "a sub-select about everybody": select(Department.id).join(
        OPEN_INNER, OPEN_INNER.c.portal_id == Department.portal_id
    ),
    "one side of a union": STAFF.union_all(select(Department.id)),
    "a value among several": select(Employee.id).where(Employee.portal_id.in_([1, 2])),
    "a change of everybody's": update(Job).where(Job.kind == "x").values(done=1),
    "a deletion of everybody's": delete(Job).where(Job.kind == "x"),
}

STRICTLY: dict[str, Any] = {
    "a key alone": select(Job).where(Job.id == "x"),
    "a change by a key alone": update(Job).where(Job.id == "x").values(done=1),
    "the tenants": select(Portal),
}
"""Outside of a tenant's work a job may look at the row whose key it was handed, and a sweep at the portals."""


@pytest.fixture(scope="module")
def bare() -> Iterator[Session]:
    """Our tables in memory."""
    metadata = databases.tables()
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    prepare(engine)
    with Session(engine) as session:
        for id in (1, 2):
            session.add(
                Portal(id=id, member_id=f"m{id}", domain="d", client_endpoint="", oauth_server="", created_at=1)
            )
        session.commit()
        yield session


@pytest.fixture
def session(bare: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Tests are looked at like the application."""
    from b24app.lib import tenancy
    from tests import _refuse

    assert tenancy.refuse is refuse_of_tests
    monkeypatch.setattr(tenancy, "refuse", _refuse)
    yield bare
    bare.rollback()


@pytest.mark.parametrize("what", SCOPED)
def test_what_says_whose_it_means_is_run(session: Session, what: str) -> None:
    session.execute(SCOPED[what])
    with working_for(1):
        session.execute(SCOPED[what])


@pytest.mark.parametrize("what", LOOSE)
def test_what_does_not_is_refused_however_often_it_is_asked(session: Session, what: str) -> None:
    for _time in range(2):
        with pytest.raises(NotScoped, match="without saying of which portal"):
            session.execute(LOOSE[what])


@pytest.mark.parametrize("what", STRICTLY)
def test_while_the_work_is_for_a_tenant_a_key_is_not_enough(session: Session, what: str) -> None:
    session.execute(STRICTLY[what])
    with working_for(1), pytest.raises(NotScoped):
        session.execute(STRICTLY[what])
    session.execute(STRICTLY[what])


@pytest.mark.parametrize(
    "statement",
    [
        select(Employee.id).where(Employee.portal_id == 2),
        select(Portal).where(Portal.id == 2),
        update(Job).where(Job.portal_id == 2).values(done=1),
        delete(Job).where(Job.portal_id == 2),
        insert(Job).values(id="n", portal_id=2, kind="x", created_at=1),
        select(Employee.id)
        .join(Department, Department.portal_id == Employee.portal_id)
        .where(Employee.portal_id == 1, Department.portal_id == 2),
    ],
)
def test_work_for_a_tenant_names_no_other(session: Session, statement: Any) -> None:
    with working_for(1), pytest.raises(NotScoped, match="names portal 2"):
        session.execute(statement)


def test_many_rows_at_once_are_looked_at_one_by_one(session: Session) -> None:
    rows = [{"id": f"j{portal}", "portal_id": portal, "kind": "x", "created_at": 1} for portal in (1, 2)]
    with working_for(1), pytest.raises(NotScoped):
        session.execute(insert(Job), rows)


def test_what_a_session_has_read_it_may_write_back(session: Session) -> None:
    with working_for(1):
        session.add(Job(id="mine", portal_id=1, kind="x", created_at=1))
        session.flush()
        job = session.scalars(select(Job).where(Job.portal_id == 1, Job.id == "mine")).one()
        job.done = 5
        session.flush()
        session.delete(job)
        session.flush()


def test_the_work_ends_with_the_block_and_can_be_ended(session: Session) -> None:
    with working_for(1):
        pass
    session.execute(select(Portal))
    work_for(1)
    with pytest.raises(NotScoped):
        session.execute(select(Portal))
    work_for(None)
    session.execute(select(Portal))
