"""Events: stored and answered at once if the application token is right; the app's own life is followed."""

from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from b24app.demo import installation
from b24app.ingest.tables import Inbox
from b24app.jobs import install as jobs
from b24app.jobs import news
from b24app.lib.db import DatabaseUnavailable, db
from b24app.portal.tables import AuditEntry, Portal, Token
from tests.web.portal_site import EMPLOYEE, Site, breaking, site

CHANGED = {"FIELDS": {"ID": "12"}}


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        found.install()
        yield found


def inbox() -> list[tuple[str, str]]:
    db.session.remove()
    return [(row.entity, row.key) for row in db.session.scalars(select(Inbox).order_by(Inbox.id))]


def test_a_changed_deal_is_stored_and_answered_without_asking_anybody(here: Site) -> None:
    before = here.demo.state.traffic.requests
    assert here.event("ONCRMDEALUPDATE", CHANGED).status_code == 200
    assert inbox() == [("deal", "12")]
    assert here.queued("live") == ["b24app.jobs.inbox.drain"]
    assert here.demo.state.traffic.requests == before


@pytest.mark.parametrize(
    ("code", "entity"),
    [
        ("ONCRMDEALADD", "deal"),
        ("OnCrmDealDelete", "deal"),
        ("ONCRMDEALMOVETOCATEGORY", "deal"),
        ("onCrmActivityAdd", "activity"),
        ("ONCRMACTIVITYDELETE", "activity"),
        ("ONCRMCOMPANYUPDATE", "company"),
        ("ONCRMCONTACTDELETE", "contact"),
    ],
)
def test_every_event_we_listen_to_has_its_entity(here: Site, code: str, entity: str) -> None:
    assert here.event(code, CHANGED).status_code == 200
    assert inbox() == [(entity, "12")]


@pytest.mark.parametrize("code", ["ONCRMDEALUSERFIELDSETENUMVALUES", "ONCRMCURRENCYUPDATE"])
def test_words_and_rates_are_polled_when_they_change(here: Site, code: str) -> None:
    assert here.event(code, {"FIELDS": {"ID": "CHE"}}).status_code == 200
    assert inbox() == []
    assert here.queued("default") == ["b24app.jobs.sync.staff"]


def test_a_deal_that_changes_often_is_one_thing_to_do(here: Site) -> None:
    for _time in range(3):
        here.event("ONCRMDEALUPDATE", CHANGED)
    assert inbox() == [("deal", "12")]
    assert here.queued("live") == ["b24app.jobs.inbox.drain"]


def test_events_that_come_together_are_stored_together_or_not_at_all(here: Site) -> None:
    id = here.portal.id
    with pytest.raises(IntegrityError):
        news._store([[(id, "deal", False, "7")], [(id + 1, "deal", False, "7")]])
    assert inbox() == []
    seven, twelve = (id, "deal", False, "7"), (id, "deal", False, "12")
    news._store([[twelve], [(id, "company", False, "3"), seven], [twelve]])
    assert inbox() == [("company", "3"), ("deal", "12"), ("deal", "7")]


@pytest.mark.parametrize(("lie", "status"), [({"application_token": "wrong"}, 403), ({"member_id": "f" * 32}, 404)])
def test_a_forged_event_is_refused(here: Site, lie: dict[str, object], status: int) -> None:
    for code in ("ONCRMDEALUPDATE", "ONAPPUNINSTALL"):
        assert here.event(code, CHANGED, lie).status_code == status
    assert inbox() == []
    assert here.portal.status == "active"


def test_an_event_without_a_secret_is_refused(here: Site) -> None:
    assert here.event("ONCRMDEALUPDATE", CHANGED, {"application_token": ""}).status_code == 403


def test_something_we_do_not_listen_to_is_only_answered(here: Site) -> None:
    assert here.event("ONTASKCOMMENTADD", CHANGED).status_code == 200
    assert here.event("ONCRMDEALADD", {"FIELDS": {"ID": "undefined"}}).status_code == 200
    assert inbox() == []


def test_without_redis_the_event_is_still_stored(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "enqueue_soon", lambda *args, **how: False)
    assert here.event("ONCRMDEALUPDATE", CHANGED).status_code == 200
    assert inbox() == [("deal", "12")]


