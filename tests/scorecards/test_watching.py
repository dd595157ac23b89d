"""What a scorecard needs of deals beside their columns: watched when saved, refused when there is no such field."""

from typing import Any

import pytest

from b24app.facts import operations as facts
from b24app.facts import queries
from b24app.facts.rules import TermDraft
from b24app.lib.errors import Invalid
from b24app.scorecards import documents, operations
from b24app.scorecards.documents import IndicatorDocument
from tests.scorecards.documents import document, indicator
from tests.scores.world import NOW, PORTAL

SECTOR, ENGINEER = "ufCrm_1", "ufCrm_3"


@pytest.fixture
def needing(portal: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says what every plan is to need."""

    def needs(*names: str) -> None:
        monkeypatch.setattr(operations, "needs", lambda _plan: frozenset(("deal", name) for name in names))

    return needs


def know_fields() -> None:
    words = [(SECTOR, "Industry", "enumeration"), (ENGINEER, "Engineer", "employee")]
    facts.save_terms(PORTAL, "field", [TermDraft(id, name, extra={"type": kind}) for id, name, kind in words])


def save(raw: dict[str, Any], **changes: Any) -> None:
    parsed = documents.parse(raw)
    owned = tuple(one.model_copy(update=changes) for one in parsed.indicators)
    operations.save(PORTAL, parsed.model_copy(update={"indicators": owned}), "user:1", NOW)


def faults(raw: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        save(raw, **changes)
    return [(fault.path, fault.message) for fault in refused.value.errors]


def test_what_a_scorecard_needs_is_watched_from_then_on(needing: Any) -> None:
    needing(SECTOR, "productRows")
    save(document())
    assert queries.watched(PORTAL) == {SECTOR: False, "productRows": False}


def test_a_draft_has_nothing_read(needing: Any) -> None:
    needing(SECTOR)
    save(document(status="draft"))
    assert queries.watched(PORTAL) == {}
    save(document(status="active"))
    assert queries.watched(PORTAL) == {SECTOR: False}


def test_a_field_that_deals_do_not_have_is_refused(needing: Any) -> None:
    needing(SECTOR, "ufCrm_9", "productRows")
    know_fields()
    assert faults(document(indicator(weight=40), indicator("won", metric="deals_won", weight=60))) == [
        ("indicators[0].where", "Deals of this portal have no field ufCrm_9."),
        ("indicators[1].where", "Deals of this portal have no field ufCrm_9."),
    ]
    assert queries.watched(PORTAL) == {}


def test_while_the_fields_are_not_known_none_is_refused(needing: Any) -> None:
    needing("ufCrm_9")
    save(document())
    assert queries.watched(PORTAL) == {"ufCrm_9": False}


def test_an_owner_has_to_be_a_field_that_holds_an_employee(needing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = documents.parse(document()).indicators[0].plan()
    monkeypatch.setattr(IndicatorDocument, "plan", lambda _self: plan)
    know_fields()
    needing(SECTOR)
    assert faults(document(), owner=SECTOR) == [
        ("indicators[0].owner", "The field Industry does not hold an employee.")
    ]
    needing(ENGINEER)
    save(document(), owner=ENGINEER)
    assert queries.watched(PORTAL) == {ENGINEER: False}


def test_naming_a_type_of_records_has_it_read(portal: int) -> None:
    options = {"entity_type_id": 1040, "aggregate": "sum", "field": "ufCrm_7", "date_field": "ufCrm_8"}
    save(document(indicator(metric="item_metric", options=options)))
    assert queries.watched(PORTAL, "item_1040") == {"records": False, "ufCrm_7": False, "ufCrm_8": False}
    facts.save_terms(PORTAL, "field:1040", [TermDraft("ufCrm_8", "Paid on", extra={"type": "date"})])
    assert [path for path, _message in faults(document(indicator(metric="item_metric", options=options)))] == [
        "indicators[0].where"
    ]
