"""Requests for support, made of other records (facts/requests): no source reads them, and no read replaces them."""

from b24app.facts.kinds.base import Kind, Making
from b24app.facts.requests.rules import REQUEST, RequestFact


def make(draft: RequestFact, before: RequestFact | None, making: Making) -> RequestFact:
    return draft


KINDS = (
    Kind(
        entity=REQUEST,
        table="request",
        draft=RequestFact,
        fact=RequestFact,
        make=make,
        dates=("created", "rated"),
        owners=("responsible",),
        uncounted=frozenset({"title"}),
    ),
)
