"""The published sales data (data/README.md) as plain records, with its dates moved close to today.

Every date moves by the same whole number of weeks, the largest that leaves all of them before today, so weekdays stay.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

_FOLDER = Path(__file__).parent / "data"
_SPELLING = {"GTXPro": "GTX Pro"}
_JITTER_DAYS = 180


@dataclass(frozen=True, slots=True)
class Agent:
    name: str
    manager: str
    office: str


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    sector: str
    revenue: float  # million USD
    employees: int
    country: str


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    series: str
    price: int


@dataclass(frozen=True, slots=True)
class Opportunity:
    code: str
    agent: str
    product: str
    account: str  # "" when the pipeline names none
    stage: str  # Prospecting, Engaging, Won, Lost
    engaged: date
    closed: date | None
    value: int | None


def agents() -> tuple[Agent, ...]:
    return tuple(Agent(row["sales_agent"], row["manager"], row["regional_office"]) for row in _rows("sales_teams"))


def accounts() -> tuple[Account, ...]:
    return tuple(
        Account(row["account"], row["sector"], float(row["revenue"]), int(row["employees"]), row["office_location"])
        for row in _rows("accounts")
    )


def products() -> tuple[Product, ...]:
    return tuple(Product(row["product"], row["series"], int(row["sales_price"])) for row in _rows("products"))


def idle_agents() -> tuple[str, ...]:
    """Those of the sales teams who have no deal in the whole pipeline."""
    busy = {deal.agent for deal in _pipeline()}
    return tuple(agent.name for agent in agents() if agent.name not in busy)


def opportunities(today: date, count: int | None = None, seed: int = 0) -> tuple[Opportunity, ...]:
    """The pipeline, oldest first; beyond its 8 800 rows it repeats with dates moved back by a random number of days."""
    real = _moved(today)
    if count is None:
        return tuple(sorted(real, key=lambda deal: deal.engaged))
    chosen = list(real[:count])
    random = Random(seed)
    while len(chosen) < count:
        copy, back = len(chosen) // len(real), timedelta(days=random.randrange(_JITTER_DAYS))
        deal = real[len(chosen) % len(real)]
        chosen.append(
            replace(
                deal,
                code=f"{deal.code}-{copy}",
                engaged=deal.engaged - back,
                closed=deal.closed - back if deal.closed else None,
            )
        )
    return tuple(sorted(chosen, key=lambda deal: deal.engaged))


@cache
def _moved(today: date) -> tuple[Opportunity, ...]:
    pipeline = _pipeline()
    latest = max(deal.closed or deal.engaged for deal in pipeline)
    shift = timedelta(weeks=((today - latest).days - 1) // 7)
    return tuple(
        replace(deal, engaged=deal.engaged + shift, closed=deal.closed + shift if deal.closed else None)
        for deal in pipeline
    )


@cache
def _pipeline() -> tuple[Opportunity, ...]:
    rows = tuple(_rows("sales_pipeline"))
    last_engaged = max(date.fromisoformat(row["engage_date"]) for row in rows if row["engage_date"])
    return tuple(
        Opportunity(
            code=row["opportunity_id"],
            agent=row["sales_agent"],
            product=_SPELLING.get(row["product"], row["product"]),
            account=row["account"],
            stage=row["deal_stage"],
            engaged=date.fromisoformat(row["engage_date"]) if row["engage_date"] else last_engaged,
            closed=date.fromisoformat(row["close_date"]) if row["close_date"] else None,
            value=int(row["close_value"]) if row["close_value"] else None,
        )
        for row in rows
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="ascii", newline="") as file:
        yield from csv.DictReader(file)
