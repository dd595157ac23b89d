"""Dictionaries of the portal, as they are asked for."""

from b24app.facts import operations, queries
from b24app.facts.rules import TermDraft
from b24app.lib.db import write
from tests.facts.conftest import World


def test_words_come_as_the_portal_sorts_them_and_by_id_where_it_does_not(world: World) -> None:
    with write():
        drafts = [TermDraft(id, id, sort) for id, sort in (("WEB", 500), ("C1_B", 500), ("C1A", 500), ("CALL", 10))]
        operations.save_terms(world.portal_id, "source", drafts)
    assert [term.id for term in queries.terms(world.portal_id, "source")] == ["CALL", "C1A", "C1_B", "WEB"]
