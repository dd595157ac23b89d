"""The page of calls and activities: what holds, what is proposed, a choice with its day, and what is refused."""

import pytest

from b24app.facts import call_sources
from b24app.facts.call_sources import Step
from b24app.lib.db import db, write
from b24app.periods.queries import settings
from b24app.periods.rules import local_day
from tests.scores.world import ADMIN, ANN, PORTAL, meeting
from tests.web.test_settings import Reader, admin, asked

__all__ = ["admin"]

PAGE = "/ui/settings/calls"


def page(reader: Reader) -> str:
    answer = reader.ask("GET", page=PAGE)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Now: Completed activities"), ("ru", "Сейчас: Выполненные дела")],
)
def test_at_first_calls_are_counted_from_activities(admin: Reader, language: str, told: str) -> None:
    admin.language = language
    assert told in page(admin)


def test_the_portal_s_activities_are_told_with_how_many_there_are(admin: Reader) -> None:
    assert "No activities have been read yet." in page(admin)
    with write():
        for day in ("2026-11-02", "2026-11-03"):
            meeting(ANN, day)
    assert '<td data-label="Counted as">Meeting</td> <td class="right" data-label="Activities">2</td>' in page(admin)


def test_a_choice_is_kept_with_its_day_and_everything_is_computed_anew(admin: Reader) -> None:
    answer = admin.ask("POST", page=PAGE, source="telephony", day="2026-12-01")
    assert answer.status_code == 303
    db.session.rollback()
    (step,) = call_sources.steps(PORTAL)
    assert (str(local_day(step.since, settings(PORTAL))), step.source) == ("2026-12-01", "telephony")
    assert asked() == [{"cause": "setting", "actor": f"user:{ADMIN}"}]
    assert "Telephony statistics</b>" in page(admin)
    assert admin.ask("POST", page=PAGE, source="telephony", day="2026-12-01").status_code == 303
    assert len(asked()) == 1


def test_without_a_day_it_holds_for_all_calls(admin: Reader) -> None:
    admin.ask("POST", page=PAGE, source="telephony", day="")
    db.session.rollback()
    assert call_sources.steps(PORTAL) == (Step(0, "telephony"),)


@pytest.mark.parametrize("form", [{"source": "both", "day": ""}, {"source": "telephony", "day": "soon"}])
def test_nonsense_is_refused_at_its_field(admin: Reader, form: dict[str, str]) -> None:
    answer = admin.ask("POST", page=PAGE, **form)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert call_sources.steps(PORTAL) == ()


def test_it_is_for_administrators(admin: Reader) -> None:
    admin.user_id = ANN
    assert admin.ask("GET", page=PAGE).status_code == 403
