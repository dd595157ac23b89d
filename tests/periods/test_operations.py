"""Own days and absences as people set them: audited, checked, and what they touch."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from b24app.lib.db import db
from b24app.lib.errors import Invalid
from b24app.periods import operations, queries
from b24app.periods.queries import Away, OwnDay
from b24app.periods.rules import Kind, Period
from b24app.portal.tables import AuditEntry, Employee, Portal

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
ANN, STRANGERS = 7, 2
SATURDAY, MONDAY = date(2026, 11, 7), date(2026, 11, 9)


@pytest.fixture
def ann(portal: int) -> int:
    db.session.add(Employee(portal_id=portal, id=ANN, name="Ann"))
    db.session.flush()
    return portal


def days(first: date, end: date) -> Period:
    return Period(Kind.CUSTOM, first, end)


def audited() -> list[tuple[str, str, object, object]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.target, row.before, row.after) for row in rows]


def test_an_own_day_is_worked_or_not_whatever_the_country_says(ann):
    touched = operations.set_day(ann, OwnDay(SATURDAY, True, "Moved"), "user:1", NOW)
    operations.set_day(ann, OwnDay(MONDAY, False), "user:1", NOW)
    calendar = queries.calendar(ann)
    assert (calendar.is_working(SATURDAY), calendar.is_working(MONDAY)) == (True, False)
    assert touched == days(SATURDAY, date(2026, 11, 8))
    assert audited()[0] == ("calendar.day", "2026-11-07", None, [True, "Moved"])


def test_said_twice_it_changes_once_and_taken_back_it_is_gone(ann):
    operations.set_day(ann, OwnDay(SATURDAY, True), "user:1", NOW)
    assert operations.set_day(ann, OwnDay(SATURDAY, True), "user:1", NOW) is None
    assert operations.forget_day(ann, SATURDAY, "user:1", NOW) == days(SATURDAY, date(2026, 11, 8))
    assert operations.forget_day(ann, SATURDAY, "user:1", NOW) is None
    assert queries.own_days(ann) == ()
    assert [after for _action, _day, _before, after in audited()] == [[True, ""], None]


def test_an_absence_holds_both_its_ends(ann):
    touched = operations.set_absence(ann, Away(ANN, MONDAY, date(2026, 11, 13)), "user:1", NOW)
    assert touched == days(MONDAY, date(2026, 11, 14))
    own = queries.calendars(ann)[1][ANN]
    assert [own.is_working(date(2026, 11, day)) for day in (6, 9, 13, 16)] == [True, False, False, True]


def test_an_absence_is_made_shorter_and_touches_all_it_was(ann):
    operations.set_absence(ann, Away(ANN, MONDAY, date(2026, 11, 13)), "user:1", NOW)
    shorter = operations.set_absence(ann, Away(ANN, MONDAY, MONDAY), "user:1", NOW)
    assert shorter == days(MONDAY, date(2026, 11, 14))
    assert operations.forget_absence(ann, ANN, MONDAY, "user:1", NOW) == days(MONDAY, date(2026, 11, 10))
    assert operations.forget_absence(ann, ANN, MONDAY, "user:1", NOW) is None
    assert queries.absences(ann) == ()
    assert audited()[-1] == ("calendar.absence", "7 2026-11-09", "2026-11-09", None)


def test_only_absences_that_are_not_over_are_listed(ann):
    for first, last in ((MONDAY, MONDAY), (MONDAY.replace(day=10), date(2026, 11, 20))):
        operations.set_absence(ann, Away(ANN, first, last), "user:1", NOW)
    assert [one.last for one in queries.absences(ann, since=date(2026, 11, 16))] == [date(2026, 11, 20)]


@pytest.mark.parametrize(
    ("away", "path"),
    [
        (Away(ANN, MONDAY, SATURDAY), "last"),
        (Away(ANN, MONDAY, date(2036, 1, 1)), "last"),
        (Away(ANN, date(1, 1, 1), MONDAY), "first"),
        (Away(99, MONDAY, MONDAY), "employee"),
    ],
)
def test_what_cannot_be_an_absence_is_told_at_its_field(ann, away, path):
    with pytest.raises(Invalid) as refused:
        operations.set_absence(ann, away, "user:1", NOW)
    assert [fault.path for fault in refused.value.errors] == [path]
    assert queries.absences(ann) == ()


def test_a_day_far_from_any_calendar_or_with_an_endless_name_is_refused(ann):
    with pytest.raises(Invalid) as refused:
        operations.set_day(ann, OwnDay(date(9999, 12, 31), True, "x" * 256), "user:1", NOW)
    assert [fault.path for fault in refused.value.errors] == ["day", "name"]


def test_another_portal_keeps_its_own_calendar(ann):
    db.session.add(
        Portal(
            id=STRANGERS, member_id="other", domain="other.bitrix24.test", client_endpoint="", oauth_server="",
            status="active", created_at=0,
        )
    )  # fmt: skip
    db.session.flush()
    operations.set_day(ann, OwnDay(MONDAY, False), "user:1", NOW)
    operations.set_absence(ann, Away(ANN, MONDAY, MONDAY), "user:1", NOW)
    assert queries.calendar(STRANGERS).is_working(MONDAY)
    assert queries.calendars(STRANGERS) == (queries.calendar(STRANGERS), {})
    with pytest.raises(Invalid):
        operations.set_absence(STRANGERS, Away(ANN, MONDAY, MONDAY), "user:99", NOW)
