"""What is told to a Sentry: only where an operator names one, and nothing of anybody's."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from b24app.lib import sentry


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Sentry's own library was set up with."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setitem(sys.modules, "sentry_sdk", SimpleNamespace(init=lambda **options: calls.append(options)))
    return calls


def test_without_an_address_nothing_is_told(given: list[dict[str, Any]]) -> None:
    sentry.use(None)
    assert given == []


def test_no_request_no_variables_no_people(given: list[dict[str, Any]]) -> None:
    sentry.use("https://key@sentry.example/1")
    [options] = given
    assert (options["send_default_pii"], options["include_local_variables"]) == (False, False)
    event = {"exception": "ZeroDivisionError", "request": {"url": "/tv/secret"}, "user": {"id": 7}, "extra": {"a": 1}}
    assert options["before_send"](event, {}) == {"exception": "ZeroDivisionError"}


def test_one_who_names_it_without_installing_it_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    sentry.use("https://key@sentry.example/1")
    assert "sentry_not_installed" in capsys.readouterr().err
