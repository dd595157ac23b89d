"""After any mix of lost, doubled and reordered events every number is what a full recompute makes of the portal."""

from collections.abc import Callable
from random import Random

import pytest
from flask import Flask
from redis import Redis

from tests.exactness.mangled import Mangled, run
from tests.web.portal_site import site

Tell = Callable[[str, object], None]


@pytest.mark.databases("sqlite")
def test_what_events_lost_is_found_in_the_offline_queue(
    app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch, record_property: Tell
) -> None:
    mangle(app, redis, monkeypatch, record_property, by_queue=True)


@pytest.mark.databases("postgresql")
def test_what_events_lost_is_found_by_modification_time_and_comparison(
    app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch, record_property: Tell
) -> None:
    mangle(app, redis, monkeypatch, record_property, by_queue=False)


def mangle(app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch, tell: Tell, *, by_queue: bool) -> None:
    """Lost, doubled and shuffled events change no number."""
    seed = 1 if by_queue else 2
    with site(app, redis) as here:
        here.install()
        if not by_queue:
            here.demo.state.events.bindings = [one for one in here.demo.state.events.bindings if not one.offline]
        outcome = run(Mangled(here, redis, Random(seed), monkeypatch), seed, rounds=3, burst=30, by_queue=by_queue)
    kind = app.config["SQLALCHEMY_DATABASE_URI"].partition(":")[0]
    tell("told", f"{kind}, mangled events, {outcome}")
    assert outcome.told["lost"]
    assert outcome.told["doubled"]
