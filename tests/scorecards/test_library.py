"""The ready scorecards: those of the article with exactly its numbers, and what all of them owe."""

from decimal import Decimal

import pytest

from b24app.lib.i18n import LANGUAGES
from b24app.scorecards import library

ARTICLE = {
    "sales": [
        ("deals_won_amount", 500_000, 40), ("new_clients", 10, 25), ("deal_conversion", 15, 20), ("meetings", 30, 15),
    ],
    "marketing": [
        ("leads_created", 200, 35), ("cost_per_lead", 500, 30), ("lead_conversion", 20, 25), ("ad_roi", 300, 10),
    ],
    "support": [
        ("first_response_hours", 2, 30), ("requests", 50, 25), ("requests_resolved_share", 95, 30),
        ("customer_rating", "4.5", 15),
    ],
}  # fmt: skip
TEMPLATES = {one.code: one for one in library.templates()}


@pytest.mark.parametrize("code", ARTICLE)
def test_the_article_s_numbers_are_exact(code: str) -> None:
    found = [(one.metric, one.target, one.weight) for one in TEMPLATES[code].indicators]
    assert found == [(metric, Decimal(target), weight) for metric, target, weight in ARTICLE[code]]


def test_requests_are_expected_per_working_day_and_less_is_better_where_it_is() -> None:
    (per_day,) = (one for one in TEMPLATES["support"].indicators if one.target_per == "working_day")
    assert per_day.metric == "requests"
    down = {one.metric for template in TEMPLATES.values() for one in template.indicators if one.direction == "down"}
    assert down == {"first_response_hours", "cost_per_lead"}


@pytest.mark.parametrize("code", TEMPLATES)
def test_every_template_speaks_every_language_and_its_weights_add_up(code: str) -> None:
    one = TEMPLATES[code]
    names = [one.name, one.about, *(indicator.name for indicator in one.indicators)]
    assert all(set(name) == set(LANGUAGES) for name in names)
    assert sum(indicator.weight for indicator in one.indicators) == 100


def test_those_of_the_article_come_first() -> None:
    assert list(TEMPLATES)[:3] == ["sales", "marketing", "support"]
