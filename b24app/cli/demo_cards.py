"""Gives the demo what an administrator would have set up: advertising spend, and a marketing scorecard that it is for.

Over the public API, like any program of the company's own.
"""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import requests

from b24app.lib.errors import Permanent
from b24app.scorecards import library

OFFICE = "West"
"""Whose people advertise for themselves: their leads and deals come from it, too."""

CODE = "west_marketing"
"""By its code it stands behind the sales scorecard, which is what people of both look at first."""

LEADS = 3
"""Of a person in a month: the demo has few of them."""

MONTHS = 13
CHANNELS = (("ADVERTISING", 210), ("WEB", 90))
"""Sources of leads and deals, and what one person spends on them in a month."""

WAIT_S = 60


def prepare(app: str, token: str, today: date) -> None:
    """Waits until the app knows the people."""
    api = _Api(f"{app}/api/v1", {"Authorization": f"Bearer {token}"})
    office, people = _office(api)
    months = list(_months(today))
    api.send("POST", "/entries", list(_spending(people, months, today)))
    document = library.template("marketing")
    document["indicators"][0]["target"] = LEADS
    whose = {"subjects": {"departments": [office]}, "effective_from": months[-2].isoformat()}
    api.send("PUT", f"/scorecards/{CODE}", {**document, **whose, "code": CODE})


class _Api:
    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._address, self._headers = address, headers

    def ask(self, path: str) -> list[dict[str, Any]]:
        answer = requests.get(self._address + path, headers=self._headers, timeout=WAIT_S)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def send(self, method: str, path: str, body: Any) -> None:
        answer = requests.request(method, self._address + path, json=body, headers=self._headers, timeout=WAIT_S)
        answer.raise_for_status()


def _office(api: _Api) -> tuple[int, list[int]]:
    """The department, and the people of all below it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        units = api.ask("/departments?limit=1000")
        office = next((one["id"] for one in units if one["name"] == OFFICE), None)
        if office is not None:
            below = {office, *(one["id"] for one in units if one["parent_id"] == office)}
            employees = api.ask("/employees?limit=1000")
            return office, [one["id"] for one in employees if below & set(one["department_ids"])]
        time.sleep(0.5)
    raise Permanent("The app did not read the people of the portal; see the messages above.")


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
                    "value": usual + (person * 37 + month.month * 23) % 60,
                    "occurred_at": f"{min(month + timedelta(days=2), today).isoformat()}T12:00:00+03:00",
                    "employee_id": person,
                    "source_id": source,
                    "key": f"demo-{source}-{person}-{month:%Y-%m}",
                }
