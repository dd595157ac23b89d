"""Locked periods: nothing moves them, what changes after the lock is counted and listed, unlocking brings life back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction as F

import pytest
from sqlalchemy import select

from b24app import pipeline
from b24app.facts import days, ledger
from b24app.facts.cells import deal_cells
from b24app.facts.rules import Cell, EntryDraft
from b24app.facts.tables import Deal
from b24app.ingest.tables import SyncCursor
from b24app.lib.clock import epoch
from b24app.lib.db import db
from b24app.lib.errors import Conflict, Invalid
from b24app.periods.rules import Kind, Period, Settings, from_wall, previous
from b24app.periods.tables import CalendarDay
from b24app.portal import operations as portals
from b24app.portal.rules import COMPANY, Subject, SubjectType, department, employee
from b24app.portal.tables import AuditEntry, Portal
from b24app.scorecards import documents as parsing
from b24app.scorecards import operations as scorecards
from b24app.scorecards.tables import PeriodLock, ScorecardVersion
from b24app.scores import behind, history, late, locks, queries
from b24app.scores.context import Context
from b24app.scores.tables import LateChange, ResultChange
from tests.scorecards.documents import document, indicator
from tests.scores import world
from tests.scores.test_operations import everything, snapshot
from tests.scores.world import ANN, BOB, COMPANY_UNIT, HEAD, NOW, OTHER, PORTAL, SALES, SUE, SUPPORT, deal, meeting

OCTOBER = Period(Kind.MONTH, date(2026, 10, 1), date(2026, 11, 1))
SEPTEMBER = Period(Kind.MONTH, date(2026, 9, 1), date(2026, 10, 1))
NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
QUARTER = Period(Kind.QUARTER, date(2026, 10, 1), date(2027, 1, 1))

CARD = document(
    indicator("revenue", weight=60, owner="closed_by", target=1000),
    indicator("meetings", metric="meetings", weight=40, target=4),
    subjects={"departments": [SALES]},
)


@pytest.fixture
def sold(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-10-05", 600, id=901)
    deal(BOB, "2026-10-20", 500, id=902)
    deal(ANN, "2026-11-03", 100, id=903)
    meeting(ANN, "2026-10-06")
    everything()


@pytest.fixture
def locked(sold):
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)


def results(period=OCTOBER, subject_type=SubjectType.EMPLOYEE, scorecard="sales", now=NOW):
    rows = queries.results(PORTAL, period, subject_type, scorecard, now=now)
    return {(row.subject.id, row.indicator.code): row for row in rows}


def shown(period=OCTOBER, scorecard="sales"):
    """All that anybody sees of a period, but how many records have changed since."""
    found = []
    for type_ in SubjectType:
        for row in queries.results(PORTAL, period, type_, scorecard, now=NOW):
            found.append(
                (row.subject, row.subject_name, row.indicator.code, row.indicator.name, row.value, row.numerator,
                 row.denominator, row.facts, row.target, row.attainment, row.weight, row.zone, row.currency,
                 row.scorecard_version, row.no_data_reason)
            )  # fmt: skip
        for row in queries.scores(PORTAL, period, type_, scorecard, now=NOW):
            found.append((row.subject, row.score, row.rank, row.ranked, row.zone, row.preliminary))
    return found


def move(one: Deal, **changes) -> None:
    """Change a stored deal and recompute what that touches, as the inbox does."""
    cells = set(deal_cells(one))
    for name, value in changes.items():
        setattr(one, name, value)
    db.session.flush()
    pipeline.recompute(PORTAL, cells | set(deal_cells(one)), NOW)


def test_another_time_zone_moves_no_locked_number_and_no_value_of_a_day(portal):
    """The first and the last day of a locked month, given without a time, east and west of where they were given."""
    card = indicator("visits", metric="entries", options={"code": "visit"}, weight=100, target=4)
    world.scorecard(document(card, subjects={"departments": [SALES]}))
    for key, shown, kind in (("a", "2026-10-01T00:00:00", "add"), ("b", "2026-10-31T23:59:59", "set"),
                             ("c", "2026-11-01T00:00:00", "add")):  # fmt: skip
        at = from_wall(shown, Settings(world.ZONE))
        draft = EntryDraft(key, "visit", kind, Decimal(5), at, ANN, local_at=shown)
        ledger.post_entries(PORTAL, [draft], NOW)
    everything()
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    for zone in ("Asia/Kamchatka", "America/New_York"):
        db.session.get_one(Portal, PORTAL).time_zone = zone
        db.session.flush()
        assert days.redate(PORTAL).moved == 3
        everything()
        row = results()[ANN, "visits"]
        assert (row.value, row.changed_after_lock) == (5, 0)
        assert results(NOVEMBER)[ANN, "visits"].value == 5


def a_deal(id: int) -> Deal:
    return db.session.get_one(Deal, (PORTAL, id))


def target(value: int, start: str | None, indicator="revenue", subject=ANN) -> None:
    item = {
        "scorecard": "sales", "indicator": indicator, "subject": {"type": "employee", "id": subject},
        "period": "month", "start": start, "target": value,
    }  # fmt: skip
    scorecards.set_targets(PORTAL, parsing.parse_targets([item]), "user:1", NOW)


def test_a_locked_period_says_so(locked):
    row = results()[ANN, "revenue"]
    assert (row.value, row.locked, row.changed_after_lock) == (600, True, 0)
    assert not results(NOVEMBER)[ANN, "revenue"].locked
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "period.lock")).one()
    assert (entry.actor, entry.target, entry.after) == ("user:1", "sales 2026-10-01", {"version": 1})


def behind_of(subject: Subject, code: str = "revenue", **page):
    context = Context(PORTAL, NOW)
    sheet = queries.sheets(context, OCTOBER, "sales", (subject,))[0]
    result = next(row for row in sheet.results if row.subject == subject and row.indicator.code == code)
    return result, behind.facts(context, sheet, result, **{"limit": 100, "cursor": None, **page})


def test_a_locked_number_lists_its_records_as_they_were_counted(locked):
    move(a_deal(901), amount=1, amount_original=10, title="Another", closed_by_id=BOB)
    move(a_deal(902), deleted_at=1)
    deal(ANN, "2026-10-07", 70)
    for subject in (employee(ANN), employee(BOB), department(SALES), COMPANY):
        result, page = behind_of(subject)
        assert page.of_lock
        assert sum(one.number for one in page.items) == result.value
    result, page = behind_of(employee(ANN))
    assert [(one.id, one.title, one.amount, one.employee_id) for one in page.items] == [(901, "Deal", 600, ANN)]
    assert behind_of(COMPANY, visible={BOB}, limit=1)[1].hidden == 1


def test_what_a_number_was_made_of_is_forgotten_with_the_lock(locked):
    move(a_deal(902), deleted_at=1)
    locks.unlock(PORTAL, OCTOBER, None, "a mistake", "user:1", NOW)
    result, page = behind_of(COMPANY)
    assert (page.of_lock, [one.id for one in page.items], result.value) == (False, [901], 600)


def test_a_late_deal_moves_no_number_and_is_counted(locked):
    before = shown()
    won = deal(ANN, "2026-10-30", 70, id=950)
    pipeline.recompute(PORTAL, deal_cells(won), NOW)
    everything()
    assert shown() == before
    counted = {key: row.changed_after_lock for key, row in results().items()}
    assert counted == {
        (HEAD, "revenue"): 0, (HEAD, "meetings"): 0, (ANN, "revenue"): 1, (ANN, "meetings"): 0, (BOB, "revenue"): 0,
        (BOB, "meetings"): 0,
    }  # fmt: skip
    for type_, id in (
        (SubjectType.DEPARTMENT, SALES),
        (SubjectType.DEPARTMENT, COMPANY_UNIT),
        (SubjectType.COMPANY, 0),
    ):
        assert results(subject_type=type_)[id, "revenue"].changed_after_lock == 1
    (record,) = late.listed(PORTAL, "sales", OCTOBER.start, employee(ANN))
    assert (record.entity, record.id, record.indicators, record.at) == ("deal", 950, ("revenue",), NOW)
    assert late.listed(PORTAL, "sales", OCTOBER.start, employee(BOB)) == ()


def test_a_record_that_changes_twice_is_one_and_two_are_two(locked):
    for _ in range(2):
        move(a_deal(901), amount=10_000)
    move(a_deal(901), closed_by_id=BOB)
    move(a_deal(902), amount=1)
    assert results()[ANN, "revenue"].changed_after_lock == 1
    assert results()[BOB, "revenue"].changed_after_lock == 2
    assert late.how_many(PORTAL, "sales", OCTOBER.start, [COMPANY]) == 2
    listed = late.listed(PORTAL, "sales", OCTOBER.start, COMPANY, limit=1)
    assert [one.id for one in listed] == [901]
    assert [one.id for one in late.listed(PORTAL, "sales", OCTOBER.start, COMPANY, after=("deal", 901))] == [902]


def test_a_deal_that_leaves_a_locked_month_counts_in_the_open_one(locked):
    before = shown()
    move(a_deal(901), closed_at=world.at("2026-11-10"))
    assert shown() == before
    assert results(NOVEMBER)[ANN, "revenue"].value == 700
    assert (results()[ANN, "revenue"].changed_after_lock, results(NOVEMBER)[ANN, "revenue"].changed_after_lock) == (
        1,
        0,
    )


def test_an_entry_of_a_locked_month_is_counted(sold):
    world.scorecard(document(indicator("plan", metric="entries", options={"code": "plan"}), code="hand"))
    everything()
    locks.lock(PORTAL, OCTOBER, "hand", "user:1", NOW)
    draft = EntryDraft("k", "plan", "add", Decimal(5), world.at("2026-10-03"), employee_id=ANN)
    posted = ledger.post_entries(PORTAL, [draft], NOW)
    pipeline.recompute(PORTAL, posted.cells, NOW)
    row = results(scorecard="hand")[ANN, "plan"]
    assert (row.value, row.changed_after_lock) == (None, 1)
    assert results()[ANN, "revenue"].changed_after_lock == 0


@pytest.mark.parametrize("start", [None, "2026-09-01"])
def test_targets_of_other_periods_do_not_move_a_locked_one(locked, start):
    before = shown()
    target(5000, start)
    everything()
    assert shown() == before
    assert results(NOVEMBER)[ANN, "revenue"].target == (5000 if start is None else 1000)


def test_a_target_of_a_locked_period_is_refused_with_its_path(locked):
    with pytest.raises(Invalid) as refused:
        target(5000, "2026-10-01")
    assert [fault.path for fault in refused.value.errors] == ["[0].start"]
    locks.unlock(PORTAL, OCTOBER, "sales", "a mistake", "user:1", NOW)
    target(5000, "2026-10-01")


def test_other_weights_curves_and_names_do_not_move_a_locked_period(locked):
    before = shown()
    changed = document(
        indicator("revenue", weight=10, owner="closed_by", target=10, cap=500, name="Other"),
        indicator("conversion", metric="deal_conversion", weight=90, owner="closed_by", target=50),
        subjects={"employees": [BOB]},
        zones={"done": 50, "close": 10},
    )
    world.scorecard(changed)
    everything()
    assert shown() == before
    assert set(results(NOVEMBER)) == {(BOB, "revenue"), (BOB, "conversion")}
    meeting(ANN, "2026-10-07")
    cell = Cell("activity", "completed", "responsible", ANN, world.at("2026-10-07"), 77)
    pipeline.recompute(PORTAL, [cell], NOW)
    assert results()[ANN, "meetings"].changed_after_lock == 1, "nothing but the lock asks for meetings any more"


def test_a_version_cannot_begin_with_a_locked_period(locked):
    with pytest.raises(Invalid) as refused:
        world.scorecard(CARD | {"effective_from": "2026-10-01"})
    assert [fault.path for fault in refused.value.errors] == ["effective_from"]
    before = shown()
    world.scorecard(CARD | {"effective_from": "2026-09-01", "indicators": [indicator("revenue", target=1)]})
    everything()
    assert shown() == before
    assert results(SEPTEMBER)[ANN, "revenue"].target == 1


def test_an_archived_scorecard_still_shows_its_locked_period(locked):
    before = shown()
    scorecards.archive(PORTAL, "sales", "user:1", NOW)
    everything()
    assert shown() == before
    assert results(NOVEMBER) == {}
    move(a_deal(901), amount=1)
    assert results()[ANN, "revenue"].changed_after_lock == 1


def test_people_who_move_stay_where_they_were_in_a_locked_period(locked):
    before = shown()
    world.person(BOB, "Bob", SUPPORT, since=world.at("2026-10-02"))
    world.person(SUE, "Sue", SALES, since=world.at("2026-10-02"))
    everything()
    pipeline.recompute(PORTAL, deal_cells(deal(SUE, "2026-10-09", 5, id=960)), NOW)
    assert shown() == before
    assert {id for id, _code in results(NOVEMBER)} == {HEAD, ANN, SUE}
    listed = {Subject(SubjectType(row.subject_type), row.subject_id) for row in db.session.scalars(select(LateChange))}
    assert listed == {department(SALES), department(COMPANY_UNIT), COMPANY}, "who was not scored has no number"


def test_another_rate_moves_no_amount_of_a_locked_period(locked):
    before = shown()
    move(a_deal(901), amount=1, rate="0.1")
    assert shown() == before
    assert results()[ANN, "revenue"].changed_after_lock == 1


def test_another_base_currency_leaves_a_locked_period_in_its_own(locked):
    before = shown()
    db.session.get_one(Portal, PORTAL).base_currency = "USD"
    db.session.flush()
    assert shown() == before
    assert results()[ANN, "revenue"].currency == "RUB"
    assert results(NOVEMBER)[ANN, "revenue"].currency == "USD"


def test_of_two_scorecards_one_is_locked(sold):
    world.scorecard(CARD | {"code": "second"})
    everything()
    (lock,) = locks.lock(PORTAL, OCTOBER, "second", "user:1", NOW)
    assert (lock.scorecard, lock.kind, lock.start, lock.by) == ("second", Kind.MONTH, OCTOBER.start, "user:1")
    move(a_deal(901), amount=10_000)
    assert (results()[ANN, "revenue"].value, results(scorecard="second")[ANN, "revenue"].value) == (100, 600)
    assert not results()[ANN, "revenue"].locked
    locks.lock(PORTAL, OCTOBER, None, "user:2", NOW)
    move(a_deal(901), amount=20_000)
    assert results()[ANN, "revenue"].value == 100
    assert [one.by for one in locks.scorecards.locks(PORTAL).values()] == ["user:2", "user:1"]


def test_locking_twice_changes_nothing(locked):
    (again,) = locks.lock(PORTAL, OCTOBER, None, "user:2", NOW + timedelta(days=1))
    assert (again.by, again.at) == ("user:1", epoch(NOW))
    assert len(db.session.scalars(select(PeriodLock)).all()) == 1
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "period.lock")).all()) == 1


def test_a_period_that_was_never_computed_is_computed_when_it_is_locked(portal):
    world.scorecard(CARD)
    deal(ANN, "2026-10-05", 600)
    locks.lock(PORTAL, OCTOBER, "sales", "user:1", NOW)
    deal(ANN, "2026-10-06", 1)
    assert results()[ANN, "revenue"].value == 600


def test_what_is_locked_belongs_to_the_document_that_is_kept(sold):
    """A definition whose past has not been computed yet: numbers and weights of two documents must not be mixed."""
    world.scorecard(CARD | {"indicators": [indicator("revenue", owner="closed_by", target=100)]})
    locks.lock(PORTAL, OCTOBER, "sales", "user:1", NOW)
    assert {code for _id, code in results()} == {"revenue"}
    assert results()[ANN, "revenue"].target == 100


REFUSED = [
    (NOVEMBER, None, Conflict, None),
    (Period(Kind.MONTH, date(2026, 12, 1), date(2027, 1, 1)), None, Conflict, None),
    (Period(Kind.MONTH, date(2025, 12, 1), date(2026, 1, 1)), None, Conflict, None),
    (Period(Kind.WEEK, date(2026, 10, 5), date(2026, 10, 12)), None, Invalid, "period"),
    (Period(Kind.WEEK, date(2026, 10, 5), date(2026, 10, 12)), "sales", Invalid, "period"),
    (OCTOBER, "nothing", Invalid, "scorecard"),
]


@pytest.mark.parametrize(("period", "scorecard", "error", "path"), REFUSED)
def test_what_cannot_be_locked(sold, period, scorecard, error, path):
    with pytest.raises(error) as refused:
        locks.lock(PORTAL, period, scorecard, "user:1", NOW)
    assert [fault.path for fault in refused.value.errors] == ([path] if path else [])
    assert db.session.scalars(select(PeriodLock)).all() == []


def unread() -> None:
    db.session.get_one(SyncCursor, (PORTAL, "backfill")).complete = False
    db.session.get_one(SyncCursor, (PORTAL, "deals")).complete = False
    db.session.flush()


def test_nothing_is_locked_while_the_portal_is_being_read(sold):
    unread()
    with pytest.raises(Conflict):
        locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)


def test_unlocking_brings_the_live_numbers_and_keeps_the_locked_ones(locked):
    won = deal(ANN, "2026-10-30", 70, id=950, updated_by_id=HEAD)
    pipeline.recompute(PORTAL, deal_cells(won), NOW)
    locks.unlock(PORTAL, OCTOBER, "sales", " A refund was forgotten. ", "user:1", NOW)
    row = results()[ANN, "revenue"]
    assert (row.value, row.locked, row.changed_after_lock) == (670, False, 0)
    assert db.session.scalars(select(LateChange)).all() == []
    lock = db.session.scalars(select(PeriodLock)).one()
    assert (lock.reason, lock.unlocked_by, lock.unlocked_at) == ("A refund was forgotten.", "user:1", epoch(NOW))
    (kept,) = (one for one in lock.kept["results"] if (one["subject_id"], one["indicator"]) == (ANN, "revenue"))
    assert (kept["numerator"], kept["target"]) == (60_000, "1000")
    assert {one["exact"] for one in lock.kept["scores"] if one["subject_id"] == BOB} == {"30"}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "period.unlock")).one()
    assert entry.after["reason"] == "A refund was forgotten."
    (change,) = history.changes(PORTAL, "sales", "revenue", employee(ANN), OCTOBER.start)
    assert (change.before, change.after, change.cause, change.actor) == (600, 670, "unlock", "user:1")
    assert (change.records, change.count) == ((("deal", 950),), 1)
    live = snapshot()
    everything()
    assert snapshot() == live


def test_unlocking_needs_a_reason_and_a_lock(locked):
    with pytest.raises(Invalid) as refused:
        locks.unlock(PORTAL, OCTOBER, "sales", "  ", "user:1", NOW)
    assert [fault.path for fault in refused.value.errors] == ["reason"]
    with pytest.raises(Conflict):
        locks.unlock(PORTAL, SEPTEMBER, None, "why not", "user:1", NOW)
    assert results()[ANN, "revenue"].locked


def test_a_period_can_be_locked_again_as_it_is_then(locked):
    move(a_deal(901), amount=10_000)
    locks.unlock(PORTAL, OCTOBER, None, "one", "user:1", NOW)
    locks.lock(PORTAL, OCTOBER, None, "user:1", NOW)
    move(a_deal(901), amount=20_000)
    row = results()[ANN, "revenue"]
    assert (row.value, row.changed_after_lock) == (100, 1)


def test_a_quarter_is_not_frozen_by_its_months_and_says_how_it_differs(locked):
    assert results(QUARTER)[ANN, "revenue"].differs_from_locked == ()
    move(a_deal(901), amount=10_000)
    row = results(QUARTER)[ANN, "revenue"]
    assert (row.value, row.locked, row.differs_from_locked) == (200, False, (OCTOBER.start,))
    assert results(QUARTER)[BOB, "revenue"].differs_from_locked == ()
    assert results(QUARTER)[ANN, "meetings"].differs_from_locked == ()


def test_a_stranger_sees_no_lock(locked):
    assert locks.scorecards.locks(OTHER) == {}
    assert late.listed(OTHER, "sales", OCTOBER.start, COMPANY) == ()
    with pytest.raises(Invalid):
        locks.lock(OTHER, OCTOBER, "sales", "user:99", NOW)
    with pytest.raises(Invalid):
        locks.unlock(OTHER, OCTOBER, "sales", "mine", "user:99", NOW)


# --- by themselves


def due(day: str) -> list[str]:
    return [
        period.start.isoformat() for _code, period in locks.due(PORTAL, datetime.fromisoformat(f"{day}T09:00+03:00"))
    ]


def active_since(day: str) -> None:
    version = db.session.scalars(select(ScorecardVersion)).one()
    version.active_since = world.at(day)
    db.session.flush()


def test_a_period_locks_by_itself_five_working_days_after_its_end(sold):
    """1 November 2026 is a Sunday: the fifth working day is Friday the 6th, so Saturday finds it due."""
    active_since("2026-10-15")
    assert due("2026-11-06") == []
    assert due("2026-11-07") == ["2026-10-01"]


def test_holidays_and_days_moved_to_work_count(sold):
    active_since("2026-10-15")
    db.session.add(CalendarDay(portal_id=PORTAL, day="2026-11-04", working=False))
    db.session.flush()
    assert (due("2026-11-07"), due("2026-11-10")) == ([], ["2026-10-01"])
    db.session.add(CalendarDay(portal_id=PORTAL, day="2026-11-07", working=True))
    db.session.flush()
    assert due("2026-11-08") == ["2026-10-01"]


def test_history_before_the_scorecard_became_active_never_locks_by_itself(sold):
    active_since("2026-11-01 00:00")
    assert due("2026-12-31") == ["2026-11-01"]
    active_since("2026-10-31 23:59")
    assert due("2026-12-31") == ["2026-10-01", "2026-11-01"]


def test_a_scorecard_is_active_since_it_was_first_saved_so(portal):
    world.scorecard(CARD | {"status": "draft"})
    version = db.session.scalars(select(ScorecardVersion)).one()
    assert version.active_since is None
    world.scorecard(CARD)
    scorecards.save(PORTAL, parsing.parse(CARD), "user:1", NOW + timedelta(days=9))
    assert version.active_since == epoch(NOW)


@pytest.mark.parametrize(("days", "told"), [(0, []), (None, []), (1, ["2026-10-01"])])
def test_the_portal_says_after_how_many_days_or_never(sold, days, told):
    active_since("2026-10-15")
    portals.change_settings(PORTAL, {locks.SETTING: days}, "user:1", NOW)
    assert due("2026-11-03") == told


def test_what_somebody_unlocked_is_not_locked_again_by_itself(sold):
    active_since("2026-10-15")
    locks.lock(PORTAL, OCTOBER, None, "system", NOW)
    assert due("2026-11-20") == []
    locks.unlock(PORTAL, OCTOBER, None, "why", "user:1", NOW)
    assert due("2026-11-20") == []


def test_nothing_locks_by_itself_while_the_portal_is_being_read(sold):
    active_since("2026-10-15")
    unread()
    assert due("2026-11-20") == []


def test_shadow_and_archived_scorecards_do_not_lock_by_themselves(sold):
    active_since("2026-10-15")
    world.scorecard(CARD | {"status": "shadow"})
    assert due("2026-11-20") == []
    scorecards.archive(PORTAL, "sales", "user:1", NOW)
    assert due("2026-11-20") == []


def test_closed_periods_are_listed_locked_or_not(locked):
    move(a_deal(901), amount=10_000)
    listed = [(one.period, one.lock is not None, one.late) for one in locks.closed(PORTAL, NOW)]
    assert listed == [(SEPTEMBER, False, 0), (OCTOBER, True, 1)]
    assert locks.closed(PORTAL, NOW, Kind.WEEK) == locks.closed(OTHER, NOW) == []


def test_numbers_of_an_unlocked_neighbour_still_move(locked):
    settings = locks.Context(PORTAL, NOW).settings
    august = previous(SEPTEMBER, settings)
    pipeline.recompute(PORTAL, deal_cells(deal(ANN, "2026-08-16", 40)), NOW)
    assert results(august)[ANN, "revenue"].value == 40
    assert F(results(NOVEMBER)[ANN, "revenue"].value) == 100
    assert db.session.scalars(select(ResultChange)).all() == []
