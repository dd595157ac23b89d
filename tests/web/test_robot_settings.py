"""The settings page of robots: verified like a widget, in the viewer's language, by name, as far as they may see."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from b24app.demo import installation
from b24app.lib import clock
from b24app.lib.db import write
from b24app.portal import operations
from b24app.portal.rules import Person, Unit
from b24app.scorecards import documents
from b24app.scorecards import operations as scorecards
from tests.web.api.conftest import NOW, SCORECARD
from tests.web.portal_site import ADMIN, EMPLOYEE, Site, site

pytestmark = pytest.mark.databases("sqlite")
"""What is refused here is refused before any database is asked."""

PAGE = "/b24/robot-settings"


@pytest.fixture
def here(app: Flask, redis: Redis) -> Iterator[Site]:
    with site(app, redis) as found:
        found.install()
        id = found.portal.id
        with write():
            units = [Unit(1, "Company", head_id=ADMIN), Unit(5, "Sales", parent_id=1)]
            people = [Person(ADMIN, "Ann", department_ids=(1,)), Person(EMPLOYEE, "Sam <b>", department_ids=(5,))]
            operations.sync_staff(id, people, units, clock.now())
            scorecards.save(id, documents.parse(SCORECARD), "system", NOW)
            others = {"code": "others", "name": "Others", "subjects": {"employees": [ADMIN]}}
            scorecards.save(id, documents.parse(SCORECARD | others), "system", NOW)
        yield found


def opened(here: Site, code: str = "kpi_add", user_id: int = ADMIN, lang: str = "en", **changed: Any) -> Any:
    values = changed.pop("values", {})
    options = {"code": code, "current_values": values, "document_fields": {"OPPORTUNITY": {"Name": "Amount"}}}
    return here.browse(user_id, path=PAGE, PLACEMENT_OPTIONS=json.dumps(options), LANG=lang, **changed)


def test_people_scorecards_and_indicators_have_their_names(here: Site) -> None:
    answer = opened(here)
    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    assert f'<option value="user_{EMPLOYEE}">Sam &lt;b&gt;</option>' in text
    assert 'data-scorecard="sales" data-indicator="visits">Sales: Visits</option>' in text
    assert '<option value="visit">Visits</option>' in text
    assert '<option value="{=Document:OPPORTUNITY}">Amount</option>' in text
    assert 'name="b24-session"' in text
    assert here.demo.url in answer.headers["Content-Security-Policy"]


def test_it_speaks_the_viewers_language(here: Site) -> None:
    assert "Ответственный за элемент" in opened(here, lang="ru").text


def test_what_is_set_is_chosen_and_expressions_stay(here: Site) -> None:
    values = {
        "scorecard": "sales",
        "indicator": "won",
        "employee": f"user_{EMPLOYEE}",
        "value": "{=Document:OPPORTUNITY}",
    }
    text = " ".join(opened(here, values=values).text.split())
    assert 'data-indicator="won" selected>Sales: Won' in text
    assert f'<option value="user_{EMPLOYEE}" selected>' in text
    assert 'name="value" value="{=Document:OPPORTUNITY}"' in text
    other = {"scorecard": "gone", "indicator": "{=Constant:x}", "employee": ["{=Document:ASSIGNED_BY_ID}"]}
    text = " ".join(opened(here, values=other).text.split())
    assert 'data-scorecard="gone" data-indicator="{=Constant:x}" selected>' in text
    assert '<option value="{=Document:ASSIGNED_BY_ID}" selected>' in text


@pytest.mark.parametrize("code", ["kpi_add", "kpi_set", "kpi_get", "kpi_check", "kpi_badge", "kpi_check_activity"])
def test_every_robot_with_a_page_of_its_own_has_one(here: Site, code: str) -> None:
    robots = here.demo.state.workflows.robots
    assert robots[code].settings_page == f"http://127.0.0.1:8000{PAGE}"
    post = installation.browser_post(
        here.demo.state, ADMIN, installation.ROBOT_SETTINGS, handler=robots[code].settings_page
    )
    assert post.action.endswith(PAGE)
    assert opened(here, code).status_code == 200


def test_an_employee_is_offered_what_they_may_see(here: Site) -> None:
    text = opened(here, user_id=EMPLOYEE).text
    assert "Sam &lt;b&gt;" in text
    assert ">Ann<" not in text
    assert "Others" not in text
    assert "Others" in opened(here).text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"AUTH_ID": "forged"}, 403),
        ({"member_id": "f" * 32}, 403),
        ({"APPLICATION_TOKEN": "wrong"}, 403),
        ({"AUTH_ID": None}, 422),
        ({"SERVER_ENDPOINT": "https://evil.example/rest/"}, 403),
        ({"DOMAIN": "evil.example"}, 403),
    ],
)
def test_a_forged_post_is_answered_with_a_page_without_data(here: Site, changed: Any, status: int) -> None:
    answer = opened(here, **changed)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert "Sales" not in answer.text


@pytest.mark.parametrize("options", ["", "[]", "null", "{", '{"code":["kpi_add"]}', '{"code":"kpi_dance"}', "1e999"])
def test_options_that_name_no_robot_are_answered_with_a_sentence(here: Site, options: str) -> None:
    answer = here.browse(ADMIN, path=PAGE, PLACEMENT_OPTIONS=options)
    assert answer.status_code == 404
    assert "error-message" in answer.text


@pytest.mark.parametrize(
    "values", ["text", ["list"], {"value": {"a": [{}]}}, {"scorecard": None, "value": "x" * 50_000}]
)
def test_odd_values_do_no_harm(here: Site, values: Any) -> None:
    assert opened(here, values=values).status_code == 200