def test_a_full_disk_is_said_so(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    full = DatabaseUnavailable("INSERT", {}, Exception("database or disk is full"))
    monkeypatch.setattr(news.operations, "accept_many", breaking(full))
    answer = here.event("ONCRMDEALUPDATE", CHANGED)
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert answer.headers["Retry-After"]


def test_an_update_brings_a_new_secret_and_everything_is_registered_again(here: Site) -> None:
    installation.update(here.demo.state, new_token=True)
    answer = here.event("ONAPPUPDATE", {"VERSION": "2", "PREVIOUS_VERSION": "1"})
    assert answer.status_code == 200
    assert (here.portal.application_token, here.portal.app_version) == (here.demo.state.app.token, "2")
    assert here.queued("live") == ["b24app.jobs.install.register"]
    jobs.register(here.portal.id)
    assert len(here.demo.state.events.bindings) >= 8


@pytest.mark.parametrize("lie", [{"access_token": "made up"}, {"server_endpoint": "https://evil.example/rest/"}])
def test_a_forged_update_changes_no_secret(here: Site, lie: dict[str, object]) -> None:
    secret = here.portal.application_token
    assert here.event("ONAPPUPDATE", {"VERSION": "2"}, {"application_token": "mine", **lie}).status_code == 403
    assert here.portal.application_token == secret


def test_an_employee_cannot_change_the_secret(here: Site) -> None:
    auth = {**here.demo.state.auth(EMPLOYEE, True), "application_token": "mine"}
    assert here.event("ONAPPUPDATE", {"VERSION": "2"}, auth).status_code == 403


def test_removal_with_its_data_erases_the_tenant(here: Site) -> None:
    here.event("ONCRMDEALUPDATE", CHANGED)
    here.redis.flushall()
    portal_id = here.portal.id
    assert here.event("ONAPPUNINSTALL", {"CLEAN": "1", "LANGUAGE_ID": "ru"}).status_code == 200
    assert here.queued("default") == ["b24app.jobs.install.forget"]
    jobs.forget(portal_id)
    for table in (Portal, Token, Inbox, AuditEntry):
        assert db.session.scalars(select(table)).all() == []
    assert here.event("ONCRMDEALUPDATE", CHANGED).status_code == 404


def test_removal_without_its_data_drops_the_tokens_only(here: Site) -> None:
    here.event("ONCRMDEALUPDATE", CHANGED)
    assert here.event("ONAPPUNINSTALL", {"CLEAN": "0"}).status_code == 200
    assert here.portal.status == "uninstalled"
    assert db.session.scalars(select(Token)).all() == []
    assert inbox() == [("deal", "12")]
    jobs.sweep()
    assert here.queued("default") == []


def test_a_lost_erasure_is_found_by_the_sweep(here: Site) -> None:
    here.event("ONAPPUNINSTALL", {"CLEAN": "1"})
    here.redis.flushall()
    jobs.sweep()
    assert here.queued("default") == ["b24app.jobs.install.forget"]


def test_an_installation_event_may_come_late_or_again(here: Site) -> None:
    for _time in range(2):
        assert here.event("ONAPPINSTALL", {"VERSION": "1", "INSTALLED": "Y"}).status_code == 200
    assert here.portal.status == "active"
    assert here.queued("live") == []


def test_an_installation_event_may_come_first(app: Flask, redis: Redis) -> None:
    with site(app, redis) as here:
        assert here.event("ONAPPINSTALL", {"VERSION": "1", "LANGUAGE_ID": "ru"}).status_code == 200
        assert (here.portal.status, here.portal.language) == ("installing", "ru")
        assert here.portal.application_token == here.demo.state.app.token
        assert here.queued("live") == ["b24app.jobs.install.register"]


def test_an_installation_event_of_nobody_is_refused(app: Flask, redis: Redis) -> None:
    with site(app, redis) as here:
        for lie in ({"access_token": "made up"}, {"member_id": "f" * 32}, {"server_endpoint": "https://evil.example/"}):
            assert here.event("ONAPPINSTALL", {"VERSION": "1"}, lie).status_code == 403
        assert db.session.scalars(select(Portal)).all() == []


def test_a_method_that_was_allowed_is_used_again_and_the_token_it_names_is_not_kept(here: Site) -> None:
    said = {"TOKEN": "somebody's", "METHOD": "event.bind", "LANGUAGE_ID": "ru"}
    assert here.event("ONAPPMETHODCONFIRM", {**said, "CONFIRMED": "0"}).status_code == 200
    assert here.queued("live") == []
    assert here.event("ONAPPMETHODCONFIRM", {**said, "CONFIRMED": "1"}).status_code == 200
    assert here.queued("live") == ["b24app.jobs.install.register"]
    assert here.event("ONAPPMETHODCONFIRM", said, {"application_token": "wrong"}).status_code == 403


def test_news_of_payment_is_a_reason_to_ask_the_portal(here: Site) -> None:
    auth = {"application_token": ""}
    assert here.event("ONAPPPAYMENT", {"STATUS": "S", "PAYMENT_EXPIRED": "N"}, auth).status_code == 200
    assert here.queued("default") == ["b24app.jobs.install.review"]
    jobs.review(here.portal.id)
    assert here.portal.status == "active"
