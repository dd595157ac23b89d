"""install.json against the code: what is registered on a portal is what we can answer, and the other way round."""

import json
import re
from pathlib import Path

import pytest

from b24app.ingest import sources
from b24app.lib.paths import MANIFEST
from b24app.lib.registry import modules
from b24app.outcomes.notifications import kinds
from b24app.outcomes.recognition.rules import badges
from b24app.robots import base

LIFECYCLE = {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT", "ONAPPMETHODCONFIRM"}
CORE_SCOPES = {"crm", "placement", "user_brief", "department"}
NEVER_ASKED = {"user", "user_basic", "humanresources", "disk"}

ROOT = Path(__file__).parents[1]

manifest = json.loads(MANIFEST.read_text("utf-8"))


def codes(kind: str) -> set[str]:
    return {entry["code"] for entry in manifest[kind]}


def test_every_event_that_a_source_listens_to_is_bound() -> None:
    wanted = {event.upper() for source in modules(sources) for event in getattr(source, "events", ())}
    assert wanted == codes("events") - LIFECYCLE


def test_no_more_scopes_are_asked_for_than_needed() -> None:
    scopes = set(manifest["scopes"])
    assert scopes >= CORE_SCOPES
    assert not scopes & NEVER_ASKED


def test_every_robot_has_its_activity() -> None:
    assert codes("activities") == {f"{code}_activity" for code in codes("robots")}


def test_robots_and_manifest_agree_on_the_fields() -> None:
    for entry in manifest["robots"]:
        robot = base.find(entry["code"])
        assert set(entry["properties"]) == set(robot.Params.model_fields), entry["code"]
        assert set(entry["results"]) == set(robot.Returns), entry["code"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_documents_tell_of_every_robot_and_badge(language: str) -> None:
    text = (ROOT / f"docs/workflows.{language}.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `kpi_")}
    assert rows.keys() == codes("robots")
    for entry in manifest["robots"]:
        named = set(re.findall(r"`(\w+)`", rows[entry["code"]])) - {entry["code"]}
        assert named == {*entry["properties"], *entry["results"]}, entry["code"]
    assert all(f"`{one.code}` {one.name[language]}" in text for one in badges())


def test_every_trigger_is_a_kind_of_notification() -> None:
    assert codes("triggers") <= {kind.code for kind in modules(kinds)}


def test_the_menu_is_named_in_both_languages() -> None:
    menu = next(entry for entry in manifest["placements"] if entry["code"] == "LEFT_MENU")
    assert menu["title"] == {"ru": "Показатели эффективности", "en": "KPI"}
