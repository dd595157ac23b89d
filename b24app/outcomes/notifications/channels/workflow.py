"""A workflow that the administrator chose, for an employee who is behind plan, on a record of theirs.

Where the plan of the portal has no workflows, or there is no such record, the employee is notified instead.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from b24app.bitrix.client import WHILE_SOMEBODY_WAITS
from b24app.bitrix.wire import mapping
from b24app.facts.rules import OPEN
from b24app.facts.tables import Deal
from b24app.lib.db import db
from b24app.lib.i18n import gettext as _
from b24app.outcomes.notifications.channels import base
from b24app.outcomes.notifications.channels.base import Messages
from b24app.outcomes.notifications.rules import WORKFLOW, Message, Outcome, failed
from b24app.portal import operations as portals

code = WORKFLOW
at_once = 1
may_repeat = False

DOCUMENTS = {
    "DEAL": "CCrmDocumentDeal",
    "LEAD": "CCrmDocumentLead",
    "CONTACT": "CCrmDocumentContact",
    "COMPANY": "CCrmDocumentCompany",
}
"""Records that a workflow may be started on, by the class of their documents (contract 6.1)."""


def tell(portal_id: int, messages: Messages) -> dict[int, Outcome]:
    return {one.id: _start(portal_id, one) for one in messages}


def _start(portal_id: int, message: Message) -> Outcome:
    payload = message.payload
    employee_id = payload["subject"][1]
    document = payload["document"] or _newest_open_deal(portal_id, employee_id)
    if document is None:
        return failed(_("The employee has no open deal that the workflow could run on."))
    kind = document.partition("_")[0]
    params = {
        "TEMPLATE_ID": payload["template"],
        "DOCUMENT_ID": ["crm", DOCUMENTS[kind], document],
        "PARAMETERS": parameters(payload),
    }
    return base.once(lambda: portals.connect(portal_id).call("bizproc.workflow.start", params, repeat=False))


def parameters(payload: Any) -> dict[str, str]:
    """What the workflow is given; a template that declares none of them takes none."""
    numbers = {name: base.written(payload, name) for name in ("value", "target", "attainment", "forecast")}
    return {
        "employee": f"user_{payload['subject'][1]}",
        "scorecard": payload["scorecard"],
        "indicator": payload["indicator"],
        "period": payload["period"][1],
        **numbers,
    }


def _newest_open_deal(portal_id: int, employee_id: int) -> str | None:
    mine = (Deal.portal_id == portal_id, Deal.responsible_id == employee_id, Deal.semantic == OPEN)
    query = select(Deal.id).where(*mine, Deal.deleted_at.is_(None), Deal.is_recurring.is_(False))
    id = db.session.scalar(query.order_by(Deal.updated_at.desc(), Deal.id.desc()).limit(1))
    db.session.rollback()  # no transaction stays open while the portal is asked
    return f"DEAL_{id}" if id else None


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow of the portal's own that may be started on a record of the CRM."""

    id: int
    name: str
    kind: str
    """DEAL, LEAD, .."""


def templates(portal_id: int) -> tuple[Template, ...]:
    """By name. RestError where the portal or its plan has none over REST. Asked while a person waits."""
    params = {"SELECT": ["ID", "NAME", "MODULE_ID", "ENTITY", "DOCUMENT_TYPE"], "FILTER": {"MODULE_ID": "crm"}}
    db.session.rollback()
    rows = mapping(portals.connect(portal_id, WHILE_SOMEBODY_WAITS).call("bizproc.workflow.template.list", params))
    found = [row for row in rows.values() if isinstance(row, dict) and row.get("ENTITY") in DOCUMENTS.values()]
    told = [Template(int(row["ID"]), str(row.get("NAME") or row["ID"]), _kind(row)) for row in found]
    return tuple(sorted(told, key=lambda one: one.name.casefold()))


def _kind(row: Any) -> str:
    """The portal writes the type alone, or the whole triple."""
    kind = row.get("DOCUMENT_TYPE")
    return str(kind[-1] if isinstance(kind, list) and kind else kind or "")
