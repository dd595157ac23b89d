"""The kind of import whose rows are values for the ledger: whose they are is asked of every row."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from b24app.facts import ledger
from b24app.facts.approval import Approval, approval
from b24app.facts.rules import EntryDraft
from b24app.ingest.imports import recognised, rules, words
from b24app.ingest.imports.kinds import File, Found
from b24app.ingest.imports.reading import Line
from b24app.ingest.imports.rules import Fault, Reader, Role, Value
from b24app.ingest.manual import moment, subject_of
from b24app.lib.clock import epoch
from b24app.periods.rules import on_wall
from b24app.portal import queries as portals
from b24app.portal.rules import Action, can, employee

code = "entries"
action = Action.ENTER
needs_reason = False
roles = tuple(role.value for role in Role if role not in (Role.SCORECARD, Role.INDICATOR, Role.TARGET))

guess = recognised.roles
what_is_missing = rules.what_is_missing
fault = words.fault
missing = words.missing


@dataclass(frozen=True, slots=True)
class Source:
    """A file read as values."""

    file: File
    decided: Approval
    _keys: set[str] = field(default_factory=set)
    _sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def rows(self) -> Iterator[tuple[Line, tuple[Value, ...], tuple[Fault, ...]]]:
        reader = Reader(self.file.meaning, self.file.names, self.file.today, self.file.digest[:16])
        allowed: dict[tuple[int | None, int | None, str], str | None] = {}
        for line in self.file.lines():
            values, faults = reader.read(line.number, line.cells)
            refused = []
            for value in values:
                key = value.employee_id, value.department_id, value.code
                if key not in allowed:
                    allowed[key] = self._refusal(*key)
                if code := allowed[key]:
                    refused.append(Fault(line.number, None, code, value.code if code == "money" else ""))
                elif scale := self.decided.missed(value.code, value.value):
                    refused.append(Fault(line.number, None, scale, value.code))
            yield line, () if refused else values, (*faults, *dict.fromkeys(refused))

    def _refusal(self, employee_id: int | None, department_id: int | None, code: str) -> str | None:
        viewer, subject = self.file.viewer, subject_of(employee_id, department_id)
        if not can(viewer, Action.ENTER, subject):
            return "own" if subject == employee(viewer.user_id or 0) else "not_allowed"
        return "money" if self.decided.is_money(code) and not viewer.sees_money else None

    def count(self, found: Found, said: Value) -> None:
        self._keys.add(said.key)
        self._sums[said.code] += said.value
        found.waiting += self.decided.state(said.code, said.value, "import") != "counted"

    def sum_up(self, found: Found) -> None:
        found.known = len(ledger.known_keys(self.file.viewer.portal_id, self._keys))
        found.new = len(self._keys) - found.known
        found.totals = {code: f"{total:f}" for code, total in sorted(self._sums.items())}

    def draft(self, value: Value) -> EntryDraft:
        return EntryDraft(
            key=value.key,
            code=value.code,
            kind=self.file.meaning.kind,
            value=value.value,
            occurred_at=(at := self._at(value.day)),
            local_at=None if isinstance(value.day, datetime) else on_wall(at, self.file.settings),
            employee_id=value.employee_id,
            department_id=value.department_id,
            source_id=value.source or None,
            comment=value.comment,
            origin="import",
            author=self.file.viewer.actor,
            state=self.decided.state(value.code, value.value, "import"),
            import_id=self.file.id,
        )

    def _at(self, day: date | datetime) -> int:
        if not isinstance(day, datetime):
            return moment(day, self.file.meaning.kind, self.file.now, self.file.settings)
        local = day if day.tzinfo else day.replace(tzinfo=ZoneInfo(self.file.settings.time_zone))
        return epoch(local)


def source(file: File) -> Source:
    return Source(file, approval(portals.get(file.viewer.portal_id).settings))
