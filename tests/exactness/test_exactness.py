"""Thousands of random changes: live results equal a full recompute and the slow reading after each burst (semantics 5).

The seeds are fixed, so that what fails here fails everywhere; `make soak` takes others. What was compared is told at
the end of the test run.
"""

from collections.abc import Callable
from datetime import datetime

import pytest
import time_machine
from flask import Flask

from tests.exactness.run import run

SEEDS = (1, 2)
CHANGES, BURST = 500, 50


@pytest.mark.parametrize("seed", SEEDS)
def test_live_is_full_is_slow(app: Flask, seed: int, record_property: Callable[[str, object], None]) -> None:
    with time_machine.travel(0, tick=False) as traveller:

        def set_clock(now: datetime) -> None:
            traveller.move_to(now, tick=False)

        outcome = run(seed, CHANGES, set_clock, BURST)
    record_property("told", f"{app.config['SQLALCHEMY_DATABASE_URI'].partition(':')[0]}, {outcome}")
    assert outcome.changes >= CHANGES
