"""Locks on the pages: the sign, the list of late records, the history of a number, and who may lock."""

from contextlib import nullcontext
from html import unescape

import pytest

from b24app.web import dashboards, periods
from tests.web import samples
from tests.web.samples import ADMIN, EMPLOYEE, HEAD, NOVEMBER, NOW
from tests.web.site import Answers, Held, application

HTMX = {"Authorization": "Bearer sample", "HX-Request": "true"}
LOCKED = Held(at=NOW, by="Vicki Laflamme", late=3, subject=samples.card().subject, may_unlock=True)
FORM = {"scorecard": "sales", "period": "month", "start": "2026-11-01", "department": "5"}
LATE = "/ui/periods/late?scorecard=sales&period=month&start=2026-11-01&subject=employee&subject_id=7"


@pytest.fixture(autouse=True)
def no_stamp(monkeypatch) -> None:
    """There is no database here to make a stamp of."""
    monkeypatch.setattr(dashboards.stamps, "of_period", lambda *_: "")


def page(address: str, held: Held = Held(), viewer=ADMIN, language="en") -> str:
    with application(viewer, language, Answers(held=held)) as app:
        response = app.test_client().get(address, headers=HTMX)
    assert response.status_code == 200
    return " ".join(unescape(response.text).replace("\xa0", " ").split())


@pytest.mark.parametrize("address", ["/ui/my", "/ui/team"])
def test_a_locked_period_says_so_with_a_way_to_what_changed(address):
    text = page(address, LOCKED)
    assert "by Vicki Laflamme." in text
    assert "3 records changed after the lock" in text
    assert LATE in text
    assert "Locked" not in page(address)


def test_a_lock_speaks_russian():
    assert "После блокировки изменились 3 записи" in page("/ui/my", LOCKED, language="ru")
    assert "заблокирован автоматически" in page("/ui/my", Held(at=NOW), language="ru")


def test_a_sum_that_differs_from_locked_periods_names_them():
    text = page("/ui/my?period=quarter&scorecard=sales", Held(differs=(NOVEMBER,)))
    assert "so the sums differ" in text
    assert "period=month&scorecard=sales&start=2026-11-01" in text


@pytest.mark.parametrize(
    ("held", "action"), [(Held(may_lock=True), "/ui/periods/lock"), (LOCKED, "/ui/periods/unlock"), (Held(), None)]
)
def test_the_team_page_has_the_form_that_is_possible(held, action):
    text = page("/ui/team", held)
    assert [one for one in ("/ui/periods/lock", "/ui/periods/unlock") if f'action="{one}"' in text] == (
        [action] if action else []
    )
    assert ('name="reason"' in text) is (action == "/ui/periods/unlock")


def test_late_records_are_listed():
    text = page(LATE)
    assert "Changed after the lock" in text
    assert "MG Special, Hottechi" in text
    assert 'data-portal-path="/crm/deal/details/7391/"' in text


@pytest.mark.parametrize(
    "address", ["/ui/periods/late", LATE.replace("employee", "team"), LATE.replace("2026-11-01", "soon")]
)
def test_an_incomplete_address_is_refused(address):
    with application() as app:
        assert app.test_client().get(address, headers=HTMX).status_code == 422


def test_why_has_a_tab_with_the_history_of_the_number():
    text = page("/ui/why?scorecard=sales&indicator=revenue&subject=employee&subject_id=7&tab=changes")
    assert "300,000 ₽ → <b>450,000 ₽</b>" in text
    assert "Target: 400,000 ₽ → <b>500,000 ₽</b>" in text
    assert "a record of another person" in text
    assert "and 3 more records" in text
    assert "cursor=17" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"changes": ()}, "has not changed since it was first calculated"),
        ({"changes": (), "is_kept": False}, "it has no history"),
        ({"is_hidden": True}, "Amounts of money are hidden from you."),
    ],
)
def test_a_history_says_why_it_shows_nothing(changes, words):
    with application(answers=Answers(changes=samples.changes(**changes))) as app:
        address = "/ui/why?scorecard=sales&indicator=revenue&subject=employee&subject_id=7&tab=changes"
        text = unescape(app.test_client().get(address, headers=HTMX).text)
    assert words in text
    assert "450,000 ₽ →" not in text.replace("\xa0", " ") or not changes.get("is_hidden")


@pytest.fixture
def done(monkeypatch) -> list[tuple[object, ...]]:
    """What was locked and unlocked, in order; the operations themselves are tested in their room."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(periods.db, "write", nullcontext)
    monkeypatch.setattr(periods.portal, "lock", lambda portal_id: None)
    monkeypatch.setattr(periods.locks, "lock", lambda *given: found.append(("lock", *given[1:-1])))
    monkeypatch.setattr(periods.locks, "unlock", lambda *given: found.append(("unlock", *given[1:-1])))
    return found


def test_an_administrator_locks_and_unlocks_and_comes_back(done):
    with application() as app:
        client = app.test_client()
        locked = client.post("/ui/periods/lock", data=FORM | {"scorecard": ""}, headers=HTMX)
        unlocked = client.post("/ui/periods/unlock", data=FORM | {"reason": "a refund"}, headers=HTMX)
    assert done == [
        ("lock", NOVEMBER, None, "user:1"),
        ("unlock", NOVEMBER, "sales", "a refund", "user:1"),
    ]
    assert (locked.status_code, unlocked.status_code) == (303, 303)
    assert locked.location == "/ui/team?period=month&start=2026-11-01&department=5"
    assert unlocked.location == "/ui/team?scorecard=sales&period=month&start=2026-11-01&department=5"


@pytest.mark.parametrize("viewer", [HEAD, EMPLOYEE])
@pytest.mark.parametrize("action", ["lock", "unlock"])
def test_nobody_else_locks(done, viewer, action):
    with application(viewer) as app:
        response = app.test_client().post(f"/ui/periods/{action}", data=FORM | {"reason": "x"}, headers=HTMX)
    assert response.status_code == 403
    assert done == []
