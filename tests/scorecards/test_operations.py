"""Saving scorecards and targets: versions, refusals, and the audit trail."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select, update

from b24app.facts.tables import Entry
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Invalid, NotFound
from b24app.lib.i18n import speaking
from b24app.portal.rules import COMPANY, department, employee
from b24app.portal.tables import AuditEntry
from b24app.scorecards import documents, operations, queries
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.world import ANN, HEAD, NOW, OTHER, PORTAL, SALES


def save(raw):
    return operations.save(PORTAL, documents.parse(raw), "user:1", NOW)


def set_targets(*items):
    return operations.set_targets(PORTAL, documents.parse_targets(list(items)), "user:1", NOW)


def target(value, subject=employee(ANN), start="2026-11-01", **changes):
    named = {"type": subject.type.value, "id": subject.id}
    return {
        "scorecard": "sales", "indicator": "revenue", "subject": named, "period": "month",
        "start": start, "target": value,
    } | changes  # fmt: skip


def audited() -> list[tuple[str, str]]:
    return [(row.actor, row.action) for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def formula(text, **changes):
    return indicator("f", metric="formula", formula=text, target=None) | changes


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("1 + ad_spnd", "en", "At character 5: No indicator, metric or entry is called ad_spnd."),
        ("1 + [Расход]", "ru", "Символ 5: Нет показателя, метрики или записей с именем Расход."),
    ],
)
def test_a_formula_with_a_name_that_nothing_has_is_refused(portal, text, language, message):
    world.entry("ad_spend", 5, "2026-11-03")
    with speaking(language), pytest.raises(Invalid) as caught:
        save(document(formula(text)))
    assert [(fault.path, fault.message) for fault in caught.value.errors] == [("indicators[0].formula", message)]
    assert queries.versions(PORTAL) == ()


def test_a_code_is_known_once_it_was_posted_or_is_counted(portal):
    world.entry("ad_spend", 5, "2026-11-03")
    save(document(formula("ad_spend / 2")))
    counted = indicator("visits", metric="entries", options={"code": "visit"}, target=None)
    save(document(formula("visit + 1", weight=50), counted | {"weight": 50}, code="own"))
    save(document(formula("visit + 1"), code="others"))
    described = {"n": {"metric": "entries", "options": {"code": "nps"}}}
    save(document(formula("n / nps", operands=described), code="described"))
    with pytest.raises(Invalid):
        save(document(formula("visits + 1"), code="unknown"))


def test_entries_of_another_portal_are_not_known(portal):
    world.entry("ad_spend", 5, "2026-11-03")
    db.session.execute(update(Entry).values(portal_id=OTHER))
    with pytest.raises(Invalid):
        save(document(formula("ad_spend / 2")))


def test_the_same_effective_from_replaces_and_another_adds(portal):
    first = save(document())
    again = save(document(indicator(target=5)))
    later = save(document(indicator(target=7), effective_from="2026-06-01"))
    assert [(v.id, v.number, v.effective_from.month) for v in queries.versions(PORTAL)] == [
        (first.id, 1, 1),
        (later.id, 2, 6),
    ]
    assert again.id == first.id
    assert queries.get(PORTAL, "sales").document.indicators[0].target == 7
    assert queries.get(PORTAL, "sales", date(2026, 5, 31)).document.indicators[0].target == 5
    assert audited() == [("user:1", "scorecard.save")] * 3
    with pytest.raises(NotFound):
        queries.get(PORTAL, "sales", date(2025, 12, 31))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (document(effective_from="2026-01-15"), "effective_from"),
        (document(subjects={"departments": [77]}), "subjects.departments[0]"),
        (document(subjects={"employees": [ANN, 77]}), "subjects.employees[1]"),
        (document(subjects={"exclude": {"employees": [77]}}), "subjects.exclude.employees[0]"),
    ],
)
def test_what_only_the_portal_can_tell_is_refused_with_its_path(portal, raw, path):
    with pytest.raises(Invalid) as caught:
        save(raw)
    assert [fault.path for fault in caught.value.errors] == [path]
    assert queries.versions(PORTAL) == ()


def test_a_scorecard_keeps_its_kind_of_period(portal):
    save(document())
    with pytest.raises(Invalid) as caught:
        save(document(period="quarter", effective_from="2026-04-01"))
    assert caught.value.errors[0].path == "period"


def test_an_archived_scorecard_is_kept_and_not_computed(portal):
    save(document())
    operations.archive(PORTAL, "sales", "user:1", NOW)
    assert queries.get(PORTAL, "sales").document.status == "archived"
    assert queries.counted(PORTAL) == {}
    assert audited()[-1] == ("user:1", "scorecard.archive")
    with pytest.raises(NotFound):
        operations.archive(PORTAL, "nothing", "user:1", NOW)


def test_scorecards_of_another_portal_are_not_there(portal):
    save(document())
    assert queries.versions(OTHER) == ()
    with pytest.raises(NotFound):
        queries.get(OTHER, "sales")


def test_a_template_is_applied_once(portal):
    changes = {"subjects": {"departments": [SALES]}, "effective_from": "2026-01-01"}
    assert operations.apply_template(PORTAL, "sales", changes, "user:1", NOW).code == "sales"
    with pytest.raises(Conflict):
        operations.apply_template(PORTAL, "sales", changes, "user:1", NOW)
    with pytest.raises(NotFound):
        operations.apply_template(PORTAL, "../sales", changes, "user:1", NOW)


def test_targets_are_created_changed_kept_and_removed(portal):
    save(document())
    assert [one.status for one in set_targets(target(5), target(6, department(SALES)))] == ["created", "created"]
    assert [one.status for one in set_targets(target(5), target(7.5, department(SALES)))] == ["duplicate", "updated"]
    stored = queries.targets(PORTAL, ["sales"])
    assert stored.own("sales", "revenue", department(SALES), date(2026, 11, 1)) == Fraction(15, 2)
    assert set_targets(target(None))[0].status == "updated"
    assert stored.own("sales", "revenue", employee(HEAD), date(2026, 11, 1)) is None
    assert [row.subject for row in queries.target_rows(PORTAL)] == [department(SALES)]
    assert audited().count(("user:1", "target.set")) == 4


def test_a_repeating_target_gives_way_to_one_of_the_period(portal):
    save(document())
    set_targets(target(5, COMPANY, start=None), target(9, COMPANY))
    stored = queries.targets(PORTAL, ["sales"])
    assert stored.own("sales", "revenue", COMPANY, date(2026, 11, 1)) == 9
    assert stored.own("sales", "revenue", COMPANY, date(2026, 12, 1)) == 5


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (target(5, scorecard="nope"), "[1].scorecard"),
        (target(5, indicator="nope"), "[1].indicator"),
        (target(5, employee(77)), "[1].subject.id"),
        (target(5, subject=department(77)), "[1].subject.id"),
        (target(5, period="quarter", start="2026-10-01"), "[1].period"),
        (target(5, start="2026-11-02"), "[1].start"),
    ],
)
def test_one_wrong_target_saves_none(portal, item, path):
    save(document())
    with pytest.raises(Invalid) as caught:
        set_targets(target(5), item)
    assert [fault.path for fault in caught.value.errors] == [path]
    assert queries.target_rows(PORTAL) == ()


def test_a_target_has_to_fit_the_baseline(portal):
    save(document(indicator(baseline=100)))
    with pytest.raises(Invalid) as caught:
        set_targets(target(100))
    assert caught.value.errors[0].path == "[0].target"


def test_scorecards_come_in_the_order_of_their_codes_whatever_the_database_thinks_of_an_underscore(portal):
    for code in ("ab", "a_c", "b"):
        operations.save(PORTAL, documents.parse(document(code=code)), "user:1", NOW)
    assert [version.code for version in queries.versions(PORTAL)] == ["a_c", "ab", "b"]
