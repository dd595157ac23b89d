"""Money is hidden from whom it is to be hidden: nowhere an amount, only percents."""

import re
from collections.abc import Iterator

import pytest

from b24app.lib.db import write
from b24app.portal.access.tables import Role
from tests.databases import Databases
from tests.scores.world import ANN, BOB, HEAD, PORTAL
from tests.security.world import Site, site

AMOUNTS = re.compile(r"\b[1247][,  ]?000\b|\b500[,  ]?000\b|₽|RUB")
"""The deals of the world are of 1 000, 2 000 and 4 000, all of them 7 000, the target 500 000."""

NUMBER = "scorecard=sales&indicator=revenue&subject=employee&period=month&start=2026-11-01"
PAGES = (
    f"/ui/my?subject=employee&subject_id={ANN}", "/ui/team", "/ui/company", "/ui/company?indicator=revenue",
    f"/ui/why?{NUMBER}&subject_id={ANN}", f"/ui/why?{NUMBER}&subject_id={ANN}&tab=not-counted",
    f"/ui/why?{NUMBER}&subject_id={ANN}&tab=changes", f"/ui/deal/{700 + ANN}", "/ui/scorecards", "/ui/scorecards/sales",
)  # fmt: skip
CALLS = (
    "results?subject=employee", "results?subject=company", "results?period=custom&start=2026-11-01&end=2026-11-16",
    f"explain?{NUMBER}&subject_id={ANN}", f"not-counted?{NUMBER}&subject_id={ANN}",
    f"changes?{NUMBER}&subject_id={ANN}",
    "scorecards", "scorecards/sales", "scorecards/sales?versions=1", "targets",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    """The head sees the company without its money, Bob with it."""
    with site(databases, database_kind, redis_url) as found:
        with write() as session:
            for id, sees_money in ((HEAD, False), (BOB, True)):
                role = {"reach": "all", "sees_money": sees_money}
                session.add(Role(portal_id=PORTAL, holder_type="employee", holder_id=id, **role))
        yield found


def shown(here: Site, page: str, user_id: int) -> str:
    answer = here.ask("GET", page, here.session(user_id), headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return re.sub(r"\?v=\w+|period=\w+&amp;start=[\d-]+", "", answer.text)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_an_amount_to_whom_money_is_hidden(here: Site, page: str) -> None:
    assert not AMOUNTS.findall(shown(here, page, HEAD))


def test_the_amounts_are_there_to_be_hidden(here: Site) -> None:
    visible = {page for page in PAGES if AMOUNTS.search(shown(here, page, BOB))}
    assert {page.split("?")[0] for page in visible} >= {
        "/ui/my",
        "/ui/team",
        "/ui/company",
        "/ui/why",
        "/ui/scorecards/sales",
    }


@pytest.mark.parametrize("call", CALLS)
def test_no_call_shows_an_amount_to_a_token_without_money(here: Site, call: str) -> None:
    answer = here.ask("GET", f"/api/v1/{call}", here.keys["first_read"])
    assert answer.status_code == 200, answer.text
    assert not re.search(r"\b[1247]000\b|\b500000\b", answer.text)


def test_a_token_with_money_is_shown_them(here: Site) -> None:
    text = "".join(here.ask("GET", f"/api/v1/{call}", here.keys["first"]).text for call in CALLS)
    assert all(amount in text for amount in ("1000", "2000", "4000", "7000", "500000"))
