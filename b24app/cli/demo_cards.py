"""Gives the demo what an administrator would have set up: advertising spend with a marketing scorecard that it is for,
what a request for support is with a scorecard of those who answer them, and deals that two people sold together with a
scorecard that counts them so.

Scorecards and entries over the public API, like any program of the company's own.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import requests

from b24app.demo import tickets
from b24app.facts.requests import operations
from b24app.facts.requests.documents import MappingDocument
from b24app.jobs import requests as making
from b24app.jobs.sync import ask_watched
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Permanent
from b24app.lib.i18n import gettext as _
from b24app.portal import operations as portals
from b24app.scorecards import library

OFFICE = "West"
"""Whose people advertise for themselves: their leads and deals come from it, too."""

CODE = "west_marketing"
"""By its code it stands behind the sales scorecard, which is what people of both look at first."""

MARKETING = {"leads": 2, "cost_per_lead": 1200, "roi": 800}
"""Targets of a person in a month: the demo has few leads, and deals that came by themselves."""

MONTHS = 13
CHANNELS = (("ADVERTISING", 630), ("WEB", 270))
"""Sources of leads and deals, and what one person spends on them in a month."""

SUPPORT = {"first_response": 0.5, "requests": 1, "resolved": 90, "rating": 4}
"""Targets that suit eight people with some 2 300 tickets a year."""

TOGETHER = "west_together"
FEW_DEALS = 4
"""So many deals of a month are split."""
SHARES = (60, 40)

WAIT_S = 60
READ_WITHIN_S = 900
"""After so long nobody looks at the demo any more."""


def map_tickets(portal_id: int) -> None:
    """Say that tickets are requests for support, in the portal's language."""
    document = MappingDocument(
        code="tickets",
        name=_("Tickets"),
        entity=f"item_{tickets.TYPE}",
        responded=tickets.FIRST_RESPONSE.name,
        resolved=tickets.RESOLVED.name,
        rating=tickets.RATING.name,
        rated=tickets.CONFIRMED.name,
    )
    with write():
        portals.lock(portal_id)
        operations.save(portal_id, document, "system", clock.now())
    making.ask(portal_id)
    ask_watched(portal_id)


def prepare(app: str, token: str, today: date) -> None:
    """Waits until the app knows the people."""
    api = _Api(f"{app}/api/v1", {"Authorization": f"Bearer {token}"})
    office, people = _office(api)
    bought = {"source_id": [source for source, _usual in CHANNELS]}
    months = list(_months(today))
    api.send("POST", "/entries", list(_spending(people, months, today)))
    _give(api, CODE, "marketing", MARKETING, office, months, {"roi": bought})
    _give(api, "support", "support", SUPPORT, _support(api), months)
    api.send("PUT", f"/scorecards/{TOGETHER}", _together(office, months[-2]))


def split_deals(app: str, token: str, today: date) -> None:
    """Once the deals are read: some of them were sold by two people together."""
    api = _Api(f"{app}/api/v1", {"Authorization": f"Bearer {token}"})
    office, people = _office(api)
    deadline = time.monotonic() + READ_WITHIN_S
    while not api.get("/portal")["sync"]["complete"]:
        if time.monotonic() > deadline:
            return
        time.sleep(1)
    for _place, month in zip(range(2), _months(today), strict=False):
        whose = f"subject=department&subject_id={office}&period=month&start={month.isoformat()}"
        deals = api.ask(f"/explain?scorecard={TOGETHER}&indicator=revenue&{whose}")
        for deal in [one for one in deals if one["employee_id"] in people][:FEW_DEALS]:
            other = people[(people.index(deal["employee_id"]) + 1) % len(people)]
            pairs = zip((deal["employee_id"], other), SHARES, strict=True)
            body = {"shares": [{"employee_id": id, "percent": percent} for id, percent in pairs]}
            api.send("PUT", f"/credits/deal/{deal['id']}", body)


def _together(department: int, since: date) -> dict[str, Any]:
    """What people sold, with split deals in parts."""
    indicators = (
        ("revenue", {"ru": "Выручка с учётом долей", "en": "Revenue by shares"}, "deals_won_amount", 10_000, 50),
        ("won", {"ru": "Сделки с учётом долей", "en": "Deals won by shares"}, "deals_won", 5, 50),
    )
    return {
        "code": TOGETHER,
        "name": {"ru": "Совместные продажи", "en": "Selling together"},
        "period": "month",
        "effective_from": since.isoformat(),
        "subjects": {"departments": [department]},
        "indicators": [
            {"code": code, "name": name, "metric": metric, "owner": "shared", "target": target, "weight": weight}
            for code, name, metric, target, weight in indicators
        ],
    }


def _give(
    api: "_Api",
    code: str,
    template: str,
    targets: Mapping[str, float],
    department: int,
    months: list[date],
    where: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """A ready scorecard with targets and conditions of the demo's own, for one department."""
    document = library.template(template)
    for indicator in document["indicators"]:
        name = indicator["code"]
        indicator["target"] = targets.get(name, indicator["target"])
        indicator["where"] = where.get(name, {})
    whose = {"subjects": {"departments": [department]}, "effective_from": months[-2].isoformat()}
    api.send("PUT", f"/scorecards/{code}", {**document, **whose, "code": code})


class _Api:
    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._address, self._headers = address, headers

    def ask(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(path)["items"]
        return found

    def get(self, path: str) -> Any:
        answer = requests.get(self._address + path, headers=self._headers, timeout=WAIT_S)
        answer.raise_for_status()
        return answer.json()

    def send(self, method: str, path: str, body: Any) -> None:
        answer = requests.request(method, self._address + path, json=body, headers=self._headers, timeout=WAIT_S)
        answer.raise_for_status()


def _office(api: _Api) -> tuple[int, list[int]]:
    """The department, and the people of all below it who sell themselves: heads do not."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        units = api.ask("/departments?limit=1000")
        office = next((one["id"] for one in units if one["name"] == OFFICE), None)
        if office is not None:
            below = {office, *(one["id"] for one in units if one["parent_id"] == office)}
            heads = {one["head_id"] for one in units}
            employees = (one for one in api.ask("/employees?limit=1000") if one["id"] not in heads)
            return office, [one["id"] for one in employees if below & set(one["department_ids"])]
        time.sleep(0.5)
    raise Permanent("The app did not read the people of the portal; see the messages above.")


def _support(api: _Api) -> int:
    """The department of those who answer tickets."""
    people = api.ask("/employees?limit=1000")
    someone = tickets.agents()[0]
    return int(next(one["department_ids"][0] for one in people if one["name"] == someone))


def _months(today: date) -> Iterator[date]:
    """The first days of the last months, the latest first."""
    first = today.replace(day=1)
    for _month in range(MONTHS):
        yield first
        first = (first - timedelta(days=1)).replace(day=1)


def _spending(people: list[int], months: list[date], today: date) -> Iterator[dict[str, Any]]:
    """Rises and falls with the month and the person, and is the same in every demo."""
    for month in months:
        for person in people:
            for source, usual in CHANNELS:
                yield {
                    "code": "ad_spend",
                    "value": usual + (person * 37 + month.month * 23) % 180,
                    "occurred_at": f"{min(month + timedelta(days=2), today).isoformat()}T12:00:00+03:00",
                    "employee_id": person,
                    "source_id": source,
                    "key": f"demo-{source}-{person}-{month:%Y-%m}",
                }
