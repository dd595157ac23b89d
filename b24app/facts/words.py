"""The portal's dictionaries and its catalogue of products, written where they differ from what is known."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from b24app.facts import deals
from b24app.facts.rules import Cell, ProductDraft, TermDraft
from b24app.facts.tables import ProductSection, Term
from b24app.lib import storage
from b24app.lib.db import db
from b24app.lib.storage import chunks

PRODUCT = "product"


def save(portal_id: int, kind: str, terms: Sequence[TermDraft]) -> None:
    """Some words of a dictionary."""
    listed: dict[str, tuple[Any, ...]] = {
        term.id: (term.name[:255], term.sort, dict(term.extra), True) for term in terms
    }
    for ids in chunks(listed):
        query = select(Term.id, Term.name, Term.sort, Term.extra, Term.active)
        query = query.where(Term.portal_id == portal_id, Term.kind == kind, Term.id.in_(ids))
        known = {id: tuple(columns) for id, *columns in db.session.execute(query)}
        names = ("name", "sort", "extra", "active")
        rows = [
            {"portal_id": portal_id, "kind": kind, "id": id, **dict(zip(names, listed[id], strict=True))}
            for id in ids
            if listed[id] != known.get(id)
        ]
        storage.upsert(Term, rows)


def retire(portal_id: int, kind: str, present: Collection[str]) -> None:
    """Words the portal no longer has stay, inactive: old facts still use them."""
    mine = (Term.portal_id == portal_id, Term.kind == kind)
    active = set(db.session.scalars(select(Term.id).where(*mine, Term.active)))
    for ids in chunks(active - set(present)):
        db.session.execute(update(Term).where(*mine, Term.id.in_(ids)).values(active=False))


def save_products(portal_id: int, products: Sequence[ProductDraft]) -> frozenset[Cell] | None:
    """Names and sections of some products. The cells of the deals that have rows of those which are now elsewhere;
    None when that is more than a chunk of deals."""
    save(portal_id, PRODUCT, [TermDraft(str(product.id), product.name) for product in products])
    within = {product.id: product.sections for product in products}
    moved: set[int] = set()
    for ids in chunks(within):
        mine = (ProductSection.portal_id == portal_id, ProductSection.product_id.in_(ids))
        known: dict[int, set[int]] = defaultdict(set)
        for row in db.session.execute(select(ProductSection.product_id, ProductSection.section_id).where(*mine)):
            known[row.product_id].add(row.section_id)
        changed = [id for id in ids if within[id] != known[id]]
        if not changed:
            continue
        stale = (ProductSection.portal_id == portal_id, ProductSection.product_id.in_(changed))
        db.session.execute(delete(ProductSection).where(*stale))
        storage.upsert(
            ProductSection,
            [
                {"portal_id": portal_id, "product_id": id, "section_id": section}
                for id in changed
                for section in sorted(within[id])
            ],
        )
        moved.update(changed)
    return deals.with_products(portal_id, moved)
