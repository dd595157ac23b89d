"""Scores in whole numbers are those that the rules give, number by number."""

from datetime import date
from fractions import Fraction
from random import Random

import pytest

from b24app.metrics.amounts import EVERYWHERE
from b24app.periods.rules import Kind, Period
from b24app.portal.rules import employee
from b24app.scorecards import documents
from b24app.scorecards.queries import indicators
from b24app.scorecards.rules import Version
from b24app.scores import rules
from b24app.scores.rows import Finding, curves, score_values
from b24app.scores.storage import COMPARED
from b24app.scores.tables import Result, Score
from tests.scorecards.documents import document, indicator

NOVEMBER = Period(Kind.MONTH, date(2026, 11, 1), date(2026, 12, 1))
STEPS = [[0, 10], [50, 60], [100, 110]]
CARD = {
    "indicators": [
        indicator("revenue", weight=12.5, target=1000),
        indicator("won", metric="deals_won", weight=7.25, target=3, floor=40, cap=120),
        indicator("days", metric="average_days_to_close", weight=10, target=5, direction="down"),
        indicator("middle", metric="average_days_to_close", weight=10, target=5, options={"stat": "median"}),
        indicator("lost", metric="deals_lost", weight=10, target=2, direction="down", floor=10),
        indicator("share", metric="deal_conversion", weight=10, target=30, empty="zero"),
        indicator("spent", metric="entries", weight=10, target=7, options={"code": "spent"}, empty="zero"),
        indicator("stepped", metric="deals_created", weight=20, target=9, steps=STEPS),
        indicator("from", metric="deals_won", weight=10.25, target=9, baseline=4),
    ]
}


def a_version(missing: str) -> Version:
    parsed = documents.parse(document(**CARD, missing=missing))
    return Version(1, 1, date(2026, 11, 1), "system", 0, parsed, indicators(parsed, EVERYWHERE))


def findings(version: Version, random: Random, person: int) -> list[Finding]:
    found = []
    for one in version.indicators:
        divides = one.plan.denominator is not None
        target = random.choice([None, Fraction(0), Fraction(random.randrange(1, 99), random.randrange(1, 9))])
        found.append(
            Finding(
                version,
                NOVEMBER,
                one,
                employee(person),
                random.choice([None, 0, -5, random.randrange(10**6)]),
                random.choice([0, 1, random.randrange(1, 50), -3]) if divides else None,
                1,
                random.choice([None, None, None, "absent"]),
                target or Fraction(one.document.target),
            )
        )
    return found


def one_by_one(version: Version, those: list[Finding]) -> rules.ScoreValue:
    curve_of, parts = curves(version), []
    for one in those:
        reached = rules.attainment(one.value, one.target, curve_of[one.indicator.code])
        counted = reached.counted if reached else None
        weight = Fraction(one.indicator.document.weight)
        parts.append(rules.Part(weight, counted, one.target is not None, one.value is not None))
    return rules.score(parts, version.document.missing)


@pytest.mark.parametrize("missing", ["skip", "zero"])
def test_scores_are_those_of_the_rules(missing: str) -> None:
    version, random = a_version(missing), Random(7)
    everybody = {employee(id): findings(version, random, id) for id in range(1, 400)}
    by_indicator = [one for row in zip(*everybody.values(), strict=True) for one in row]
    expected = {subject: one_by_one(version, those) for subject, those in everybody.items()}
    assert score_values(version, by_indicator) == expected


def test_rows_are_compared_by_what_is_shown_of_them() -> None:
    names = {model: [column.name for column in model.__table__.c][part] for model, part in COMPARED.items()}
    assert names == {
        Result: ["numerator", "denominator", "value", "facts", "target", "reason"],
        Score: ["exact", "preliminary", "indicators_with_data"],
    }
