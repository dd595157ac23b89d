"""What a source owes: `key`, `entity`, the `events` it listens to, and how to read and translate.

A source is a module of this folder; being there registers it.

- Sources of records have a `listing`, `translate(row)` and, where events name single records,
  `fetch(client, ids, read_at)`; the inbox, sync and reconcile use them unasked. `asking(extras)` is the same source
  reading what is watched.
- Records that are no facts themselves, but with which others change without a word, name those in `concerns` and say
  in `link` how they hang on them: after an event the others are compared with the portal's.
- Where events name the type of a record beside its id, `named_by(code, fields)` says which entity it is of.
- What is polled as a whole (staff, dictionaries, currencies) has `commands` and translates their answers; after an
  event it is polled at once.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from b24app.bitrix.batches import Command
from b24app.bitrix.client import Client
from b24app.bitrix.lister import Ask, Collected, collect, in_maps
from b24app.facts.entities import moved_by
from b24app.facts.moves import Stand
from b24app.facts.rules import PRODUCT_ROWS, MoveDraft
from b24app.ingest import parsing, sources
from b24app.ingest.parsing import BadRecord
from b24app.lib.registry import modules
from b24app.periods.rules import Settings

Row = Mapping[str, Any]
T = TypeVar("T")

PAGE = 50


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record put aside, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Extras:
    """What is read of records beside the columns of their table: watched fields with their types, of deals product
    rows. `semantics`: what the stages mean of records that do not say so themselves."""

    types: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    settings: Settings = field(default=Settings("UTC"))
    """Whose local days the times of fields are kept as."""
    stands: Mapping[int, Stand] = field(default_factory=dict)
    """Where the records asked for stood when they were read last; empty where their history is not known to its end."""
    semantics: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset({*self.types, PRODUCT_ROWS} if self.rows else self.types)


NOTHING = Extras()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read that began at `read_at` found of one entity. `gone` are the ids asked for that did not come.

    `asked` are the watched names it asked for and got; `refused` says why product rows are not among them.
    """

    entity: str
    read_at: datetime
    drafts: tuple[Any, ...] = ()
    moves: tuple[MoveDraft, ...] = ()
    gone: tuple[int, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    asked: frozenset[str] = frozenset()
    refused: str | None = None
    is_whole: bool = False
    """Whether it was asked for what is new, and not for records by their ids: then it cannot be taken apart by them."""

    def of(self, ids: Collection[int]) -> "Reading":
        """What it says of some records only."""
        if self.is_whole:
            return self
        names = set(map(str, ids))
        return replace(
            self,
            drafts=tuple(draft for draft in self.drafts if draft.id in ids),
            moves=tuple(move for move in self.moves if move.record_id in ids),
            gone=tuple(id for id in self.gone if id in ids),
            rejected=tuple(one for one in self.rejected if one.id in names),
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """A list method: what it is always asked, where its rows and their ids are, and the time a change moves.

    `asked_id` is what filters call the id, where rows call it otherwise; `ask` how the method takes filter and order.
    """

    method: str
    params: Mapping[str, Any]
    id_field: str
    items_key: str | None
    changed: str
    asked_id: str | None = field(default=None, kw_only=True)
    ask: Ask = field(default=in_maps, kw_only=True)

    def pages(
        self, client: Client, filter: Mapping[str, Any], after: int = 0, descending: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """All rows in the order of their ids, up to 2 500 a request."""
        found = client.keyset(
            self.method,
            {**self.params, "filter": {**self.params.get("filter", {}), **filter}},
            id_field=self.id_field,
            items_key=self.items_key,
            after=after,
            descending=descending,
            asked_id=self.asked_id,
            ask=self.ask,
        )
        for rows in found:
            self.complete(client, rows)
            yield rows

    def complete(self, client: Client, rows: list[dict[str, Any]]) -> None:
        """Put to some rows of the list what is read apart: of most there is nothing."""

    def first(self, answer: Any) -> Collected:
        """What the command of `page` brought, and whether that is all."""
        return collect({"page": answer}, self.id_field, self.items_key, descending=False, after=0)

    def page(self, filter: Mapping[str, Any]) -> Command:
        """A command of a batch for the first 50 rows."""
        asked = {**self.params.get("filter", {}), **filter}
        always = {name: value for name, value in self.params.items() if name != "filter"}
        return self.method, {**always, **self.ask(asked, self.asked_id or self.id_field, False)}

    def rows(self, answer: Any) -> list[dict[str, Any]]:
        return list(answer[self.items_key] if self.items_key else answer)

    def rest(
        self, client: Client, asked: Mapping[str, Mapping[str, Any]], answers: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """All rows of some filters, by the key of the batch's command: what the first pages brought, and further pages
        of those that were full."""
        rows: list[dict[str, Any]] = []
        while asked:
            pages = {name: self.rows(answers[name]) for name in asked}
            rows += [row for page in pages.values() for row in page]
            asked = {
                name: {
                    **filter,
                    f">{self.asked_id or self.id_field}": parsing.identity(pages[name][-1].get(self.id_field)),
                }
                for name, filter in asked.items()
                if len(pages[name]) == PAGE
            }
            answers = client.batch({name: self.page(filter) for name, filter in asked.items()}) if asked else {}
        return rows

    def only(self, *fields: str) -> "Listing":
        return replace(self, params={**self.params, "select": list(fields)})

    @property
    def counted(self) -> Command:
        """A command whose answer says how many rows there are."""
        return self.method, self.only(self.id_field).params

    def told(self, rows: Sequence[Row]) -> dict[str, Any]:
        """What a Reading of these rows says of what is watched."""
        return {}


class Source(Protocol):
    key: str
    entity: str
    events: tuple[str, ...]


class RecordSource(Source, Protocol):
    listing: Listing

    def translate(self, row: Row) -> Any:
        """The draft of its kind."""

    def fetch(self, client: Client, ids: Sequence[int], read_at: datetime) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Link:
    """How deals hang on a client: the field of their list, and the key they are kept under (semantics 3.3)."""

    field: str
    key: Callable[[int], str | None]


def record_sources() -> tuple[RecordSource, ...]:
    """Every source of records that are facts and that events name one by one."""
    return tuple(cast(RecordSource, source) for source in modules(sources) if hasattr(source, "fetch"))


def asking(source: Any, extras: Extras) -> Any:
    """The source, reading what is watched too; of most there is nothing."""
    return source.asking(extras) if hasattr(source, "asking") else source


def reading(source: Any, rows: Sequence[Row], read_at: datetime) -> Reading:
    """What rows of the source's list mean."""
    of_moves = moved_by(source.entity) is not None
    id_field = "OWNER_ID" if of_moves else source.listing.id_field  # a bad move is its record's
    drafts, rejected = translated(rows, source.translate, id_field)
    return Reading(source.entity, read_at, drafts, rejected=rejected, **source.listing.told(rows))


def translated(
    rows: Iterable[Row], translate: Callable[[Row], T], id_field: str
) -> tuple[tuple[T, ...], tuple[Rejected, ...]]:
    """The drafts, and what could not be read: one bad record does not stop the others."""
    drafts: list[T] = []
    rejected: list[Rejected] = []
    for row in rows:
        try:
            drafts.append(translate(row))
        except BadRecord as reason:
            rejected.append(Rejected(str(row.get(id_field, "")), str(reason)))
    return tuple(drafts), tuple(rejected)


def missing(ids: Iterable[int], rows: Iterable[Row], id_field: str) -> tuple[int, ...]:
    """Of the ids asked for, those that did not come: the records are gone."""
    came = {str(row.get(id_field)) for row in rows}
    return tuple(id for id in ids if str(id) not in came)


def groups(ids: Sequence[int], size: int = PAGE) -> Iterator[list[int]]:
    return (list(ids[start : start + size]) for start in range(0, len(ids), size))
