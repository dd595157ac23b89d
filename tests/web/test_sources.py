"""The pages of data sources and ready scorecards: who may, what is saved, computed and said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from b24app.facts import operations as facts
from b24app.facts import watching
from b24app.facts.requests import queries
from b24app.facts.rules import TermDraft
from b24app.ingest.tables import SyncCursor
from b24app.jobs import requests as jobs
from b24app.lib import clock, crypto
from b24app.lib.db import db, write
from b24app.periods.rules import Kind, Period
from b24app.portal import operations as portals
from b24app.portal.rules import SubjectType
from b24app.scorecards import queries as scorecards
from b24app.scores.queries import results
from b24app.scores.tables import Result
from tests.scores import world
from tests.scores.world import ADMIN, ANN, HEAD, NOW, PORTAL, SALES, SUE, SUPPORT

AFTERNOON = "2026-11-10T15:00:00+03:00"
SOURCES, TEMPLATES = "/ui/settings/sources", "/ui/templates"
HELP = {
    "name": "Help", "code": "help", "entity": "deal", "created": "createdTime", "resolved_stages": "WON",
    "rating": "ufCrm_2", "owner": "responsible", "hours_from": "09:00", "hours_to": "18:00",
}  # fmt: skip


@dataclass
class Reader:
    app: Flask
    user_id: int = ADMIN
    language: str = "en"

    def ask(self, method: str, path: str, **form: Any) -> TestResponse:
        claims = {
            "portal": PORTAL, "member": f"member{PORTAL}", "user": self.user_id, "admin": self.user_id == ADMIN,
            "language": self.language,
        }  # fmt: skip
        token = crypto.sign(claims, self.app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        answer = self.app.test_client().open(path, method=method, data=form or None, headers=headers)
        db.session.rollback()
        return answer

    def read(self, path: str) -> str:
        answer = self.ask("GET", path)
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    def faults(self, path: str, **form: Any) -> dict[str, str]:
        """Field -> the sentence at it."""
        answer = self.ask("POST", path, **form)
        assert answer.status_code == 200
        found = re.findall(r'class="fault" id="\w+-(\w+)-told".*?</svg>\s*(.*?)</p>', answer.text, re.DOTALL)
        return dict(found)


@pytest.fixture
def admin(app: Flask) -> Iterator[Reader]:
    with write():
        world.settle()
        extra = {"type": "integer", "options": {}, "multiple": False, "custom": True}
        facts.save_terms(PORTAL, "field", [TermDraft("ufCrm_2", "Mark of the client", extra=extra)])
        facts.save_terms(PORTAL, "funnel", [TermDraft("0", "Sales")])
        stage = {"category_id": 0, "semantic": "S", "color": ""}
        facts.save_terms(PORTAL, "stage", [TermDraft("WON", "Solved", extra=stage)])
    with time_machine.travel(NOW, tick=False):
        yield Reader(app)


@pytest.mark.parametrize("path", [SOURCES, f"{SOURCES}/requests/new", TEMPLATES])
def test_only_administrators_look(admin: Reader, path: str) -> None:
    for user_id in (HEAD, ANN):
        assert Reader(admin.app, user_id).ask("GET", path).status_code == 403


def test_a_source_says_how_far_it_has_come_and_what_to_do(admin: Reader) -> None:
    with write() as session:
        for cursor in session.scalars(select(SyncCursor).where(SyncCursor.source == "activities")):
            cursor.complete, cursor.error = False, "Access denied."
    text = admin.read(SOURCES)
    assert "Access denied. Check that the app was given this right" in text
    assert "Nothing says yet what a request is" in text


def test_the_form_offers_what_the_portal_has(admin: Reader) -> None:
    admin.language = "ru"
    text = admin.read(f"{SOURCES}/requests/new")
    assert "Mark of the client" in text
    assert "Solved" in text
    assert "Оценка клиента" in text


def test_a_mapping_makes_requests_of_the_deals_there_are_and_of_those_that_come(admin: Reader) -> None:
    with write():
        world.deal(ANN, "2026-11-10", 100, stage_id="WON")
    assert admin.ask("POST", f"{SOURCES}/requests/new", **HELP).status_code == 303
    assert jobs.make_anew(PORTAL)
    assert queries.counts(PORTAL) == {"help": 1}
    text = admin.read(SOURCES)
    assert "1 request" in text
    assert "Up to date" in text
    assert 'value="WON" checked' in admin.read(f"{SOURCES}/requests/help")
    assert admin.ask("POST", f"{SOURCES}/requests/help/remove").status_code == 303
    assert queries.mappings(PORTAL) == ()


def test_leads_may_be_requests_too_resolved_when_they_are_closed(admin: Reader) -> None:
    text = admin.read(f"{SOURCES}/requests/new?entity=lead")
    assert '<input type="hidden" name="entity" value="lead">' in text
    assert '<option value="closed_at">The closing of the record</option>' in text
    given = HELP | {"entity": "lead", "resolved": "closed_at", "rating": "", "resolved_stages": ""}
    assert admin.ask("POST", f"{SOURCES}/requests/new", **given).status_code == 303
    (stored,) = queries.mappings(PORTAL)
    assert (stored.mapping.entity, stored.mapping.resolved, stored.mapping.fields) == ("lead", "closed_at", frozenset())


def test_a_lead_may_be_answered_when_it_enters_a_stage(admin: Reader) -> None:
    with write():
        stage = {"category_id": None, "semantic": "P", "color": ""}
        facts.save_terms(PORTAL, "stage:lead", [TermDraft("IN_PROCESS", "At work", extra=stage)])
    text = admin.read(f"{SOURCES}/requests/new?entity=lead")
    assert "Or answered when it enters" in text
    assert 'name="responded_stages" value="IN_PROCESS"' in text
    given = HELP | {"entity": "lead", "responded_stages": "IN_PROCESS", "rating": "", "resolved_stages": ""}
    assert admin.ask("POST", f"{SOURCES}/requests/new", **given).status_code == 303
    (stored,) = queries.mappings(PORTAL)
    assert stored.mapping.answered_by_moves


def test_a_smart_process_is_named_first_and_its_fields_are_chosen_once_they_are_read(admin: Reader) -> None:
    with write():
        facts.save_terms(PORTAL, "type", [TermDraft("1036", "Tickets"), TermDraft("31", "Invoices")])
        stage = {"category_id": 7, "semantic": "S", "color": ""}
        facts.save_terms(PORTAL, "stage:1036", [TermDraft("DT1036_7:SUCCESS", "Ticket closed", extra=stage)])
    new = f"{SOURCES}/requests/new?entity=item_1036"
    text = admin.read(new)
    assert ">Tickets</a>" in text
    assert ">Invoices</a>" not in text
    assert "The fields of these records are not known yet." in text
    assert "Ticket closed" in text
    assert "Or answered when it enters" in text
    given = {"name": "Tickets", "code": "tickets", "entity": "item_1036", "hours_from": "09:00", "hours_to": "18:00"}
    assert admin.ask("POST", f"{SOURCES}/requests/new", **given).status_code == 303
    assert watching.entities(PORTAL) == ("item_1036",)
    assert ">Tickets</th>" in admin.read(SOURCES)

    extra = {"type": "integer", "options": {}, "multiple": False, "custom": True}
    with write():
        facts.save_terms(PORTAL, "field:1036", [TermDraft("ufCrm12Rating", "Mark of the ticket", extra=extra)])
    edited = f"{SOURCES}/requests/tickets"
    assert "Mark of the ticket" in admin.read(edited)
    assert admin.faults(edited, **given | {"rating": "ufCrm_2"}).keys() == {"rating"}
    assert admin.ask("POST", edited, **given | {"rating": "ufCrm12Rating"}).status_code == 303
    assert watching.watches(PORTAL, "item_1036").keys() == {"records", "ufCrm12Rating"}


def test_entries_may_be_requests_whose_value_is_the_hours_to_the_answer_or_a_rating(admin: Reader) -> None:
    assert "The value, in hours after the creation" in admin.read(f"{SOURCES}/requests/new?entity=entry")
    given = {"name": "Help desk", "code": "desk", "entity": "entry", "hours_from": "09:00", "hours_to": "18:00"}
    assert admin.faults(f"{SOURCES}/requests/new", **given).keys() == {"entry_code"}
    given |= {"entry_code": "answered", "responded": "value"}
    assert admin.ask("POST", f"{SOURCES}/requests/new", **given).status_code == 303
    assert jobs.make_anew(PORTAL)
    assert admin.ask("POST", f"{TEMPLATES}/support", department=SUPPORT).status_code == 303

    items = [
        {"key": f"desk-{place}", "code": code, "value": value, "employee_id": SUE, "occurred_at": AFTERNOON}
        for place, (code, value) in enumerate((("answered", 3), ("answered", 1.5), ("other", 9)))
    ]
    with write():
        token = portals.create_api_token(PORTAL, "Desk", ["read", "write"], NOW)
    headers = {"Authorization": f"Bearer {token}"}
    api = admin.app.test_client()
    done = api.post("/api/v1/entries", json=items, headers=headers).get_json()["items"]
    assert response() == (Decimal("2.25"), 2)
    api.post(f"/api/v1/entries/{done[0]['id']}/undo", headers=headers)
    assert response() == (Decimal("1.5"), 1)


def response() -> tuple[Decimal, int]:
    """Sue's hours to the first response in November, and over how many requests."""
    db.session.rollback()
    month = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
    found = results(PORTAL, month, SubjectType.EMPLOYEE, "support", subject_ids=[SUE], now=NOW)
    one = next(one for one in found if one.indicator.code == "first_response")
    assert one.value is not None
    return Decimal(one.value.numerator) / one.value.denominator, one.facts


