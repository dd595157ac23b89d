"""The calendar's page: who may, what is saved and audited, what is computed anew, and what is said at the fields."""

import re
from dataclasses import dataclass
from datetime import date

import pytest
import time_machine
from flask import Flask
from rq import Queue
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from b24app.ingest import queries as reading
from b24app.lib import clock, crypto, queue
from b24app.lib.db import db, write
from b24app.periods import queries as calendars
from b24app.periods.queries import Away, OwnDay
from b24app.portal import jobs
from b24app.portal.tables import AuditEntry, Portal
from b24app.scores.tables import NightlyCheck
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ADMIN, ANN, HEAD, NOW, OTHER, PORTAL

PAGE, CHECK = "/ui/settings/calendar", "/ui/settings/check"
SETTINGS = {
    "country": "", "time_zone": "Europe/Moscow", "week_start": "0", "year_start": "1", "lock_after_days": "5",
}  # fmt: skip
BY_ADMIN = {"cause": "calendar", "actor": f"user:{ADMIN}"}
POSTS = ["", "/days", "/days/forget", "/absences", "/absences/forget"]


@dataclass
class Reader:
    app: Flask
    user_id: int = ADMIN
    portal_id: int = PORTAL
    language: str = "en"

    def ask(self, method: str, path: str = "", page: str = PAGE, **form: str) -> TestResponse:
        claims = {
            "portal": self.portal_id, "member": f"member{self.portal_id}", "user": self.user_id,
            "admin": self.user_id in (ADMIN, 99), "language": self.language,
        }  # fmt: skip
        token = crypto.sign(claims, self.app.config["SECRET_KEY"], clock.now(), 60)
        headers = {"Authorization": f"Bearer {token}", "HX-Request": "true"}
        return self.app.test_client().open(page + path, method=method, data=form or None, headers=headers)

    def page(self) -> str:
        answer = self.ask("GET")
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    def save(self, path: str = "", **form: str) -> TestResponse:
        answer = self.ask("POST", path, **form)
        assert answer.status_code == 303, answer.text
        db.session.rollback()
        return answer

    def refused(self, path: str = "", **form: str) -> dict[str, str]:
        """Field -> the sentence at it."""
        answer = self.ask("POST", path, **form)
        assert answer.status_code == 200
        assert answer.headers["HX-Push-Url"] == PAGE
        told = re.findall(r'class="fault" id="\w+-(\w+)-told".*?</svg>\s*(.*?)</p>', answer.text, re.DOTALL)
        return dict(told)


@pytest.fixture
def admin(app: Flask) -> Reader:
    with write():
        world.settle()
    with time_machine.travel(NOW, tick=False):
        yield Reader(app)


def asked() -> list[dict[str, str]]:
    """What is owed; a worker is told as soon as anything is."""
    told = [job.func_name for job in Queue("default", connection=queue.redis()).jobs]
    owed = [job.arguments for job in jobs.owed(PORTAL, "recompute")]
    assert told == ["b24app.jobs.scores.recompute_owed"] * bool(owed)
    return owed


def audited() -> list[tuple[str, str, object]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.actor, row.after) for row in rows if row.action.startswith(("portal.s", "calendar"))]


def test_a_fresh_portal_says_what_holds_and_that_nothing_is_noted(admin):
    text = admin.page()
    assert "No own days yet" in text
    assert "Nobody is noted as away" in text
    assert '<option value="Europe/Moscow" selected>' in text
    assert '<option value="0" selected>Monday' in text
    assert '<option value="RU">Russia' in text
    assert 'name="lock_after_days" type="number" value="5"' in text
    assert "do not lock by themselves" not in text


def test_it_speaks_russian(admin):
    admin.language = "ru"
    text = admin.page()
    assert "Праздники страны" in text
    assert ">Россия<" in text
    assert ">понедельник<" in text


def test_only_what_is_different_is_saved_and_audited(admin):
    """What nobody chose here, the portal's own word may still change."""
    admin.save(**SETTINGS | {"country": "RU", "week_start": "6"})
    assert calendars.settings(PORTAL).week_start == 6
    assert not calendars.calendar(PORTAL).is_working(date(2026, 1, 1))
    assert audited() == [("portal.settings", "user:1", {"country": "RU", "week_start": 6})]
    assert asked() == [{"cause": "setting", "actor": f"user:{ADMIN}"}]


def test_another_time_zone_has_everything_read_again(admin):
    """Days without a time are kept as the midnight of the old one."""
    admin.save(**SETTINGS | {"time_zone": "Asia/Yekaterinburg"})
    assert asked() == [{"cause": "setting", "actor": f"user:{ADMIN}"}]
    assert reading.must_go_on(PORTAL)
    admin.save(**SETTINGS | {"time_zone": "Asia/Yekaterinburg", "country": "RU"})
    assert len(asked()) == 1


def test_saving_what_holds_changes_nothing(admin):
    admin.save(**SETTINGS)
    assert (audited(), asked()) == ([], [])


def test_the_days_until_periods_lock_move_no_number(admin):
    admin.save(**SETTINGS | {"lock_after_days": "0"})
    assert db.session.get_one(Portal, PORTAL).settings["lock_after_days"] == 0
    assert asked() == []
    assert "do not lock by themselves" in admin.page()


