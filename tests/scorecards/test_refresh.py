"""When indicators that are not live are computed: on the portal's clock, once, also where the clock jumps."""

import pytest

from b24app.periods.rules import Settings
from b24app.scorecards import documents
from b24app.scorecards.refresh import fault, is_due
from tests.scorecards.documents import document, indicator
from tests.scores.world import at

MOSCOW, SUNDAYS = Settings("Europe/Moscow"), Settings("Europe/Moscow", week_start=6)
NEW_YORK = Settings("America/New_York")
HOUR = 3600


@pytest.mark.parametrize(
    ("refresh", "since", "now", "due"),
    [
        ("live", "2026-11-01 00:00", "2026-12-01 00:00", False),
        ("manual", "2026-11-01 00:00", "2026-12-01 00:00", False),
        ("hourly", "2026-11-16 12:00", "2026-11-16 12:59", False),
        ("hourly", "2026-11-16 12:59", "2026-11-16 13:00", True),
        ("daily", "2026-11-16 00:00", "2026-11-16 23:59", False),
        ("daily", "2026-11-16 23:59", "2026-11-17 00:00", True),
        ("weekly", "2026-11-16 00:00", "2026-11-22 23:59", False),
        ("weekly", "2026-11-22 23:59", "2026-11-23 00:00", True),
        ("cron: 0 9 * * 1-5", "2026-11-16 09:00", "2026-11-17 08:59", False),
        ("cron: 0 9 * * 1-5", "2026-11-16 09:00", "2026-11-17 09:00", True),
        ("cron: 0 9 * * 1-5", "2026-11-13 09:00", "2026-11-16 08:59", False),
        ("cron:*/5 * * * *", "2026-11-16 09:04", "2026-11-16 09:05", True),
        ("cron: 30 23 28 2 *", "2026-03-01 00:00", "2027-02-28 23:29", False),
    ],
)
def test_what_is_due(refresh, since, now, due):
    assert is_due(refresh, at(since), at(now), MOSCOW) is due


def test_a_week_begins_when_the_portals_does():
    sunday = at("2026-11-22 00:00")
    assert not is_due("weekly", sunday - 1, sunday, MOSCOW)
    assert is_due("weekly", sunday - 1, sunday, SUNDAYS)


@pytest.mark.parametrize(
    ("line", "night", "times"),
    [
        # New York, 8 March 2026: 2:00 to 3:00 is skipped; 1 November: 1:00 to 2:00 comes twice
        ("cron: 30 2 * * *", 1772946000, 1),
        ("cron: 30 1 * * *", 1793505600, 1),
        ("cron: */10 1 * * *", 1793505600, 6),
        ("cron: 0 12 * * *", 1793505600, 0),
    ],
)
def test_the_night_the_clock_jumps_has_each_time_once(line, night, times):
    """Looked at every minute of eight hours, as the scheduler does."""
    minutes = range(night, night + 8 * HOUR, 60)
    assert sum(is_due(line, minute - 60, minute, NEW_YORK) for minute in minutes) == times


@pytest.mark.parametrize(
    "refresh",
    ["cron: 61 * * * *", "cron: * * * *", "cron: R R * * *", "cron: H 1 * * *", "cron: a b c d e", "cron: 0 0 31 2 *",
     "cron: * * * * * *", "often", ""],
)  # fmt: skip
def test_what_says_no_time_is_refused_with_a_sentence(refresh):
    assert fault(refresh).endswith(".")


@pytest.mark.parametrize(
    "refresh", ["cron: 0 9 * * MON-FRI", "cron:0 9 L * *", "cron: 0 0 29 2 *", "cron: 0 9 * MAR,THU *"]
)
def test_names_and_rare_days_are_understood(refresh):
    assert (fault(refresh) is None) is ("THU" not in refresh)


def test_a_stored_document_is_read_whatever_the_next_release_thinks_of_it():
    stored = documents.parse(document(indicator())).stored()
    stored["indicators"][0]["refresh"] = "cron: 61 * * * *"
    assert documents.load(stored).indicators[0].refresh == "cron: 61 * * * *"
    assert not is_due("cron: 61 * * * *", 0, at("2026-11-16"), MOSCOW)
