"""What an administrator says of the codes of the ledger: names, which are money, and above which limit a second person
approves. Audited with the other settings; the caller holds the portal's lock and commits."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from b24app.facts.approval import CODES, LIMIT, OF_API, SCALES, Code
from b24app.lib import typed
from b24app.lib.errors import Fault, Invalid
from b24app.lib.i18n import gettext as _
from b24app.portal import operations as portal
from b24app.portal import queries as portals
from b24app.portal.rules import Viewer

LONGEST_CODE, LONGEST_NAME = 64, 255
MOST_CODES = 500


def save_code(viewer: Viewer, given: Mapping[str, str], now: datetime, decimal: str) -> None:
    """Of one code; one of which nothing is said is said nothing of any more. Invalid with a sentence per field."""
    code, name = given.get("code", "").strip(), given.get("name", "").strip()
    known = dict(portals.get(viewer.portal_id).settings.get(CODES) or {})
    faults = []
    if not code or len(code) > LONGEST_CODE:
        faults.append(Fault("code", _("The code must have 1 to 64 characters.")))
    if len(name) > LONGEST_NAME:
        faults.append(Fault("name", _("The name is too long.")))
    if code not in known and len(known) >= MOST_CODES:
        faults.append(Fault("code", _("There are too many kinds of values.")))
    limit = _limit(given.get("limit", ""), decimal, faults)
    if faults:
        raise Invalid(_("The settings were not saved."), faults)
    values = given.get("money", "")
    said = Code(name, values == "yes", limit, values if values in SCALES else "").told()
    portal.change_settings(viewer.portal_id, {CODES: {**known, code: said}}, viewer.actor, now)


def save_limits(viewer: Viewer, given: Mapping[str, str], now: datetime, decimal: str) -> None:
    """The limit of all codes that have none of their own, and whether what programs post waits, too."""
    faults: list[Fault] = []
    limit = _limit(given.get("limit", ""), decimal, faults)
    if faults:
        raise Invalid(_("The settings were not saved."), faults)
    changes = {LIMIT: None if limit is None else str(limit), OF_API: given.get("of_api") == "yes"}
    portal.change_settings(viewer.portal_id, changes, viewer.actor, now)


def _limit(text: str, decimal: str, faults: list[Fault]) -> Decimal | None:
    if not text.strip():
        return None
    found = typed.number(text, decimal)
    if found is None or found < 0:
        faults.append(Fault("limit", _("Enter a number of at least 0, or nothing.")))
    return found