def test_every_fault_of_the_settings_is_told_at_its_field(admin):
    wrong = {"country": "XX", "time_zone": "Mars/Base", "week_start": "3", "year_start": "13", "lock_after_days": "-1"}
    told = admin.refused(**wrong)
    assert told.keys() == wrong.keys()
    assert all(sentence.endswith(".") for sentence in told.values())
    assert audited() == []


def test_a_day_is_added_shown_and_removed(admin):
    admin.save("/days", day="2026-11-07", working="yes", name=" Moved <b> ")
    assert calendars.own_days(PORTAL) == (OwnDay(date(2026, 11, 7), True, "Moved <b>"),)
    text = admin.page()
    assert "Moved &lt;b&gt;" in text
    assert 'aria-label="Remove Nov 7, 2026"' in text
    admin.save("/days/forget", day="2026-11-07")
    assert calendars.own_days(PORTAL) == ()
    assert asked() == [BY_ADMIN | {"period": "custom", "start": "2026-11-07", "end": "2026-11-08"}]
    assert [action for action, _actor, _after in audited()] == ["calendar.day"] * 2


def test_an_absence_is_added_shown_and_removed(admin):
    admin.save("/absences", employee=str(ANN), first="2026-11-10", last="2026-11-20")
    assert calendars.absences(PORTAL) == (Away(ANN, date(2026, 11, 10), date(2026, 11, 20)),)
    text = admin.page()
    assert "Away today" in text
    assert asked() == [BY_ADMIN | {"period": "custom", "start": "2026-11-10", "end": "2026-11-21"}]
    admin.save("/absences/forget", employee=str(ANN), first="2026-11-10")
    assert calendars.absences(PORTAL) == ()


@pytest.mark.parametrize(
    ("path", "form", "fields"),
    [
        ("/days", {"day": "", "working": "no"}, {"day"}),
        ("/days", {"day": "2026-11-31", "working": "no"}, {"day"}),
        ("/days", {"day": "2026-11-03", "name": "x" * 300}, {"name"}),
        ("/absences", {"employee": "", "first": "2026-11-10", "last": "2026-11-10"}, {"employee"}),
        ("/absences", {"employee": "404", "first": "2026-11-10", "last": "2026-11-10"}, {"employee"}),
        ("/absences", {"employee": str(ANN), "first": "2026-11-10", "last": "2026-11-09"}, {"last"}),
    ],
)
def test_what_cannot_be_saved_is_told_at_its_field_and_stays_filled_in(admin, path, form, fields):
    assert admin.refused(path, **form).keys() == fields
    assert calendars.own_days(PORTAL) == ()
    assert calendars.absences(PORTAL) == ()
    assert asked() == []


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("user_id", [HEAD, ANN])
def test_it_is_the_administrators_page(admin, user_id, path):
    reader = Reader(admin.app, user_id)
    assert reader.ask("GET").status_code == 403
    assert reader.ask("POST", path, day="2026-11-07", employee="3", first="2026-11-07").status_code == 403


def test_a_strangers_calendar_is_their_own(admin):
    admin.save("/days", day="2026-11-07", working="yes", name="Ours")
    stranger = Reader(admin.app, 99, OTHER)
    assert "Ours" not in stranger.page()
    assert ">Ann<" not in stranger.page()
    assert stranger.refused("/absences", employee=str(ANN), first="2026-11-10", last="2026-11-10").keys() == {
        "employee"
    }
    stranger.save("/days/forget", day="2026-11-07")
    assert len(calendars.own_days(PORTAL)) == 1


def night(repaired: int, subject_id: int = ANN) -> None:
    with write() as session:
        session.execute(delete(NightlyCheck))
        repair = {
            "scorecard": "sales", "start": "2026-11-01", "subject_type": "employee", "subject_id": subject_id,
            "indicator": "won", "before": "3", "after": "4",
        }  # fmt: skip
        repairs = [repair] * min(repaired, 1)
        row = {"at": world.at("2026-11-16T03:10"), "compared": 1240, "repaired": repaired, "repairs": repairs}
        session.add(NightlyCheck(portal_id=PORTAL, **row))


def test_the_nightly_check_is_told_in_a_line_with_what_was_repaired_behind_it(admin):
    assert "The nightly check has not run yet." in admin.page()
    night(repaired=0)
    assert "1240 numbers compared with the records, no difference." in admin.page()
    with write():
        world.scorecard(document(indicator("won", metric="deals_won", weight=100, target=5)))
    night(repaired=1)
    text = admin.page()
    assert "1 number of 1,240 differed from the records and was put right." in text
    assert 'href="/ui/settings/check"' in text
    told = " ".join(admin.ask("GET", page=CHECK).text.split())
    assert re.search(r"(?i)Ann<.*>won<.*>3<.*>4<", told)
    admin.language = "ru"
    assert "1 показатель из 1 240 расходился с записями и исправлен" in admin.page()


def test_nobody_else_is_told_of_the_nightly_check(admin):
    night(repaired=1)
    for user, portal in ((HEAD, PORTAL), (99, OTHER)):
        admin.user_id, admin.portal_id = user, portal
        assert "1,240" not in admin.ask("GET", page=CHECK).text
