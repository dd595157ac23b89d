"""Doing in one go what several threads ask for at the same moment, such as storing rows with one commit.

Whoever finds nobody at work does it for all who have asked by then; they come back when it is done. One who is alone
acts at once, and nobody waits for company.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Asked(Generic[T]):
    what: T
    is_done: bool = False
    error: Exception | None = None

    def end(self, error: Exception | None) -> None:
        self.error, self.is_done = error, True


class Together(Generic[T]):
    """`work` does all it is given or, when it raises, nothing of it: then each is tried again alone, so that nobody
    fails for another's sake, or because a connection had been closed meanwhile. An error that is `nobodys` fault, such
    as a database that does not answer, ends these tries.
    """

    def __init__(self, work: Callable[[Sequence[T]], None], nobodys: tuple[type[Exception], ...] = ()) -> None:
        self._work = work
        self._nobodys = nobodys
        self._waiting: deque[_Asked[T]] = deque()
        self._turn = Lock()

    def __call__(self, what: T) -> None:
        """Returns when it is done. Whom a thread that was ended had taken up is not done, and does it by itself."""
        asked = _Asked(what)
        self._waiting.append(asked)
        with self._turn:
            if not asked.is_done:
                self._do([asked, *self._others(asked)])
        if asked.error is not None:
            raise asked.error

    def _others(self, asked: _Asked[T]) -> list[_Asked[T]]:
        waiting = [self._waiting.popleft() for _one in range(len(self._waiting))]
        return [one for one in waiting if one is not asked]

    def _do(self, all_asked: list[_Asked[T]]) -> None:
        if self._tried(all_asked) is None:
            for one in all_asked:
                one.end(None)
        else:
            self._do_one_by_one(all_asked)

    def _do_one_by_one(self, all_asked: list[_Asked[T]]) -> None:
        error = None
        for one in all_asked:
            if not isinstance(error, self._nobodys):
                error = self._tried([one])
            one.end(error)

    def _tried(self, several: list[_Asked[T]]) -> Exception | None:
        try:
            self._work([one.what for one in several])
        except Exception as error:
            return error
        return None
