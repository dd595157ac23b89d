"""A request under way: it begins by itself, and what came of it is told where the answer is taken."""

from threading import Event

import pytest

from b24app.bitrix.ahead import Ahead
from b24app.lib.i18n import language, speaking

A_WHILE_S = 30


def test_a_request_is_under_way_before_anybody_asks_for_its_answer() -> None:
    begun = Event()
    request = Ahead(lambda: {"begun": begun.set()})
    assert begun.wait(A_WHILE_S)
    assert request.take() == {"begun": None}


def test_what_it_fails_with_is_raised_where_the_answer_is_taken() -> None:
    def fail() -> dict[str, object]:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        Ahead(fail).take()


def test_it_speaks_the_language_of_its_caller() -> None:
    with speaking("ru"):
        assert Ahead(lambda: {"language": language()}).take() == {"language": "ru"}
