"""Methods about what deals sell: product rows in both dialects, the catalogue and its sections.

The catalogue speaks the old dialect; product rows are written with native numbers in either, as in the real portal.
"""

from typing import Any

from b24app.demo import captions, deals
from b24app.demo.errors import RestError
from b24app.demo.fields import Fields, Row
from b24app.demo.filters import Dialect
from b24app.demo.lists import page, write_native, write_textual
from b24app.demo.records import DEAL, PRODUCT, PRODUCT_ROW, SECTION
from b24app.demo.registry import Answer, Call, Params, method
from b24app.demo.store import Table
from b24app.lib.i18n import speaking

_OLD_NAMES = {field.upper: field for field in PRODUCT_ROW.values()}


@method("crm.item.productrow.list", "crm")
def rows_list(call: Call) -> Answer:
    """`=ownerType` and `=ownerId` are mandatory; unless the portal is told otherwise `=ownerId` takes a list, too."""
    asked = call.params.mapping("filter")
    owners = _owners(call, asked.get("=ownerType"), asked.get("=ownerId", asked.get("@ownerId")))
    for id in owners:
        _check_access(call, id)
    if asked.get("=ownerType") != "D":  # nothing but deals has products here
        return Answer({"productRows": []}, 0)
    found = page(_in_order(call), call.portal.product_rows, Dialect(PRODUCT_ROW, call.portal.zone, strict=False))
    return Answer({"productRows": [_native(call, row) for row in found.rows]}, found.total, found.next)


def _owners(call: Call, owner_type: Any, owner: Any) -> list[int]:
    several = isinstance(owner, list | tuple | dict)
    if not owner_type or not owner or (several and call.portal.faults.single_owner_rows):
        raise RestError("100", "Required parameters not provided: ownerType, ownerId")
    ids = owner.values() if isinstance(owner, dict) else owner if several else [owner]
    try:
        return [int(id) for id in ids]
    except (TypeError, ValueError):
        raise RestError("INVALID_ARG_VALUE", "Invalid filter: field 'ownerId' has invalid value") from None


def _check_access(call: Call, deal: int) -> None:
    visible, row = call.portal.staff.visible_to(call.user.id), call.portal.deals.rows.get(deal)
    if visible is not None and row is not None and row.get("assignedById", 1) not in visible:
        raise RestError("ACCESS_DENIED", "Access denied")


def _in_order(call: Call) -> Call:
    """Rows of no order come by their `sort`."""
    if call.params.has("order") or call.params.number("start") < 0:
        return call
    return Call(call.portal, call.user, Params({**dict(call.params.items()), "order": {"sort": "ASC", "id": "ASC"}}))


@method("crm.item.productrow.get", "crm")
def row_get(call: Call) -> Answer:
    row = call.portal.product_rows.rows.get(call.params.number("id"))
    if row is None:
        raise RestError("NOT_FOUND", "Item not found")
    _check_access(call, row["ownerId"])
    return Answer({"productRow": _native(call, row)})


@method("crm.item.productrow.set", "crm")
def rows_set(call: Call) -> Answer:
    params = call.params
    if not params.has("ownerType") or not params.has("ownerId") or params.get("productRows") is None:
        raise RestError("100", "Required parameters not provided: ownerType, ownerId, productRows")
    if params.text("ownerType") != "D":
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", "Entity type not supported")
    id = params.number("ownerId")
    if id not in call.portal.deals.rows:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    _check_access(call, id)
    deals.set_products(call.portal, id, _mappings(params, "productRows"), call.user.id)
    return Answer({"productRows": [_native(call, row) for row in deals.product_rows(call.portal, id)]})


@method("crm.item.productrow.fields", "crm")
def row_fields(call: Call) -> Answer:
    with speaking(call.portal.settings.language):
        return Answer({"fields": captions.described(PRODUCT_ROW)})


@method("crm.deal.productrows.get", "crm")
def old_get(call: Call) -> Answer:
    return Answer([_old(call, row) for row in deals.product_rows(call.portal, _old_owner(call))])


@method("crm.deal.productrows.set", "crm")
def old_set(call: Call) -> Answer:
    id, rows = _old_owner(call), _mappings(call.params, "rows")
    named = [{_OLD_NAMES[name].name: value for name, value in row.items() if name in _OLD_NAMES} for row in rows]
    deals.set_products(call.portal, id, named, call.user.id)
    return Answer(True)


@method("crm.productrow.list", "crm")
def old_list(call: Call) -> Answer:
    """The oldest form: the rows of one owner, all at once."""
    asked = {str(key).lstrip("="): value for key, value in call.params.mapping("filter").items()}
    if not asked.get("OWNER_TYPE") or not asked.get("OWNER_ID"):
        raise RestError("", "The parameters OWNER_TYPE and OWNER_ID are required in the filter")
    if asked["OWNER_TYPE"] != "D":
        return Answer([], 0)
    ids = _owners(call, "D", asked["OWNER_ID"])
    for id in ids:
        _check_access(call, id)
    found = [_old(call, row) for id in ids for row in deals.product_rows(call.portal, id)]
    return Answer(found, len(found))


def _old_owner(call: Call) -> int:
    id = call.params.number("id")
    if id <= 0:
        raise RestError("", "The parameter id is invalid or not defined.")
    if id not in call.portal.deals.rows:
        raise RestError("", "Not found")
    _check_access(call, id)
    return id


def _mappings(params: Params, name: str) -> list[dict[str, Any]]:
    rows = params.many(name)
    if not all(isinstance(row, dict) for row in rows):
        raise RestError("INVALID_ARG_VALUE", f"Invalid value of parameter '{name}'")
    return rows


def _native(call: Call, row: Row) -> dict[str, Any]:
    return {**write_native(call, dict(PRODUCT_ROW))(row), **_prices(call, row)}


def _prices(call: Call, row: Row) -> dict[str, Any]:
    """What follows from `price`, which has discount and tax in it; priceAccount is in the reports' currency."""
    price = row.get("price", 0)
    deal = call.portal.deals.rows.get(row["ownerId"], {})
    before = price + row.get("discountSum", 0)
    reported = call.portal.dictionaries.in_base(price, DEAL["currencyId"].read(deal))
    return {"priceAccount": reported, "priceExclusive": price, "priceNetto": before, "priceBrutto": before}


def _old(call: Call, row: Row) -> dict[str, Any]:
    """Numbers stay numbers but for the ids of row and owner and the price in the reports' currency."""
    record = {PRODUCT_ROW[name].upper: value for name, value in _native(call, row).items()}
    record |= {name: str(record[name]) for name in ("ID", "OWNER_ID")}
    return {
        **record,
        "ORIGINAL_PRODUCT_NAME": record["PRODUCT_NAME"],
        "PRICE_ACCOUNT": f"{record['PRICE_ACCOUNT']:.2f}",
    }


@method("crm.product.list", "crm")
def products(call: Call) -> Answer:
    return _old_page(call, call.portal.products, PRODUCT)


@method("crm.productsection.list", "crm")
def sections(call: Call) -> Answer:
    return _old_page(call, call.portal.sections, SECTION)


def _old_page(call: Call, table: Table, fields: Fields) -> Answer:
    found = page(call, table, Dialect(fields, call.portal.zone, strict=False))
    write = write_textual(call, dict(fields), call.params)
    return Answer([write(row) for row in found.rows], found.total, found.next)
