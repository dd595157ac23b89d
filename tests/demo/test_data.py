"""The published figures of the data set hold in the portal, wherever today is."""

from collections import Counter
from datetime import date, time, timedelta

import pytest

from b24app.demo import dataset, tickets
from b24app.demo.settings import DemoSettings
from b24app.demo.state import Portal


@pytest.fixture(scope="module")
def whole() -> Portal:
    return Portal(DemoSettings(today=date(2026, 11, 23), event_workers=0, language="en"))


def test_known_truth_over_all_time(whole):
    outcomes = Counter(row["stageSemanticId"] for row in whole.deals.rows.values())
    won = [row for row in whole.deals.rows.values() if row["stageSemanticId"] == "S"]
    days = [(row["movedTime"] - row["createdTime"]).days for row in won]

    assert len(whole.deals.ids) == 8800
    assert (outcomes["S"], outcomes["F"]) == (4238, 2473)
    assert sum(row["opportunity"] for row in won) == 10_005_534
    assert len({row["companyId"] for row in won}) == 85
    assert round(sum(days) / len(days), 2) == 51.78


def test_best_agent_and_best_office(whole):
    amounts, counts = Counter(), Counter()
    for row in whole.deals.rows.values():
        if row["stageSemanticId"] == "S":
            amounts[row["assignedById"]] += row["opportunity"]
            counts[row["assignedById"]] += 1
    best = amounts.most_common(1)[0][0]
    west = {one.id for one in whole.staff.departments.values() if one.name == "West"}
    teams = {one.id for one in whole.staff.departments.values() if one.parent in west}
    people = {user.id for user in whole.staff.users.values() if teams & set(user.departments)}

    assert (counts[best], amounts[best]) == (349, 1_153_214)
    assert sum(amounts[id] for id in people) == 3_568_647


def test_closings_and_creations_carry_local_noon_and_their_history(whole):
    won = next(row for row in whole.deals.rows.values() if row["stageSemanticId"] == "S")
    steps = [whole.history.rows[id] for id in whole.history.matching("OWNER_ID", won["id"])]

    assert won["createdTime"].timetz() == time(12, tzinfo=whole.zone)
    assert [(step["TYPE_ID"], step["CREATED_TIME"]) for step in steps] == [
        (1, won["createdTime"]),
        (3, won["movedTime"]),
    ]


def test_five_agents_have_no_deals(whole):
    owners = {row["assignedById"] for row in whole.deals.rows.values()}
    agents = {whole.staff.by_name(agent.name).id for agent in dataset.agents()}

    assert len(agents - owners) == 5


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2026, 11, 24), date(2027, 3, 1)])
def test_dates_move_by_the_largest_whole_number_of_weeks_before_today(today):
    latest = max(deal.closed for deal in dataset.opportunities(today) if deal.closed)

    assert today - timedelta(days=7) <= latest < today
    assert latest.weekday() == date(2017, 12, 31).weekday()


def test_fewer_deals_are_the_first_ones_and_more_repeat_with_other_dates():
    today = date(2026, 11, 23)
    many = dataset.opportunities(today, 9000, seed=1)

    assert len(dataset.opportunities(today, 10)) == 10
    assert len({deal.code for deal in many}) == 9000
    assert max(deal.closed for deal in many if deal.closed) < today
    assert many == dataset.opportunities(today, 9000, seed=1)


def test_activities_are_plausible_and_few_enough_to_read_quickly(whole):
    done = [row for row in whole.activities.rows.values() if row["COMPLETED"] == "Y" and row["TYPE_ID"] == 1]
    october = Counter(row["RESPONSIBLE_ID"] for row in done if f"{row['START_TIME']:%Y-%m}" == "2026-10")

    assert 18_000 < len(whole.activities.ids) < 30_000
    assert len(october) == 35
    assert min(october.values()) >= 8
    assert max(october.values()) <= 50


def test_every_product_name_of_the_pipeline_is_in_the_price_list():
    assert {deal.product for deal in dataset.opportunities(date(2026, 11, 23))} <= {
        product.name for product in dataset.products()
    }


def test_tickets_lie_before_today_and_keep_their_known_truth(whole):
    items = list(whole.processes[tickets.TYPE].table.rows.values())
    answered = [
        (one[tickets.FIRST_RESPONSE.name] - one["createdTime"]).total_seconds()
        for one in items
        if one[tickets.FIRST_RESPONSE.name]
    ]
    in_time = [seconds for seconds in answered if seconds >= 0]
    ratings = [one[tickets.RATING.name] for one in items if one[tickets.RATING.name]]
    assert (len(items), len(in_time), len(ratings)) == (2330, 2310, 1173)
    assert round(sum(in_time) / len(in_time) / 60, 2) == 26.83
    assert round(sum(ratings) / len(ratings), 3) == 3.511
    assert max(one["updatedTime"] for one in items).date() < whole.today
    assert {one["assignedById"] for one in items} == {whole.staff.by_name(name).id for name in tickets.agents()}
