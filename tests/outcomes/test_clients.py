"""The client tab: new or repeat, whose, and only what the viewer may see of it."""

import pytest

from b24app.lib.db import db
from b24app.outcomes.dashboards.clients import client
from b24app.scores.context import Context
from tests.scores.world import ADMIN_SEES, ANN, ANN_SEES, BOB, HEAD_SEES, NOW, STRANGER_SEES, SUE, deal

ACME = 5


@pytest.fixture(autouse=True)
def deals(portal):
    """Ann won Acme, Sue sold to it again, Bob has an open deal with it; and there is another client."""
    deal(ANN, "2026-10-05", 100, client="C5", win_no=1, contact_id=7)
    deal(SUE, "2026-11-03", 300, client="C5", win_no=2)
    deal(BOB, None, 500, client="C5")
    deal(ANN, "2026-11-04", 900, client="C6", win_no=1)
    db.session.flush()


def test_a_client_that_has_bought_is_a_repeat_one():
    tab = client(ADMIN_SEES, "company", ACME, Context(ADMIN_SEES.portal_id, NOW))
    assert tab.wins == 2
    assert {(one.owner_name, one.state, one.win_no) for one in tab.deals} == {
        ("Ann", "won", 1), ("Sue", "won", 2), ("Bob", "open", None),
    }  # fmt: skip
    assert [one.amount.value for one in tab.deals if one.owner_name == "Sue"] == [300]


@pytest.mark.parametrize(
    ("viewer", "names", "hidden"),
    [(ADMIN_SEES, {"Ann", "Bob", "Sue"}, 0), (HEAD_SEES, {"Ann", "Bob"}, 1), (ANN_SEES, {"Ann"}, 2)],
    ids=["admin", "head", "employee"],
)
def test_deals_of_others_are_only_counted(viewer, names, hidden):
    tab = client(viewer, "company", ACME, Context(viewer.portal_id, NOW))
    assert {one.owner_name for one in tab.deals} == names
    assert (tab.total, tab.hidden) == (len(names), hidden)


def test_another_portal_knows_nothing_of_the_client():
    tab = client(STRANGER_SEES, "company", ACME, Context(STRANGER_SEES.portal_id, NOW))
    assert (tab.wins, tab.deals, tab.hidden) == (0, (), 0)


def test_a_contact_is_as_old_a_client_as_its_company():
    tab = client(ADMIN_SEES, "contact", 7, Context(ADMIN_SEES.portal_id, NOW))
    assert [one.owner_name for one in tab.deals] == ["Ann"]
    assert tab.wins == 2


def test_somebody_who_bought_nothing_is_new():
    tab = client(ADMIN_SEES, "company", 404, Context(ADMIN_SEES.portal_id, NOW))
    assert (tab.wins, tab.deals, tab.hidden) == (0, (), 0)
