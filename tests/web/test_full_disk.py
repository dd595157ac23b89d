"""A full disk: 503 with a sentence in the reader's language, nothing half-saved, and all is well once there is room."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import event, func, select, text

from b24app.ingest.tables import Inbox
from b24app.lib.db import db
from b24app.portal.tables import AuditEntry, Portal, Token
from tests.web.portal_site import Site, site

PATH = "data are longer than a page of the database " * 100
SORRY = "Сейчас данные не удаётся прочитать или сохранить"


pytestmark = pytest.mark.databases("sqlite")
"""It can be told how large it may grow."""


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        found.install()
        yield found


@pytest.fixture
def full(here: Site) -> Iterator[Site]:
    """No page more than there are, and every page in use."""
    size = db.session.execute(text("PRAGMA page_count")).scalar_one()
    db.session.remove()

    def limit(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={size}")

    event.listen(db.engine, "connect", limit)
    db.engine.dispose()
    yield here
    event.remove(db.engine, "connect", limit)
    db.engine.dispose()


def stored() -> tuple[int, ...]:
    db.session.remove()
    return tuple(db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES)


TABLES = (Inbox, Portal, Token, AuditEntry)


def fill(full: Site) -> list[Any]:
    """Answers to more events than fit."""
    return [full.event("ONCRMDEALUPDATE", {"FIELDS": {"ID": str(id)}}) for id in range(1, 150)]


def test_an_event_is_stored_whole_or_refused_with_a_sentence(full: Site) -> None:
    answers = fill(full)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert {answer.status_code for answer in refused} == {503}
    assert stored()[0] == len(answers) - len(refused)
    problem = refused[0].get_json()
    assert (refused[0].mimetype, problem["status"]) == ("application/problem+json", 503)
    assert "Nothing was changed" in problem["detail"]
    assert refused[0].headers["Retry-After"]


def test_an_administrator_who_opens_the_app_is_told_and_nothing_is_half_saved(full: Site) -> None:
    fill(full)
    before = stored()
    page = full.browse(path="/b24/install", status="F", REFRESH_ID=PATH)
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert SORRY in page.text
    assert "Traceback" not in page.text
    assert stored() == before


def test_once_there_is_room_it_works_again(here: Site) -> None:
    assert here.event("ONCRMDEALUPDATE", {"FIELDS": {"ID": "1"}}).status_code == 200
