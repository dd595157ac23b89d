"""What several threads ask for at once is done in one go, and nobody fails for another's sake."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import pytest

from b24app.lib.together import Together

DOWN = ConnectionError("nothing answers")


class Shelf:
    """Stores all it is given or nothing. The first to come finds it slow: others have time to ask meanwhile."""

    def __init__(self) -> None:
        self.is_entered, self.may_go_on = Event(), Event()
        self.calls: list[list[str]] = []
        self.stored: list[str] = []

    def __call__(self, ones: Sequence[str]) -> None:
        self.calls.append(list(ones))
        if not self.is_entered.is_set():
            self.is_entered.set()
            assert self.may_go_on.wait(10)
        if "down" in ones:
            raise DOWN
        if "end" in ones and len(ones) > 1:
            raise SystemExit
        if "bad" in ones:
            raise ValueError("this one is bad")
        self.stored.extend(ones)


class Watched(deque[Any]):
    """Those who wait, counted as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.came = Semaphore(0)

    def append(self, one: Any) -> None:
        super().append(one)
        self.came.release()


def asked(*names: str) -> tuple[Shelf, list[BaseException | None]]:
    """The first alone, the others all while it is under way."""
    shelf = Shelf()
    store = Together[str](shelf, nobodys=(ConnectionError,))
    store._waiting = waiting = Watched()
    with ThreadPoolExecutor(len(names)) as threads:
        first = threads.submit(store, names[0])
        assert shelf.is_entered.wait(10)
        others = [threads.submit(store, name) for name in names[1:]]
        assert all(waiting.came.acquire(timeout=10) for _name in names)
        shelf.may_go_on.set()
        return shelf, [one.exception(10) for one in (first, *others)]


def test_one_alone_is_stored_at_once() -> None:
    shelf, errors = asked("a")
    assert (shelf.calls, errors) == ([["a"]], [None])


def test_those_who_come_meanwhile_are_stored_in_one_go() -> None:
    shelf, errors = asked("a", "b", "c", "d")
    assert errors == [None] * 4
    assert shelf.calls[0] == ["a"]
    assert [sorted(call) for call in shelf.calls[1:]] == [["b", "c", "d"]]


def test_a_bad_one_fails_alone() -> None:
    shelf, errors = asked("a", "b", "bad", "d")
    assert [type(error) for error in errors] == [type(None), type(None), ValueError, type(None)]
    assert sorted(shelf.stored) == ["a", "b", "d"]


def test_what_is_nobodys_fault_is_not_tried_again_for_each() -> None:
    """Once for all of them, once for one of them alone."""
    shelf, errors = asked("a", "down", "down", "down")
    assert errors == [None, DOWN, DOWN, DOWN]
    assert [len(call) for call in shelf.calls] == [1, 3, 1]


def test_one_who_failed_alone_is_tried_once_more() -> None:
    tries: list[str] = []

    def work(ones: Sequence[str]) -> None:
        tries.extend(ones)
        if len(tries) == 1:
            raise DOWN

    Together[str](work, nobodys=(ConnectionError,))("a")
    assert tries == ["a", "a"]


def test_after_a_failure_the_next_one_is_tried() -> None:
    store = Together[str](lambda ones: None if "good" in ones else 1 / 0)  # type: ignore[func-returns-value]
    with pytest.raises(ZeroDivisionError):
        store("bad")
    store("good")


def test_whoever_is_left_by_a_thread_that_ends_does_it_alone() -> None:
    shelf, errors = asked("a", "b", "end")
    assert [type(error) for error in errors if error] == [SystemExit]
    assert len(shelf.stored) == 2
