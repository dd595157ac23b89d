"""The life of a tenant: installed, opened, updated, removed, erased; and the keys of its API."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import OperationalError

from b24app.demo import installation
from b24app.demo.server import RunningPortal
from b24app.ingest.tables import Inbox
from b24app.lib import clock
from b24app.lib.db import Base, db, erase, write
from b24app.lib.errors import Forbidden, NotFound
from b24app.portal import audit, connection, operations, queries, suspension, visits
from b24app.portal.tables import ApiToken, AuditEntry, Portal, RestCall, Token

from .conftest import ADMIN, EMPLOYEE, Visitor

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def tokens(portal: Portal) -> dict[int, Token]:
    rows = db.session.scalars(
        select(Token).where(Token.portal_id == portal.id).execution_options(populate_existing=True)
    )
    return {row.user_id: row for row in rows}


def test_the_installers_tokens_are_kept_encrypted(portal: Portal, demo: RunningPortal) -> None:
    token = tokens(portal)[ADMIN]
    assert token.rank == 0
    stored = db.session.connection().exec_driver_sql("SELECT access_token, refresh_token FROM token").one()
    assert not set(stored) & {token.access_token, token.refresh_token}
    assert portal.client_endpoint == f"{demo.url}/rest/"


def test_only_an_administrator_installs(visitor: Visitor) -> None:
    with pytest.raises(Forbidden), write():
        operations.install(*visitor(EMPLOYEE), visitor.secret, "ru", NOW)
    assert queries.everybody() == ()


def test_a_reinstall_keeps_the_portal_and_takes_the_new_secret(portal: Portal, visitor: Visitor) -> None:
    with write():
        operations.uninstall(portal.id, clean=False, now=NOW)
    installation.uninstall(visitor.demo.state, clean=False)
    installation.install(visitor.demo.state)
    with write():
        again = operations.install(*visitor(), visitor.secret, "en", NOW)
    assert (again.id, again.status, again.application_token) == (portal.id, "installing", visitor.secret)
    assert set(tokens(portal)) == {ADMIN}


def test_an_installer_cannot_change_the_secret_of_a_working_portal(portal: Portal, visitor: Visitor) -> None:
    with pytest.raises(Forbidden), write():
        operations.install(*visitor(), "another secret", "ru", NOW)


def test_a_missed_uninstall_does_not_stop_a_reinstall(portal: Portal, visitor: Visitor) -> None:
    installation.uninstall(visitor.demo.state, clean=False)
    installation.install(visitor.demo.state)
    with write():
        assert operations.install(*visitor(), visitor.secret, "ru", NOW).application_token == visitor.secret


def test_a_viewers_tokens_never_replace_the_service_token(portal: Portal, visitor: Visitor) -> None:
    service = tokens(portal)[ADMIN].access_token
    for user_id in (ADMIN, EMPLOYEE):
        with write():
            operations.admit(*visitor(user_id), visitor.secret, NOW)
    assert set(tokens(portal)) == {ADMIN}
    assert tokens(portal)[ADMIN].access_token == service


def test_another_administrator_stands_in(portal: Portal, visitor: Visitor) -> None:
    visitor.demo.state.staff.users[EMPLOYEE].is_admin = True
    with write():
        operations.admit(*visitor(EMPLOYEE), visitor.secret, NOW)
    assert {user: token.rank for user, token in tokens(portal).items()} == {ADMIN: 0, EMPLOYEE: 1}


def test_a_dead_service_token_revives_when_its_owner_opens_the_app(portal: Portal, visitor: Visitor) -> None:
    with write():
        tokens(portal)[ADMIN].dead = True
        suspension.begin(portal, "INVALID_GRANT", NOW)
    with write():
        operations.admit(*visitor(), visitor.secret, NOW)
    assert tokens(portal)[ADMIN].dead is False
    assert queries.get(portal.id).status == "active"


def test_a_post_with_a_wrong_secret_is_refused(portal: Portal, visitor: Visitor) -> None:
    with pytest.raises(Forbidden):
        operations.admit(*visitor(), "wrong", NOW)


def test_a_new_version_brings_its_secret_and_wants_registering(portal: Portal, visitor: Visitor) -> None:
    installation.update(visitor.demo.state, new_token=True)
    with write():
        _portal, must_register = operations.admit(*visitor(), visitor.secret, NOW)
    assert must_register
    assert queries.get(portal.id).application_token == visitor.secret


def test_an_uninstalled_portal_admits_nobody(portal: Portal, visitor: Visitor) -> None:
    visit = visitor()
    with write():
        operations.uninstall(portal.id, clean=False, now=NOW)
    with pytest.raises(NotFound):
        operations.admit(*visit, visitor.secret, NOW)
    assert tokens(portal) == {}
    assert queries.active_ids() == queries.to_be_erased() == ()


@pytest.mark.parametrize("what", ["member_id", "token", "domain", "server"])
def test_nothing_in_a_post_is_believed(database, demo: RunningPortal, what: str) -> None:
    pair = demo.state.tokens.issue(ADMIN, clock.now())
    given = {"access_token": pair.access, "member_id": demo.state.settings.member_id, "domain": demo.state.domain}
    lies = {
        "member_id": {"member_id": "f" * 32},
        "token": {"access_token": "made up"},
        "domain": {"domain": "evil.example"},
        "server": {"server_endpoint": "https://evil.example/rest/"},
    }
    assert visits.verify(**given).is_admin
    with pytest.raises(Forbidden):
        visits.verify(**{**given, **lies[what]})


def test_whether_somebody_is_an_administrator_is_asked_once_in_a_while(visitor: Visitor) -> None:
    assert [visitor(EMPLOYEE)[0].is_admin, visitor()[0].is_admin, visitor()[0].is_admin] == [False, True, True]
    assert visitor.demo.state.traffic.by_method["profile"] == 2


def test_erasing_leaves_nothing_of_the_tenant_and_all_of_others(portal: Portal) -> None:
    with write():
        other = Portal(member_id="x", domain="x", client_endpoint="x", oauth_server="x", created_at=0)
        db.session.add(other)
        db.session.flush()
        for id in (portal.id, other.id):
            _one_row_in_every_table(id)
    assert erase(portal.id, chunk=1) > len(Base.metadata.sorted_tables) - 2
    for table in Base.metadata.sorted_tables:
        key = table.c.get("portal_id", table.c.get("id"))
        left = db.session.execute(select(key)).scalars().all()
        assert set(left) == {other.id}, table.name
    assert erase(portal.id) == 0


def _one_row_in_every_table(portal_id: int) -> None:
    from sqlalchemy import JSON, Boolean, Integer, LargeBinary, String

    for table in Base.metadata.sorted_tables:
        if "portal_id" not in table.c:
            continue
        values = {}
        for column in table.columns:
            kind = column.type
            if column.name == "portal_id":
                values[column.name] = portal_id
            elif column.primary_key and isinstance(kind, Integer) and column.autoincrement is True:
                continue
            elif isinstance(kind, JSON):
                values[column.name] = []
            elif isinstance(kind, LargeBinary):
                values[column.name] = b"kept"
            elif isinstance(kind, Boolean):
                values[column.name] = False
            elif isinstance(kind, Integer) or kind.python_type is int:
                values[column.name] = 900 + portal_id
            else:
                text = f"{portal_id}"
                values[column.name] = text[: kind.length] if isinstance(kind, String) and kind.length else text
        db.session.execute(insert(table), values)


def test_a_key_of_the_api_opens_its_own_portal(portal: Portal) -> None:
    with write():
        key = operations.create_api_token(portal.id, "1C", ["read", "money"], NOW)
    viewer = operations.viewer_of_api_token(key, clock.now())
    assert viewer is not None
    assert (viewer.portal_id, viewer.may_write, viewer.sees_money, viewer.may_read) == (portal.id, False, True, True)
    assert operations.viewer_of_api_token(key + "x", clock.now()) is None
    assert key not in str(db.session.execute(select(ApiToken.fingerprint, ApiToken.name)).all())


def test_a_key_of_a_removed_portal_opens_nothing(portal: Portal) -> None:
    with write():
        key = operations.create_api_token(portal.id, "1C", ["read"], NOW)
        operations.uninstall(portal.id, clean=False, now=NOW)
    assert operations.viewer_of_api_token(key, clock.now()) is None


def test_changes_are_written_down(portal: Portal) -> None:
    with write():
        operations.change_settings(portal.id, {"time_zone": "Asia/Omsk", "first_run_done": True}, "user:1", NOW)
        operations.change_settings(portal.id, {"time_zone": "Asia/Omsk"}, "user:1", NOW)
        audit.record(portal.id, "user:1", "target.set", "sales", 1, 2, NOW)
    found = queries.get(portal.id)
    assert (found.time_zone, found.settings["first_run_done"]) == ("Asia/Omsk", True)
    actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["portal.install", "portal.settings", "target.set"]


def test_the_rest_log_is_kept_three_days(portal: Portal) -> None:
    operations.connect(portal.id).call("profile")
    count = select(func.count()).select_from(RestCall)
    assert db.session.scalar(count) == 1
    with write():
        assert connection.purge(clock.now()) == 0
        assert connection.purge(clock.now() + timedelta(days=3, seconds=2)) == 1


@pytest.mark.databases("postgresql")  # on SQLite there is one writer at all
def test_while_a_portal_is_written_its_events_and_requests_are_noted(portal: Portal) -> None:
    with write():
        operations.lock(portal.id)
        with db.engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            values = {
                "portal_id": portal.id,
                "entity": "deal",
                "key": "1",
                "payload": {},
                "arrived_at": 1,
                "state": "due",
            }
            other.execute(insert(Inbox).values(values))
            with pytest.raises(OperationalError):
                other.execute(select(Portal.id).where(Portal.id == portal.id).with_for_update(nowait=True))


def test_a_job_is_watched(portal: Portal) -> None:
    with write():
        job = operations.start_job(portal.id, "register", {}, NOW)
    with write():
        operations.report(job.portal_id, job.id, 1, 3)
    assert operations.job(portal.id, job.id).state == "running"
    with write():
        operations.finish(job.portal_id, job.id, now=NOW)
    with write():
        operations.report(job.portal_id, job.id, 1, 3)
    assert (operations.job(portal.id, job.id).done, operations.job(portal.id, job.id).state) == (3, "done")
    with pytest.raises(NotFound):
        operations.job(portal.id + 1, job.id)
