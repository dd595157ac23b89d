"""A mapping as an administrator writes it, and as it is stored: what is a request, and what of it says when."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from b24app.facts.requests.rules import BUILT_IN, CREATED_BY, CREATED_TIME, RESPONSIBLE, VALUE, RequestMapping
from b24app.facts.rules import ENTRY
from b24app.lib.errors import Fault
from b24app.lib.i18n import gettext as _
from b24app.periods.rules import Hours

KNOWN = BUILT_IN | {CREATED_TIME, RESPONSIBLE, CREATED_BY, VALUE}
Word = Annotated[str, Field(max_length=64)]


class MappingDocument(BaseModel):
    """Empty names mean: nothing says so. Times are HH:MM of the portal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
    name: Annotated[str, Field(min_length=1, max_length=255)]
    entity: Annotated[str, Field(pattern=r"^(deal|lead|session|entry|item_[1-9][0-9]{0,9})$")]
    category_ids: tuple[int, ...] = ()
    created: Word = CREATED_TIME
    responded: Word = ""
    responded_stages: tuple[Word, ...] = ()
    resolved: Word = ""
    resolved_stages: tuple[Word, ...] = ()
    rating: Word = ""
    rated: Word = ""
    owner: Word = RESPONSIBLE
    hours_from: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "09:00"
    hours_to: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "18:00"
    entry_code: Word = ""

    def faults(self, fields: Mapping[str, str]) -> Iterator[Fault]:
        """What cannot be: `fields` are those of the records, with their types; empty while they are not known."""
        if _minutes(self.hours_to) <= _minutes(self.hours_from):
            yield Fault("hours_to", _("Work must end after it begins."))
        if self.entity == ENTRY and not self.entry_code:
            yield Fault("entry_code", _("This field is required."))
        named = {name: getattr(self, name) for name in ("created", "responded", "resolved", "rated", "rating", "owner")}
        for place, field in named.items():
            if fields and field and field not in fields and field not in KNOWN:
                yield Fault(place, _("There is no such field."))

    def mapping(self, number: int) -> RequestMapping:
        return RequestMapping(
            code=self.code,
            number=number,
            entity=self.entity,
            category_ids=self.category_ids,
            created=self.created or CREATED_TIME,
            responded=self.responded or None,
            responded_stages=self.responded_stages,
            resolved=self.resolved or None,
            resolved_stages=self.resolved_stages,
            rating=self.rating or None,
            rated=self.rated or (CREATED_TIME if self.entity == ENTRY else None),
            owner=self.owner or RESPONSIBLE,
            hours=Hours(_minutes(self.hours_from), _minutes(self.hours_to)),
            entry_code=self.entry_code if self.entity == ENTRY else "",
        )

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
