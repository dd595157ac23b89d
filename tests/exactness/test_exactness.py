"""Thousands of random changes: live results equal a full recompute and the slow reading after each burst (semantics 5).

The seeds are fixed, so that what fails here fails everywhere; `make soak` takes others.
"""

import sys
from datetime import datetime

import pytest
import time_machine
from flask import Flask

from tests.exactness.run import run

SEEDS = (1, 2, 3, 4)
CHANGES = 300


@pytest.mark.parametrize("seed", SEEDS)
def test_live_is_full_is_slow(app: Flask, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel(0, tick=False) as traveller:

        def set_clock(now: datetime) -> None:
            traveller.move_to(now, tick=False)

        outcome = run(seed, CHANGES, set_clock)
    with capsys.disabled():
        sys.stdout.write(f"\n{outcome}\n")
    assert outcome.changes >= CHANGES
