"""A storm of a fixed seed; `make soak` takes others, longer ones, and PostgreSQL. Its figures are told at the end."""

from collections.abc import Callable

import pytest

from tests.chaos.run import run

pytestmark = pytest.mark.walk

SEED, CHANGES, CALAMITIES = 4, 1200, 12


def test_after_a_storm_everything_is_exact(record_property: Callable[[str, object], None]) -> None:
    outcome = run(SEED, CHANGES, CALAMITIES)
    record_property("told", str(outcome))
    assert outcome.changes == CHANGES
    assert outcome.events["dropped"] > 0
    assert outcome.events["doubled"] > 0
