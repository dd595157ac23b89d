"""What can be made to go wrong: lost, doubled and shuffled events, refused and hanging requests, a moved address."""

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """The next `count` REST requests (of `method`, if given) are answered so instead of being worked on."""

    count: int = 1
    status: int = 503
    code: str = "QUERY_LIMIT_EXCEEDED"
    html: str = ""  # a body that is not JSON, as a proxy would answer
    method: str = ""
    hang_s: float = 0.0  # wait first; with status 0 the request is then served normally


@dataclass(slots=True)
class Faults:
    drop_events: float = 0.0  # share of event posts that never leave
    double_events: float = 0.0  # share of event posts that arrive twice
    shuffle_events: int = 0  # so many event posts wait, and for each that comes a random one leaves
    moved_to: str = ""  # the portal's new address; the old one answers 302
    operation_limit: frozenset[str] = frozenset()  # methods that answer 429 OPERATION_TIME_LIMIT
    plain_offline: bool = False  # a tariff plan whose offline queue reserves nothing: rows leave as they are read
    single_owner_rows: bool = False  # crm.item.productrow.list takes one owner only, as some portals do
    refusals: list[Refusal] = field(default_factory=list)

    def take(self, method: str) -> Refusal | None:
        """The refusal meant for this request, used up by one."""
        for place, refusal in enumerate(self.refusals):
            if refusal.method in ("", method):
                if refusal.count > 1:
                    self.refusals[place] = replace(refusal, count=refusal.count - 1)
                else:
                    del self.refusals[place]
                return refusal
        return None

    def record(self) -> dict[str, Any]:
        return {
            "drop_events": self.drop_events,
            "double_events": self.double_events,
            "shuffle_events": self.shuffle_events,
            "moved_to": self.moved_to,
            "operation_limit": sorted(self.operation_limit),
            "plain_offline": self.plain_offline,
            "single_owner_rows": self.single_owner_rows,
            "refusals": len(self.refusals),
        }
