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

CHANGES, BURST = 500, 100

Tell = Callable[[str, object], None]


def test_live_is_full_is_slow(app: Flask, record_property: Tell) -> None:
    survive(app, 1, record_property)


@pytest.mark.databases("sqlite")
def test_with_another_seed_too(app: Flask, record_property: Tell) -> None:
    survive(app, 2, record_property)


def survive(app: Flask, seed: int, tell: Tell) -> None:
    with time_machine.travel(0, tick=False) as traveller:

        def set_clock(now: datetime) -> None:
            traveller.move_to(now, tick=False)

        outcome = run(seed, CHANGES, set_clock, BURST)
    tell("told", f"{app.config['SQLALCHEMY_DATABASE_URI'].partition(':')[0]}, {outcome}")
    assert outcome.changes >= CHANGES
