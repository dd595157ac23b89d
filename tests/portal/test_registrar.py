"""Binding what install.json lists: all of it, once, and again after somebody took it away."""

import json

import pytest

from b24app.demo import installation
from b24app.demo.server import RunningPortal
from b24app.lib import clock
from b24app.lib.db import write
from b24app.lib.errors import Permanent
from b24app.lib.paths import MANIFEST
from b24app.portal import operations, registrar
from b24app.portal.registrar import Outcome
from b24app.portal.tables import Portal

URL = "https://kpi.example"
LISTED = json.loads(MANIFEST.read_text("utf-8"))


@pytest.fixture
def register(portal: Portal):
    def run(manifest=LISTED, url: str = URL) -> Outcome:
        outcome = registrar.register(operations.connect(portal.id), manifest, url, registrar.known(portal.id))
        with write():
            registrar.remember(portal.id, outcome, clock.now())
        return outcome

    return run


def codes(kind: str) -> set[str]:
    return {entry["code"] for entry in LISTED[kind]}


def bound(demo: RunningPortal) -> tuple[list[str], set[str], set[str]]:
    state = demo.state
    handlers = {binding.event for binding in state.events.bindings}
    return [placement.code for placement in state.app.placements], handlers, set(state.workflows.robots)


def test_everything_is_bound_in_three_requests(register, demo: RunningPortal) -> None:
    before = demo.state.traffic.requests
    outcome = register()
    placements, events, robots = bound(demo)
    assert sorted(placements) == sorted(codes("placements"))
    assert events == codes("events") - {failure.code for failure in outcome.failed}
    assert robots == codes("robots") | codes("activities")
    assert demo.state.traffic.requests - before == 3
    assert {failure.code for failure in outcome.failed} <= {"ONAPPPAYMENT"}


def test_repeating_binds_nothing_twice(register, demo: RunningPortal) -> None:
    register()
    before = bound(demo), demo.state.traffic.commands["placement.bind"]
    register()
    assert (bound(demo), demo.state.traffic.commands["placement.bind"]) == before


def test_what_an_update_wiped_is_bound_again(register, demo: RunningPortal) -> None:
    register()
    whole = bound(demo)
    installation.update(demo.state)
    register()
    assert bound(demo) == whole


def test_a_new_address_replaces_the_old_one_everywhere(register, demo: RunningPortal) -> None:
    register(url="https://old.example")
    register()
    assert {placement.handler for placement in demo.state.app.placements} == {f"{URL}/b24/app"}
    assert {binding.handler for binding in demo.state.events.bindings} == {f"{URL}/b24/event"}
    assert {robot.form["HANDLER"] for robot in demo.state.workflows.robots.values()} == {f"{URL}/b24/robot"}
    assert len(demo.state.app.placements) == len(codes("placements"))


def test_a_placement_no_longer_listed_is_taken_away(register, demo: RunningPortal) -> None:
    register()
    fewer = {**LISTED, "placements": LISTED["placements"][:2]}
    register(fewer)
    assert len(demo.state.app.placements) == 2


def test_a_placement_bound_twice_is_bound_once_again(register, demo: RunningPortal) -> None:
    register()
    demo.state.app.placements.append(demo.state.app.placements[0])
    register()
    assert sorted(bound(demo)[0]) == sorted(codes("placements"))


def test_a_robot_that_somebody_already_added_is_updated(register, demo: RunningPortal) -> None:
    register()
    for robot in demo.state.workflows.robots.values():
        robot.form["NAME"] = "old"
        robot.is_activity = not robot.is_activity  # so that the lists do not show it
    outcome = register()
    assert {failure.kind for failure in outcome.failed} >= {"robot", "activity"}


def test_a_portal_without_robots_gets_the_rest(register, demo: RunningPortal, monkeypatch) -> None:
    object.__setattr__(demo.state.settings, "scopes", ("crm", "placement", "user_brief", "department"))
    outcome = register()
    assert {failure.kind for failure in outcome.failed} - {"event"} == {"robot", "activity"}
    assert sorted(bound(demo)[0]) == sorted(codes("placements"))


def test_a_refused_core_registration_fails(register, demo: RunningPortal) -> None:
    broken = {**LISTED, "placements": [{"code": "LEFT_MENU", "title": {"en": "KPI"}}]}
    with pytest.raises(Permanent, match="LEFT_MENU"):
        register(broken, url="ftp://nowhere.example")


def test_titles_are_in_both_languages(register, demo: RunningPortal) -> None:
    register()
    menu = next(placement for placement in demo.state.app.placements if placement.code == "LEFT_MENU")
    assert {language: texts["TITLE"] for language, texts in menu.titles.items()} == {
        "ru": "Показатели эффективности",
        "en": "KPI",
    }
