"""After any mix of lost, doubled and reordered events every number is what a full recompute makes of the portal."""

from collections.abc import Callable
from random import Random

import pytest
from flask import Flask
from redis import Redis

from tests.exactness.mangled import Mangled, run
from tests.web.portal_site import site


@pytest.mark.parametrize(("seed", "by_queue"), [(1, True), (2, False)])
def test_lost_doubled_and_shuffled_events_change_no_number(
    app: Flask,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    seed: int,
    by_queue: bool,
) -> None:
    with site(app, redis) as here:
        here.install()
        if not by_queue:
            here.demo.state.events.bindings = [one for one in here.demo.state.events.bindings if not one.offline]
        outcome = run(Mangled(here, redis, Random(seed), monkeypatch), seed, rounds=2, burst=30, by_queue=by_queue)
    kind = app.config["SQLALCHEMY_DATABASE_URI"].partition(":")[0]
    record_property("told", f"{kind}, mangled events, {outcome}")
    assert outcome.told["lost"]
    assert outcome.told["doubled"]
