"""The settings page of split credit: fields that give parts of deals, from the form to what is stored of a deal."""

from datetime import timedelta
from typing import Any

import pytest

from b24app.facts import operations, watching
from b24app.facts.credit.rules import FieldRule
from b24app.facts.queries import deal
from b24app.facts.rules import TermDraft, ValueDraft
from b24app.ingest import credit_fields
from b24app.lib.db import db, write
from tests.facts.samples import won
from tests.scores.world import ANN, BOB, NOW, PORTAL, SUE
from tests.web.test_settings import Reader, admin, asked

__all__ = ["admin"]

PAGE = "/ui/settings/credit"
PERSON, PERCENT = "ufCrm_1", "ufCrm_2"
VALUES = (ValueDraft(PERSON, ref=BOB), ValueDraft(PERCENT, num=25_000_000))


@pytest.fixture
def here(admin: Reader) -> Reader:
    fields = ((PERSON, "Helper", "employee"), (PERCENT, "Their part", "double"), ("title", "Title", "string"))
    with write():
        operations.save_terms(PORTAL, "field", [TermDraft(id, name, extra={"type": kind}) for id, name, kind in fields])
    return admin


def stored(values: tuple[ValueDraft, ...], later_s: int = 0) -> list[tuple[int, int, int | None]]:
    """A deal of Ann's over 1 000 as it is kept once it has been read with these values."""
    with write():
        draft = won(responsible_id=ANN, currency="RUB", values=values)
        operations.upsert_deals(PORTAL, [draft], (), NOW + timedelta(seconds=later_s), {PERSON, PERCENT})
    found = deal(PORTAL, 1)
    assert found
    return [(one.employee_id, one.share, one.amount) for one in found.credits]


def test_whoever_a_field_names_gets_what_the_setting_says(here: Reader) -> None:
    assert stored(VALUES) == []
    assert here.ask("POST", page=PAGE, person_1=PERSON, field_1=PERCENT).status_code == 303
    db.session.rollback()
    assert credit_fields.rules(PORTAL) == (FieldRule(PERSON, percent=PERCENT),)
    assert {one.field: one.complete for one in watching.everything(PORTAL)} == {PERSON: False, PERCENT: False}
    assert stored(VALUES, 1) == [(ANN, 750_000, 75_000), (BOB, 250_000, 25_000)]
    assert stored((VALUES[0],), 2) == []

    here.ask("POST", page=PAGE, person_0=PERSON, percent_0="40")
    assert stored((VALUES[0],), 3) == [(ANN, 600_000, 60_000), (BOB, 400_000, 40_000)]
    assert 'value="40"' in here.ask("GET", page=PAGE).text
    assert credit_fields.rules(PORTAL) == (FieldRule(PERSON, share=400_000),)
    assert asked() == []
    here.ask("POST", page=PAGE, person_0="", percent_0="")
    assert asked() == [{"cause": "setting", "actor": "user:1"}]
    assert stored((VALUES[0],), 4) == []


def test_what_somebody_split_by_hand_stays_and_gives_way_when_taken_back(here: Reader) -> None:
    here.ask("POST", page=PAGE, person_0=PERSON, percent_0="40")
    assert stored(VALUES) == [(ANN, 600_000, 60_000), (BOB, 400_000, 40_000)]
    assert "Split by the fields of the deal" in here.ask("GET", page="/ui/credits/deal/1").text
    split: dict[str, Any] = {"person_0": SUE, "percent_0": "100", "reason": "Hers"}
    assert here.ask("POST", page="/ui/credits/deal/1", **split).status_code == 303
    assert stored(VALUES, 1) == [(SUE, 1_000_000, 100_000)]
    assert here.ask("POST", page="/ui/credits/deal/1/join", reason="Not hers").status_code == 303
    assert stored(VALUES, 2) == [(ANN, 600_000, 60_000), (BOB, 400_000, 40_000)]


WRONG = (
    ({"person_0": "title", "percent_0": "40"}, "Choose a field that holds an employee."),
    ({"person_0": PERSON}, "Enter a percent, or choose a field that holds it."),
    (
        {"person_0": PERSON, "percent_0": "40", "field_0": PERCENT},
        "Either a percent or a field that holds it, not both.",
    ),
    ({"person_0": PERSON, "percent_0": "most"}, "Enter a number."),
    ({"person_0": PERSON, "percent_0": "140"}, "no more than the whole"),
    ({"person_0": PERSON, "percent_0": "40", "person_1": PERSON, "percent_1": "40"}, "This field is chosen twice."),
)


def test_nonsense_is_refused_at_its_field(here: Reader) -> None:
    for form, told in WRONG:
        answer = here.ask("POST", page=PAGE, **form)
        assert (answer.status_code, told in answer.text) == (200, True), form
    assert credit_fields.rules(PORTAL) == ()
