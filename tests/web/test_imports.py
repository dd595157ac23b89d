"""The pages of an import: from a file to values in the ledger, in the words of the person who does it."""

import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO

import pytest
import time_machine
from flask import Flask

from b24app import pipeline
from b24app.facts import queries
from b24app.jobs import imports as jobs
from b24app.lib.db import write
from b24app.portal.access import operations as access
from b24app.portal.access.rules import Role
from b24app.portal.queries import structure
from b24app.portal.rules import employee
from b24app.scorecards.queries import target_rows
from tests.scores import world
from tests.scores.world import ANN, HEAD, NOW, PORTAL
from tests.web.test_access import Reader
from tests.web.test_data import CARD

FILE = "Дата;Сотрудник;Значение;Прочее\n10.11.2026;Ann;4;x\n11.11.2026;Bob;1,5;=1+1\n"


class Importing(Reader):
    def upload(self, name: str, content: bytes, user_id: int = HEAD, **form: str) -> str:
        """The address of the file's page."""
        answer = self.ask("POST", "/ui/data/import", user_id, file=(BytesIO(content), name), **form)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def send(self, path: str, user_id: int = HEAD, **form: object) -> str:
        answer = self.ask("POST", path, user_id, **form)
        assert answer.status_code in (200, 303), answer.text
        return " ".join(unescape(re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL)).split())


@pytest.fixture
def here(app: Flask) -> Iterator[Importing]:
    with time_machine.travel(NOW, tick=False):
        with write():
            world.settle()
            world.scorecard(CARD)
            pipeline.recompute_open(PORTAL, NOW)
        yield Importing(app)


MEANING = {"column-0": "day", "column-1": "employee", "column-2": "value", "column-3": "", "code": "visit"}


def test_a_file_goes_from_the_form_into_the_ledger_and_back(here: Importing) -> None:
    assert "No file has been imported yet." in here.page("/ui/data/import", HEAD)
    address = here.upload("visits.csv", FILE.encode("cp1251"))
    page = here.page(address, HEAD)
    assert '<option value="employee" selected>' in page
    assert "10.11.2026" in page
    assert "Say what kind of values these are." in here.send(f"{address}/check", **{**MEANING, "code": ""})
    here.send(f"{address}/check", **MEANING)
    assert "Is being checked" in here.page(address, HEAD)
    jobs.work(PORTAL)
    assert "Import 2 values" in here.page(address, HEAD)
    here.send(f"{address}/begin")
    jobs.work(PORTAL)
    assert "Take the import back" in here.page(address, HEAD)
    assert "visits.csv" in here.page("/ui/data/import", HEAD)
    assert [(row.employee_id, row.origin) for row in queries.entries(PORTAL)][0] == (ANN, "import")
    assert "Say why." in here.send(f"{address}/undo", reason="")
    here.send(f"{address}/undo", reason="Wrong file")
    jobs.work(PORTAL)
    assert "Wrong file" in here.page(address, HEAD)


def test_mistakes_are_sentences_and_people_are_chosen_once(here: Importing) -> None:
    address = here.upload("a.csv", "Дата;Сотрудник;Значение\n10.11.2026;ann@firm.ru;4\n32.01.2026;Bob;много\n".encode())
    here.send(f"{address}/check", **{name: MEANING[name] for name in MEANING if name != "column-3"})
    jobs.work(PORTAL)
    page = here.page(address, HEAD)
    for sentence in ("Whose address is ann@firm.ru?", "“32.01.2026” is no date", "“много” is no number."):
        assert sentence in page
    here.send(f"{address}/people", **{"text-1": "ann@firm.ru", "whom-1": ANN})
    jobs.work(PORTAL)
    page = here.page(address, HEAD)
    assert "Whose address" not in page
    assert "Import 1 value" in page
    assert 'name="leaves_out" value="yes"' in page


def test_a_file_may_be_read_otherwise_and_forgotten(here: Importing) -> None:
    address = here.upload("a.csv", FILE.encode("cp1251"))
    here.send(f"{address}/layout", encoding="cp866", separator=",")
    assert "Дата" not in here.page(address, HEAD)
    here.send(f"{address}/forget")
    assert here.ask("GET", address, HEAD).status_code == 404


def test_a_file_that_is_none_is_refused_with_its_reason(here: Importing) -> None:
    for name, content, status, sentence in (
        ("a.pdf", b"%PDF-1.7", 415, "Choose a CSV file or an Excel workbook"),
        ("a.xlsx", b"PK\x03\x04 broken", 422, "damaged"),
    ):
        answer = here.ask("POST", "/ui/data/import", HEAD, file=(BytesIO(content), name))
        assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "Choose a file." in here.send("/ui/data/import")


def test_only_whoever_may_enter_values_imports_and_sees_only_their_own_files(here: Importing) -> None:
    assert here.ask("GET", "/ui/data/import", ANN).status_code == 403
    address = here.upload("a.csv", FILE.encode(), user_id=world.ADMIN)
    assert here.ask("GET", address, HEAD).status_code == 404
    assert here.ask("POST", f"{address}/begin", HEAD).status_code == 404


PLAN = "Scorecard;Indicator;Employee;Month;Target\nvisits;visits;Ann;11.2026;20\nvisits;visits;Nobody;11.2026;20\n"


def test_targets_go_from_the_form_into_the_plan_with_a_reason_and_back(here: Importing) -> None:
    assert 'value="targets"' in here.page("/ui/data/import", HEAD)
    address = here.upload("plan.csv", PLAN.encode(), kind="targets")
    page = here.page(address, HEAD)
    assert '<option value="indicator" selected>' in page
    assert '<optgroup label="Visits">' in page
    columns = dict(enumerate(("", "indicator", "employee", "day", "target")))
    here.send(f"{address}/check", **{f"column-{place}": role for place, role in columns.items()}, scorecard="visits")
    jobs.work(PORTAL)
    page = here.page(address, HEAD)
    assert "Set 1 target" in page
    assert "Nobody here is called “Nobody”." in page
    assert "Say why." in here.send(f"{address}/begin", leaves_out="yes")
    here.send(f"{address}/begin", leaves_out="yes", reason="The winter")
    jobs.work(PORTAL)
    assert [(row.subject.id, row.target) for row in target_rows(PORTAL)] == [(ANN, 20)]
    page = here.page(address, HEAD)
    assert "The winter" in page
    assert "1 target" in here.page("/ui/data/import", HEAD)
    here.send(f"{address}/undo", reason="Wrong file")
    jobs.work(PORTAL)
    assert target_rows(PORTAL) == ()
    again = here.page(here.upload("again.csv", PLAN.encode(), kind="targets"), HEAD)
    assert 'value="target" selected' in again
    assert 'value="scorecard" selected' not in again, "what was chosen is remembered"


def test_whoever_edits_no_plans_imports_no_targets(here: Importing) -> None:
    with write():
        access.give_role(PORTAL, Role(employee(HEAD), edits_plan=False), structure(PORTAL), "user:1", NOW)
    assert 'value="targets"' not in here.page("/ui/data/import", HEAD)
    file = (BytesIO(PLAN.encode()), "plan.csv")
    answer = here.ask("POST", "/ui/data/import", HEAD, file=file, kind="targets")
    assert "Choose what is in the file." in answer.text
