"""The recipe of the guide for margin, as people copy it: it is a scorecard that counts."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from b24app.facts import watching
from b24app.facts.tables import FieldValue
from b24app.lib.clock import epoch
from b24app.lib.db import db, write
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import SubjectType
from b24app.scores.queries import results
from tests.scorecards.documents import document
from tests.scores import world
from tests.scores.test_operations import everything
from tests.scores.world import ANN, NOW, PORTAL, SALES, deal, entry

DOCS = Path(__file__).parents[2] / "docs"
COST = "ufCrmCost"
NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))


def recipe(language: str) -> dict[str, Any]:
    found = re.search(r"```json\n(.*?)```", (DOCS / f"guide.{language}.md").read_text("utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        ("field", 500 - 120),
        ("entries", 500 - 70),
    ],
)
def test_margin_is_what_was_won_less_what_it_cost(app: Flask, cost: str, expected: int) -> None:
    margin = recipe("ru") | {"target": 1000, "weight": 100}
    assert recipe("en")["operands"] == margin["operands"]
    if cost == "entries":
        margin["operands"]["cost"] = {"metric": "entries", "options": {"code": "cost"}}
    with write():
        world.settle()
        world.scorecard(document(margin, subjects={"departments": [SALES]}))
        watching.complete_since(PORTAL, epoch(NOW) + 1)
        rows = [
            (deal(ANN, "2026-11-05", 500), 120),
            (deal(ANN, "2026-11-06", 900, won=False), 800),
            (deal(ANN, "2026-10-05", 900), 10),
        ]
        db.session.add_all(
            FieldValue(portal_id=PORTAL, entity="deal", record_id=one.id, field=COST, place=0, num=paid * 1_000_000)
            for one, paid in rows
        )
        entry("cost", 70, "2026-11-07", ANN)
        everything()
    (found,) = results(PORTAL, NOVEMBER, SubjectType.EMPLOYEE, "sales", subject_ids=[ANN], now=NOW)
    assert found.value == expected