@pytest.mark.parametrize("entity", ["item_1", "item_1036", "x", "call"])
def test_only_records_that_are_read_are_offered(admin: Reader, entity: str) -> None:
    assert 'name="entity" value="deal"' in admin.read(f"{SOURCES}/requests/new?entity={entity}")


def test_every_fault_is_told_at_its_field_and_what_was_filled_in_stays(admin: Reader) -> None:
    wrong = HELP | {"code": "1", "name": "", "rating": "ufCrm_9", "hours_to": "25:00"}
    assert admin.faults(f"{SOURCES}/requests/new", **wrong).keys() == {"code", "name", "hours_to"}
    assert admin.faults(f"{SOURCES}/requests/new", **HELP | {"hours_to": "08:00"}).keys() == {"hours_to"}
    assert admin.faults(f"{SOURCES}/requests/new", **HELP | {"rating": "ufCrm_9"}).keys() == {"rating"}
    admin.ask("POST", f"{SOURCES}/requests/new", **HELP)
    assert admin.faults(f"{SOURCES}/requests/new", **HELP).keys() == {"code"}


def test_ready_scorecards_say_what_they_lack(admin: Reader) -> None:
    text = admin.read(TEMPLATES)
    for name in ("Sales", "Marketing", "Support", "First contacts", "Client care", "Quality of work"):
        assert f">{name}</h2>" in text
    assert "There are no entries with the code ad_spend yet" in text
    assert "Nothing says yet what a request is" in text


def test_a_ready_scorecard_is_taken_for_a_department_and_computed(admin: Reader) -> None:
    assert admin.ask("POST", f"{TEMPLATES}/support", department=SUPPORT).status_code == 303
    document = scorecards.get(PORTAL, "support").document
    assert document.subjects.departments == (SUPPORT,)
    reasons = db.session.scalars(select(Result.reason).where(Result.portal_id == PORTAL, Result.subject_id == SUE))
    assert set(reasons) == {"not_mapped"}
    assert "You have it" in admin.read(TEMPLATES)


@pytest.mark.parametrize("department", [None, "99", "x"])
def test_it_is_taken_for_a_department_that_there_is(admin: Reader, department: str | None) -> None:
    answer = admin.ask("POST", f"{TEMPLATES}/support", **({"department": department} if department else {"x": ""}))
    assert answer.status_code == 200
    assert "Choose at least one department." in answer.text
    assert scorecards.versions(PORTAL) == ()


def test_it_is_not_taken_twice(admin: Reader) -> None:
    admin.ask("POST", f"{TEMPLATES}/accounts", department=SALES)
    assert "There is a scorecard accounts already." in admin.ask("POST", f"{TEMPLATES}/accounts", department=SALES).text
