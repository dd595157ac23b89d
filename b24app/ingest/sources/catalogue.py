"""Products and their sections: the words of product rows. Polled, and only while somebody asks for product rows.

The documents do not describe these lists; a portal may refuse them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from b24app.bitrix.client import Client
from b24app.facts.rules import ProductDraft, TermDraft, sections_of
from b24app.ingest import parsing
from b24app.ingest.sources.base import Listing, Row, translated

key = "catalogue"
entity = "product"
events: tuple[str, ...] = ()

SECTION = "section"
FIELDS = ["ID", "NAME", "SECTION_ID"]
sections = Listing("crm.productsection.list", {"select": FIELDS}, "ID", None, "")
products = Listing("crm.product.list", {"select": FIELDS}, "ID", None, "")


@dataclass(frozen=True, slots=True)
class Section:
    """A section, and the one it is in; 0 or nothing is the top."""

    id: int
    name: str
    parent_id: int | None


def read_sections(client: Client) -> tuple[Section, ...]:
    rows = [row for page in sections.pages(client, {}) for row in page]
    return translated(rows, _section, "ID")[0]


def read_products(client: Client, tree: tuple[Section, ...]) -> Iterator[tuple[ProductDraft, ...]]:
    """Products as they come, each in its own section and in every one above it (semantics 4.5)."""
    parents = {section.id: section.parent_id for section in tree}
    for rows in products.pages(client, {}):
        yield translated(rows, lambda row: _product(row, parents), "ID")[0]


def terms(tree: tuple[Section, ...]) -> tuple[TermDraft, ...]:
    return tuple(TermDraft(str(one.id), one.name, extra={"parent_id": one.parent_id}) for one in tree)


def _section(row: Row) -> Section:
    name = parsing.text(row.get("NAME"), 255)
    return Section(parsing.identity(row.get("ID")), name, parsing.link(row.get("SECTION_ID")))


def _product(row: Row, parents: Mapping[int, int | None]) -> ProductDraft:
    within = sections_of(parsing.link(row.get("SECTION_ID")), parents)
    return ProductDraft(parsing.identity(row.get("ID")), parsing.text(row.get("NAME"), 255), within)
