"""One table of records in memory: rows by id, ids in order, and the few indexes that keep lists fast at 200 000 rows.

A list walks ids from where the filter allows it to start (`>id`), or only the rows that an index offers, and stops as
soon as the page is full; so a keyset walk over the whole table reads each row once.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from b24app.demo.fields import Fields, Row
from b24app.demo.filters import Condition, Field, Group, matcher, sort

PAGE = 50
BOUNDS = frozenset({">", ">=", "<", "<="})


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Row, ...]
    total: int | None = None
    next: int | None = None


@dataclass(slots=True)
class Table:
    """`hashed` fields find rows by equality, `ranged` ones by a lower bound."""

    fields: Fields
    key: str = "id"
    hashed: tuple[str, ...] = ()
    ranged: tuple[str, ...] = ()
    rows: dict[int, Row] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    last_id: int = 0
    _by_value: dict[str, dict[Any, list[int]]] = field(default_factory=dict)
    _by_order: dict[str, list[tuple[Any, int]]] = field(default_factory=dict)

    def load(self, rows: Iterable[Row]) -> None:
        """Fill an empty table at once."""
        self.rows = {row[self.key]: row for row in rows}
        self.ids = sorted(self.rows)
        self.last_id = max(self.ids, default=0)
        for name in self.hashed:
            index = self._by_value[name] = defaultdict(list)
            for id in self.ids:
                index[self.rows[id].get(name)].append(id)
        for name in self.ranged:
            self._by_order[name] = sorted((self.rows[id][name], id) for id in self.ids)

    def add(self, row: Row) -> Row:
        """Store a new row under the next id."""
        self.last_id += 1
        row[self.key] = self.last_id
        self.rows[self.last_id] = row
        self.ids.append(self.last_id)
        for name in self.hashed:
            self._by_value[name][row.get(name)].append(self.last_id)
        for name in self.ranged:
            insort(self._by_order[name], (row[name], self.last_id))
        return row

    def change(self, id: int, values: Row) -> Row:
        row = self.rows[id]
        for name in self.ranged:
            if name in values:
                index = self._by_order[name]
                del index[bisect_left(index, (row[name], id))]
                insort(index, (values[name], id))
        for name in self.hashed:
            if name in values:
                self._by_value[name][row.get(name)].remove(id)
                insort(self._by_value[name][values[name]], id)
        row.update(values)
        return row

    def remove(self, id: int) -> Row:
        row = self.rows.pop(id)
        del self.ids[bisect_left(self.ids, id)]
        for name in self.hashed:
            self._by_value[name][row.get(name)].remove(id)
        for name in self.ranged:
            index = self._by_order[name]
            del index[bisect_left(index, (row[name], id))]
        return row

    def matching(self, name: str, value: Any) -> tuple[int, ...]:
        """Ids of the rows whose hashed field has this value."""
        return tuple(self._by_value[name].get(value, ()))

    def find(self, where: Group, order: tuple[tuple[Field, bool], ...] = (), start: int = 0) -> Page:
        """One page of 50. `start` -1 counts nothing and gives the first rows."""
        by_id = not order or order[0][0].name == self.key
        descending = bool(order and order[0][1])
        if by_id and start >= 0 and self._is_range(where):
            return self._page_of_range(where, start, descending)
        test = matcher(where)
        ids = self._candidates(where, descending and by_id)
        found: Iterator[Row] = (row for row in (self.rows[id] for id in ids) if test(row))
        if start < 0 and by_id:
            return Page(tuple(islice(found, PAGE)))
        rows = list(found) if by_id else sort(found, order)
        if start < 0:
            return Page(tuple(rows[:PAGE]))
        following = start + PAGE
        return Page(tuple(rows[start:following]), len(rows), following if following < len(rows) else None)

    def _is_range(self, where: Group) -> bool:
        """Whether the filter asks for nothing but ids between bounds: which rows these are is known without a look."""
        conditions = [part for part in where.parts if isinstance(part, Condition) and not part.negated]
        bounds = [part for part in conditions if part.field.name == self.key and part.op in BOUNDS]
        return len(bounds) == len(where.parts) and (len(bounds) < 2 or not where.any_of)

    def _page_of_range(self, where: Group, start: int, descending: bool) -> Page:
        low, high = self._id_range([part for part in where.parts if isinstance(part, Condition)])
        total, following = max(0, high - low), start + PAGE
        places = (
            range(high - 1 - start, max(high - 1 - following, low - 1), -1)
            if descending
            else range(low + start, min(low + following, high))
        )
        rows = tuple(self.rows[self.ids[place]] for place in places)
        return Page(rows, total, following if following < total else None)

    def _candidates(self, where: Group, descending: bool) -> Iterable[int]:
        """Ids that may match, in id order: from the most selective condition that an index knows."""
        conditions = [part for part in where.parts if isinstance(part, Condition) and not part.negated]
        if where.any_of:
            conditions = []
        for condition in conditions:
            values = {condition.value} if condition.op == "=" else condition.value if condition.op == "@" else None
            if values is not None and condition.field.name == self.key:
                return sorted((id for id in values if id in self.rows), reverse=descending)
            if values is not None and condition.field.name in self.hashed:
                index = self._by_value[condition.field.name]
                return sorted((id for value in values for id in index.get(value, ())), reverse=descending)
        low, high = self._id_range(conditions)
        for condition in conditions:
            if condition.op in (">", ">=") and condition.field.name in self.ranged and condition.value is not None:
                ordered = self._by_order[condition.field.name]
                begin = bisect_left(ordered, (condition.value, 0))
                if len(ordered) - begin < (high - low) // 4:
                    return sorted((id for _, id in islice(ordered, begin, None)), reverse=descending)
        places = range(high - 1, low - 1, -1) if descending else range(low, high)
        return (self.ids[place] for place in places)

    def _id_range(self, conditions: list[Condition]) -> tuple[int, int]:
        low, high = 0, len(self.ids)
        for condition in conditions:
            if condition.field.name != self.key:
                continue
            if condition.op == ">":
                low = max(low, bisect_right(self.ids, condition.value))
            elif condition.op == ">=":
                low = max(low, bisect_left(self.ids, condition.value))
            elif condition.op == "<":
                high = min(high, bisect_left(self.ids, condition.value))
            elif condition.op == "<=":
                high = min(high, bisect_right(self.ids, condition.value))
        return low, high
