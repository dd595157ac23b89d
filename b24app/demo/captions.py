"""What fields are called, in the current language, and how crm.item.fields and its older relatives describe them."""

from typing import Any

from b24app.demo import custom_fields, tickets
from b24app.demo.fields import LIST, YESNO, CustomField, Field, Fields
from b24app.lib.i18n import gettext as _

_SETTINGS: dict[str, dict[str, Any]] = {
    "string": {"SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": ""},
    "double": {"PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "enumeration": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    "date": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}},
    "datetime": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}, "USE_SECOND": "Y", "USE_TIMEZONE": "N"},
    "boolean": {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""], "LABEL_CHECKBOX": ""},
    "money": {"DEFAULT_VALUE": ""},
}
_PARENTS = {"crm_lead": 1, "crm_company": 4, "crm_quote": 7}


def _standard() -> dict[str, str]:
    return {
        "id": "ID",
        "title": _("Title"),
        "name": _("First name"),
        "lastName": _("Last name"),
        "secondName": _("Second name"),
        "post": _("Position"),
        "createdTime": _("Created at"),
        "updatedTime": _("Changed at"),
        "movedTime": _("Moved at"),
        "lastActivityTime": _("Last activity at"),
        "createdBy": _("Created by"),
        "updatedBy": _("Changed by"),
        "movedBy": _("Moved by"),
        "lastActivityBy": _("Last activity by"),
        "assignedById": _("Responsible"),
        "observers": _("Observers"),
        "opened": _("Available to everyone"),
        "comments": _("Comment"),
        "sourceId": _("Source"),
        "sourceDescription": _("About the source"),
        "originatorId": _("External source"),
        "originId": _("Identifier in the external source"),
        "utmSource": _("Advertising system"),
        "utmMedium": _("Kind of traffic"),
        "utmCampaign": _("Advertising campaign"),
        "utmContent": _("Content of the campaign"),
        "utmTerm": _("Search condition of the campaign"),
        "typeId": _("Type"),
        "categoryId": _("Funnel"),
        "stageId": _("Stage"),
        "stageSemanticId": _("Group of stages"),
        "isNew": _("New deal"),
        "isRecurring": _("Recurring deal"),
        "isReturnCustomer": _("Repeat deal"),
        "isRepeatedApproach": _("Repeated approach"),
        "closed": _("Deal is closed"),
        "probability": _("Probability"),
        "opportunity": _("Amount"),
        "isManualOpportunity": _("Amount is set by hand"),
        "taxValue": _("Tax"),
        "currencyId": _("Currency"),
        "companyId": _("Company"),
        "companyIds": _("Companies"),
        "contactId": _("Contact"),
        "contactIds": _("Contacts"),
        "quoteId": _("Estimate"),
        "leadId": _("Lead"),
        "begindate": _("Start date"),
        "closedate": _("Close date"),
        "dateClosed": _("Closed at"),
        "additionalInfo": _("Additional information"),
        "companyTitle": _("Company name"),
        "statusDescription": _("About the status"),
        "industry": _("Industry"),
        "employees": _("Number of employees"),
        "revenue": _("Annual revenue"),
        "ownerId": _("Owner"),
        "ownerType": _("Type of the owner"),
        "productId": _("Product"),
        "productName": _("Name of the product"),
        "price": _("Price"),
        "quantity": _("Quantity"),
    }


def titles() -> dict[str, str]:
    return _standard() | custom_fields.titles() | tickets.titles()


def described(fields: Fields, original_names: bool = False) -> dict[str, dict[str, Any]]:
    """As crm.item.fields prints them."""
    names, options = titles(), custom_fields.options() | tickets.options()
    result = {}
    for field in fields.values():
        title = names.get(field.name) or field.upper
        shape = _shape(field, field.type or field.kind)
        if isinstance(field, CustomField):
            shape |= _items(field, options)
            shape |= dict.fromkeys(("title", "listLabel", "formLabel", "filterLabel"), title)
        else:
            shape["title"] = title
        shape |= {**_settings(field), "upperName": field.upper}
        result[field.old if original_names and field.custom else field.name] = shape
    return result


def described_old(fields: Fields) -> dict[str, dict[str, Any]]:
    """As crm.deal.fields prints them: a yes is a char, and a custom field is titled by its own name."""
    names, options = titles(), custom_fields.options()
    result = {}
    for field in fields.values():
        title = names.get(field.name) or field.upper
        shape = _shape(field, field.type or ("char" if field.kind == YESNO and not field.custom else field.kind))
        if isinstance(field, CustomField):
            shape |= {**_items(field, options), "title": field.old}
            shape |= dict.fromkeys(("listLabel", "formLabel", "filterLabel"), title)
        else:
            shape["title"] = title
        result[field.old_name] = shape | _settings(field)
    return result


def _shape(field: Field, type: str) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "type": type,
        "isRequired": False,
        "isReadOnly": field.read_only,
        "isImmutable": False,
        "isMultiple": field.kind == LIST,
        "isDynamic": field.custom,
    }
    return {**shape, "statusType": field.dictionary} if field.dictionary else shape


def _items(field: CustomField, options: dict[int, str]) -> dict[str, Any]:
    return {"items": [{"ID": str(id), "VALUE": options[id]} for id in field.options]} if field.options else {}


def _settings(field: Field) -> dict[str, Any]:
    type = field.type or field.kind
    if field.custom:
        return {"settings": _SETTINGS[type]} if type in _SETTINGS else {}
    return {"settings": {"parentEntityTypeId": _PARENTS[type]}} if type in _PARENTS and field.kind != LIST else {}


def user_field(field: CustomField, place: int, with_labels: bool) -> dict[str, Any]:
    """As crm.deal.userfield.list prints it: labels only for who names their language."""
    options, title, type = custom_fields.options(), custom_fields.titles()[field.name], field.type or field.kind
    record: dict[str, Any] = {
        "ID": str(field.id),
        "ENTITY_ID": "CRM_DEAL",
        "FIELD_NAME": field.old,
        "USER_TYPE_ID": type,
        "XML_ID": None,
        "SORT": str(100 + 10 * place),
        "MULTIPLE": "Y" if field.kind == LIST else "N",
        "MANDATORY": "N",
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": _SETTINGS.get(type, []),
    }
    if with_labels:
        record |= dict.fromkeys(("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"), title)
        record |= {"ERROR_MESSAGE": None, "HELP_MESSAGE": None}
    if field.options:
        record["LIST"] = [
            {"ID": str(id), "SORT": str(10 * number), "VALUE": options[id], "DEF": "N", "XML_ID": f"option-{id}"}
            for number, id in enumerate(field.options, start=1)
        ]
    return record
