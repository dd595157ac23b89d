"""Money is hidden from whom it is to be hidden: nowhere an amount, only percents."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from b24app import pipeline
from b24app.facts.tables import FieldValue, Term
from b24app.lib.db import write
from b24app.portal import operations as portals
from b24app.portal.access.tables import Role
from tests.databases import Databases
from tests.scores import world
from tests.scores.world import ANN, BOB, HEAD, NOW, PORTAL
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


FREIGHT = "ufCrm_freight"
COSTS = {
    "code": "spending", "name": "Spending", "period": "month", "effective_from": "2026-10-01",
    "subjects": {"departments": [world.SALES]},
    "indicators": [
        {"code": "spend", "name": "Spend", "metric": "entries", "options": {"code": "ad_spend"}, "target": 91_111,
         "weight": 40},
        {"code": "freight", "name": "Freight", "metric": "item_metric", "target": 81_111, "weight": 40,
         "options": {"entity_type_id": 2, "aggregate": "sum", "field": FREIGHT, "date_field": "closed_at"}},
        {"code": "cost", "name": "Cost", "metric": "formula", "formula": "ad_spend / deals_won", "weight": 20},
    ],
}  # fmt: skip
DECLARED = re.compile(r"9[0-3][, \u00a0\u202f]?[0-3]{3}\b|8[17][, \u00a0\u202f]?[17]{3}\b")
CODES = ("spend", "freight", "cost")


def of(code: str) -> str:
    return f"scorecard=spending&indicator={code}&subject=employee&period=month&start=2026-11-01&subject_id={ANN}"


DECLARED_PAGES = (
    f"/ui/my?subject=employee&subject_id={ANN}&scorecard=spending", "/ui/team?scorecard=spending",
    f"/ui/deal/{700 + ANN}",
    *(f"/ui/company?scorecard=spending&indicator={code}" for code in CODES),
    *(f"/ui/why?{of(code)}" for code in CODES), f"/ui/why?{of('spend')}&tab=changes",
    "/ui/scorecards/spending", "/ui/data",
)  # fmt: skip
DECLARED_CALLS = (
    "results?subject=employee&scorecard=spending", "results?subject=company&scorecard=spending", "scorecards/spending",
    *(f"explain?{of(code)}" for code in CODES), f"changes?{of('spend')}", "entries",
)  # fmt: skip


@pytest.fixture(scope="module")
def here(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    """The head sees the company without its money, Bob with it."""
    with site(databases, database_kind, redis_url) as found:
        with write() as session:
            for id, sees_money in ((HEAD, False), (BOB, True)):
                role = {"reach": "all", "sees_money": sees_money}
                session.add(Role(portal_id=PORTAL, holder_type="employee", holder_id=id, **role))
            declare()
        yield found


def declare() -> None:
    """Ann has spent 93 333 on advertising, of 91 111, and 87 777 on the freight of a deal, of 81 111."""
    world.entry("ad_spend", 1_333, "2026-11-10", ANN)
    world.db.session.add(Term(portal_id=PORTAL, kind="field", id=FREIGHT, name="Freight", extra={"type": "money"}))
    field = {"portal_id": PORTAL, "entity": "deal", "record_id": 700 + ANN, "field": FREIGHT, "place": 0}
    world.db.session.add(FieldValue(**field, num=87_777 * 10**6, text="87777"))
    world.db.session.flush()
    world.scorecard(COSTS)
    pipeline.recompute_open(PORTAL, NOW)
    world.entry("ad_spend", 92_000, "2026-11-11", ANN)
    pipeline.recompute_open(PORTAL, NOW)


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


def read(here: Site, call: str, key: str) -> str:
    answer = here.ask("GET", f"/api/v1/{call}", here.keys[key])
    assert answer.status_code == 200, answer.text
    return answer.text


def test_amounts_of_declared_codes_and_fields_are_hidden_wherever_others_see_them(here: Site) -> None:
    hidden = {page: DECLARED.findall(shown(here, page, HEAD)) for page in DECLARED_PAGES}
    assert not {page: found for page, found in hidden.items() if found}
    hidden = {call: DECLARED.findall(read(here, call, "first_read")) for call in DECLARED_CALLS}
    assert not {call: found for call, found in hidden.items() if found}

    assert [page for page in DECLARED_PAGES if not DECLARED.search(shown(here, page, BOB))] == []
    assert [call for call in DECLARED_CALLS if not DECLARED.search(read(here, call, "first"))] == []


def test_attainment_is_shown_where_the_amounts_are_hidden(here: Site) -> None:
    assert "102.4%" in shown(here, DECLARED_PAGES[0], HEAD)
    assert '"attainment":102.438783' in read(here, DECLARED_CALLS[0], "first_read")


def test_what_an_administrator_says_of_a_code_holds_at_once(here: Site) -> None:
    page, call = DECLARED_PAGES[0], f"explain?{of('spend')}"
    with saying(ad_spend={"money": False}):
        assert DECLARED.search(shown(here, page, HEAD))
        assert DECLARED.search(read(here, call, "first_read"))
    with saying(ad_spend={"money": True}):
        assert not DECLARED.search(shown(here, page, HEAD))
        assert not DECLARED.search(read(here, call, "first_read"))


@contextmanager
def saying(**codes: dict[str, bool]) -> Iterator[None]:
    """Meanwhile the settings of the portal say this of its codes."""

    def say(entry_codes: dict[str, dict[str, bool]]) -> None:
        with write():
            portal = portals.lock(PORTAL)
            portal.settings = {**portal.settings, "entry_codes": entry_codes}

    say(codes)
    yield
    say({})
