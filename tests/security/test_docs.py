"""docs/security.md says what is so: it is made of what the tests run, and the tests it names are there."""

import re
from pathlib import Path

import pytest

from tests.security.docs import PAGE, page
from tests.security.hostile import FILE, INPUTS

ROOT = Path(__file__).parents[2]
THREATS = {one["id"]: one for one in FILE["threats"]}
LEAST = 60


def test_the_page_is_what_the_file_makes() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: python -m tests.security.docs"


def test_there_are_enough_hostile_inputs_and_each_belongs_to_a_threat() -> None:
    assert len(INPUTS) >= LEAST
    assert {case["threat"] for case in INPUTS} <= THREATS.keys()
    sent = [str({key: case[key] for key in case if key != "what"}) for case in INPUTS]
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("threat", THREATS)
def test_the_tests_of_a_threat_are_there(threat: str) -> None:
    assert THREATS[threat]["tests"]
    for test in THREATS[threat]["tests"]:
        file, _colons, name = test.partition("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), test
