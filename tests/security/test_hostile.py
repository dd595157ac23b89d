"""Every hostile input of docs/security.json is answered as it says there, calls nobody unknown, and changes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from b24app.lib.db import db
from tests.scores.world import OTHER, PORTAL
from tests.security.hostile import INPUTS, KNOWN_HOSTS, outside, send
from tests.security.world import MARK, Site, everything_of

pytestmark = pytest.mark.databases("postgresql")
"""It is the stricter one: it refuses what SQLite stores, a NUL or a number of 70 bits, and so shows what was let in."""


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with outside() as found:
        yield found


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: case["what"].replace(" ", "-"))
def test_it_is_answered_calls_nobody_unknown_and_changes_nothing(
    here: Site, network: responses.RequestsMock, case: dict[str, Any]
) -> None:
    before = everything_of(PORTAL), everything_of(OTHER)
    answer = send(here, case)
    db.session.rollback()
    assert answer.status_code == case["status"], answer.text[:1000]
    assert case["message"] in answer.text
    assert "Traceback" not in answer.text
    if case["by"] in ("nobody", "made_up", "second"):
        assert MARK not in answer.text
    called = {call.request.url.split("/")[2] for call in network.calls}
    assert called <= KNOWN_HOSTS
    allowed = set(case.get("changes", ()))
    assert changed(before[0], everything_of(PORTAL)) <= allowed
    assert changed(before[1], everything_of(OTHER)) == set()
