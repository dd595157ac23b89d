"""The settings pages of access, API tokens and the audit log: what is shown, saved, refused, and noted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from b24app import pipeline
from b24app.lib import clock, crypto
from b24app.lib.db import db, write
from b24app.lib.paths import PACKAGE
from b24app.portal import audit
from b24app.portal.queries import structure
from b24app.portal.rules import Person, Structure, Unit
from b24app.portal.tables import ApiToken
from b24app.web.audit import changes, what_happened
from tests.scores import world
from tests.scores.world import ADMIN, ANN, BOB, HEAD, NOW, OTHER, PORTAL, SALES, SUE
from tests.security.world import CARD


@dataclass
class Reader:
    app: Flask

    def ask(
        self, method: str, path: str, user_id: int = ADMIN, portal_id: int = PORTAL, **form: object
    ) -> TestResponse:
        claims = {
            "portal": portal_id, "member": f"member{portal_id}", "user": user_id,
            "admin": user_id in (ADMIN, 99), "language": "en",
        }  # fmt: skip
        token = crypto.sign(claims, self.app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        answer = self.app.test_client().open(path, method=method, data=form or None, headers=headers)
        db.session.rollback()
        return answer

    def page(self, path: str, user_id: int = ADMIN) -> str:
        answer = self.ask("GET", path, user_id)
        assert answer.status_code == 200, answer.text
        return " ".join(answer.text.split())

    def save(self, path: str, **form: object) -> None:
        answer = self.ask("POST", f"/ui/settings/{path}", **form)
        assert answer.status_code == 303, answer.text

    def refused(self, path: str, **form: object) -> str:
        answer = self.ask("POST", f"/ui/settings/{path}", **form)
        assert answer.status_code == 200
        return re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL)


@pytest.fixture
def here(app: Flask) -> Iterator[Reader]:
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            world.scorecard(CARD)
            for owner, amount in ((ANN, 1234), (BOB, 2000)):
                world.deal(owner, "2026-11-10", amount)
            pipeline.recompute_open(PORTAL, NOW)
        yield Reader(app)


def noted() -> list[tuple[str, str, str]]:
    return [(one.actor, one.action, one.target) for one in audit.entries(PORTAL) if one.action.startswith("a")][::-1]


def test_roles_change_whom_the_pages_show_and_are_noted(here: Reader) -> None:
    """Feature rows 121 to 123."""
    assert here.ask("GET", "/ui/team", ANN).status_code == 403
    here.save("access/role", holder=f"employee-{ANN}", reach="department", sees_money="no")
    shown = here.page("/ui/team", ANN)
    assert "Bob" in shown
    assert "Sue" not in shown
    assert "2,000" not in shown
    assert here.ask("GET", f"/ui/my?subject=employee&subject_id={SUE}", ANN).status_code == 403
    mine = here.page("/ui/my", ANN)
    assert "Amounts of money are hidden from you." in mine
    assert "1,234" not in mine
    assert "₽" not in here.page("/ui/scorecards/sales", ANN)
    here.save("access/role/take", holder=f"employee-{ANN}")
    assert here.ask("GET", "/ui/team", ANN).status_code == 403
    assert "1,234" in here.page("/ui/my", ANN)
    assert noted() == [("user:1", "access.role", f"employee:{ANN}")] * 2


def test_the_whole_company_is_shown_to_whom_it_is_given(here: Reader) -> None:
    assert here.ask("GET", "/ui/company", SUE).status_code == 403
    here.save("access/role", holder="department-3", reach="all")
    assert "Sales" in here.page("/ui/company", SUE)
    assert here.ask("GET", "/ui/settings/access", SUE).status_code == 403
    assert "their departments" in here.page("/ui/settings/access")


def test_a_deputy_sees_the_absent_heads_people_while_it_lasts(here: Reader) -> None:
    """Feature row 124."""
    here.save("access/deputy", absent=HEAD, deputy=SUE, first="2026-11-15", last="2026-11-16")
    assert "Bob" in here.page("/ui/team", SUE)
    assert "Sue for Hugo" in here.page("/ui/settings/access")
    with time_machine.travel("2026-11-16T21:00:00Z", tick=False):  # midnight in Moscow
        assert here.ask("GET", "/ui/team", SUE).status_code == 403
        assert "Sue for Hugo" not in here.page("/ui/settings/access")
    here.save("access/deputy/end", absent=HEAD, deputy=SUE)
    assert here.ask("GET", "/ui/team", SUE).status_code == 403
    assert noted() == [("user:1", "access.deputy", f"employee:{HEAD}")] * 2


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("role", {"holder": "", "reach": "all"}, "Choose a person or a department."),
        ("role", {"holder": "employee-404", "reach": "all"}, "Choose a person or a department."),
        ("role", {"holder": f"department-{SALES}"}, "Choose what the role changes."),
        ("role", {"holder": f"department-{SALES}", "reach": "everything"}, "Choose from the list."),
        ("role", {"holder": f"department-{SALES}", "sees_money": "perhaps"}, "Choose from the list."),
        ("role/take", {"holder": "company-0"}, "Choose a person or a department."),
        ("deputy", {"absent": "x", "deputy": SUE, "first": "2026-11-15", "last": "2026-11-16"}, "Choose a person."),
        ("deputy", {"absent": 404, "deputy": SUE, "first": "2026-11-15", "last": "2026-11-16"}, "Choose a person."),
        ("deputy", {"absent": SUE, "deputy": SUE, "first": "2026-11-15", "last": "2026-11-16"}, "somebody else"),
        ("deputy", {"absent": HEAD, "deputy": SUE, "first": "2026-11-17", "last": "2026-11-16"}, "before the first"),
        ("deputy", {"absent": HEAD, "deputy": SUE, "first": "2026-11-17", "last": "2027-11-18"}, "for a year at most"),
        ("deputy", {"absent": HEAD, "deputy": SUE, "first": "soon", "last": "2026-11-16"}, "Choose a day."),
    ],
)
def test_what_cannot_be_meant_is_said_at_the_field(
    here: Reader, path: str, form: dict[str, object], sentence: str
) -> None:
    assert sentence in here.refused(f"access/{path}", **form)
    assert noted() == []


def test_a_token_is_shown_once_works_and_is_revoked(here: Reader) -> None:
    page = here.ask("POST", "/ui/settings/tokens", name="1C", scopes=["read", "money"])
    token = re.search(r'data-test="token">([^<]+)<', page.text)[1]  # type: ignore[index]
    assert token not in here.page("/ui/settings/tokens")
    assert db.session.scalars(select(ApiToken.fingerprint)).one() != token
    assert "never used" in here.page("/ui/settings/tokens")
    program = {"Authorization": f"Bearer {token}"}
    client = here.app.test_client()
    assert client.get("/api/v1/portal", headers=program).status_code == 200
    db.session.rollback()
    assert "never used" not in here.page("/ui/settings/tokens")
    id = db.session.scalars(select(ApiToken.id)).one()
    assert here.ask("POST", "/ui/settings/tokens/revoke", 99, OTHER, id=id).status_code == 404
    here.save("tokens/revoke", id=id)
    assert client.get("/api/v1/portal", headers=program).status_code == 401
    assert "Revoked" in here.page("/ui/settings/tokens")
    assert noted() == [("user:1", "api_token.create", "1C"), ("user:1", "api_token.revoke", "1C")]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": " ", "scopes": "read"}, "Say what the token is for"),
        ({"name": "x" * 256, "scopes": "read"}, "Say what the token is for"),
        ({"name": "1C"}, "Choose what the token may do"),
        ({"name": "1C", "scopes": ["read", "root"]}, "Choose what the token may do"),
    ],
)
def test_a_token_without_purpose_or_permission_is_not_made(
    here: Reader, form: dict[str, object], sentence: str
) -> None:
    assert sentence in here.refused("tokens", **form)
    assert db.session.scalars(select(ApiToken)).all() == []


def test_the_audit_log_says_who_did_what_when_and_from_what_to_what(here: Reader) -> None:
    here.save("access/role", holder=f"employee-{ANN}", reach="own")
    here.save("access/role", holder=f"employee-{ANN}", reach="department")
    page = here.page("/ui/settings/audit?action=access.role")
    assert page.count("<del>own</del> → <ins>department</ins>") == 1
    assert '<span class="quiet">Sees:</span> <del>own' in page
    assert "Ada" in page
    assert "16 Nov 2026" in page or "Nov 16, 2026" in page
    assert "Scorecard saved" in here.page("/ui/settings/audit?action=scorecard")
    assert "Nothing is noted here" in here.page("/ui/settings/audit?until=2026-11-15")
    assert "Nothing is noted here" in here.page("/ui/settings/audit?actor=user:7")
    assert here.ask("GET", "/ui/settings/audit?since=soon").status_code == 422
    assert here.ask("GET", "/ui/settings/audit?before=x").status_code == 422


def test_what_changed_in_a_document_is_called_by_its_name() -> None:
    before = {"indicators": [{"code": "a", "weight": 40}, {"code": "b", "weight": 60}], "missing": "skip"}
    after = {"indicators": [{"code": "a", "weight": 40}, {"code": "b", "weight": 50}], "missing": "skip", "own": True}
    assert list(changes(before, after)) == [("Indicator 2, Weight", "60", "50"), ("own", "", "yes")]


def test_the_log_names_whom_and_what_a_line_is_about(here: Reader) -> None:
    unlocked = {"locked_by": f"user:{ADMIN}", "locked_at": clock.epoch(NOW)}
    with write():
        audit.record(PORTAL, "system", "access.role", f"department:{SALES}", None, {"sees_money": False}, NOW)
        audit.record(PORTAL, "system", "award.give", f"star {ANN}", None, "2026-11-01", NOW)
        audit.record(PORTAL, "system", "calendar.day", "2026-12-31", None, [False, "Party"], NOW)
        audit.record(PORTAL, "system", "period.unlock", "sales 2026-10-01", unlocked, {"reason": "late"}, NOW)
        names = structure(PORTAL)
    page = here.page("/ui/settings/audit")
    assert f'rule">{names.units[SALES].name}<' in page
    assert f'rule">star: {names.people[ANN].name}<' in page
    assert "<ins>Day off, Party</ins>" in page
    assert f"<del>{names.people[ADMIN].name}</del>" in page
    assert str(clock.epoch(NOW)) not in page


def test_people_departments_and_words_of_documents_have_their_names() -> None:
    company = Structure({7: Person(7, "Anna")}, {5: Unit(5, "West")})
    after = {
        "status": "active",
        "period": "month",
        "subjects": {"departments": [5, 6], "employees": [7], "exclude": []},
    }
    assert list(changes(None, after, company)) == [
        ("Status", "", "In force"), ("Period", "", "Month"), ("For whom, Departments", "", "West, 6"),
        ("For whom, Employees", "", "Anna"),
    ]  # fmt: skip
    steps = {"0": "activities"}, {"0": "activities", "2026-11-01": "telephony"}
    assert list(changes(*steps)) == [("2026-11-01", "", "Telephony statistics")]


def test_whatever_is_noted_has_words() -> None:
    """Codes like `target.set`, wherever they are written beside the audit log's functions."""
    noting = [text for file in PACKAGE.rglob("*.py") if "audit.record" in (text := file.read_text("utf-8"))]
    codes = {code for text in noting for code in re.findall(r'"([a-z_]+\.[a-z_]+)"', text)}
    assert codes - what_happened().keys() == {"subject.id", "subjects.exclude"}


def test_the_audit_log_is_paged(here: Reader) -> None:
    with write():
        for number in range(120):
            audit.record(PORTAL, "system", "portal.settings", f"no {number:03}", None, number, NOW)
    found, address = [], "/ui/settings/audit?action=portal.settings"
    while address:
        page = here.page(address)
        found += re.findall(r"no (\d{3})", page)
        link = re.search(r'class="button" href="([^"]+)">Show older', page)
        address = link[1].replace("&amp;", "&") if link else ""
    assert found == [f"{number:03}" for number in reversed(range(120))]
