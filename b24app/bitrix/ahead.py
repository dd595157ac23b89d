"""One request under way while its caller is still busy with the answer before it.

The thread sends and reads the answer, nothing else: what to make of it, and every cure of a failure, is left to the
caller, in the caller's own thread.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]


class Ahead:
    """Begins at once. Nobody has to wait for it: a request that only reads may be left alone."""

    def __init__(self, send: Callable[[], Answer]) -> None:
        self._send = send
        self._answer: Answer | None = None
        self._trouble: BaseException | None = None
        context = contextvars.copy_context()  # the language of messages, and the application whose log is written
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._send()
        except BaseException as trouble:  # raised where the answer is taken
            self._trouble = trouble

    def take(self) -> Answer:
        """The answer, once it is there, or what was raised instead of it."""
        self._thread.join()
        if self._trouble is not None:
            raise self._trouble
        assert self._answer is not None
        return self._answer
