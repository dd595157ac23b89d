"""Columns that are known by their heads: what people and 1C call them, and the reports of the big ad systems. Pure.

A report of an ad system has several columns of values; each becomes a kind of value of its own: `ad_spend`, which
cost_per_lead and ad_roi count, and beside it clicks and shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from b24app.ingest.imports.people import plain
from b24app.ingest.imports.rules import OF_KIND, Cell, Role
from b24app.lib import typed

SPEND, CLICKS, SHOWS, LEADS = (f"{OF_KIND}ad_{what}" for what in ("spend", "clicks", "shows", "leads"))


@dataclass(frozen=True, slots=True)
class Report:
    """A file of another program: the heads it is known by, and what all its columns of interest are."""

    name: str
    known_by: frozenset[str]
    roles: Mapping[str, str]


def _report(name: str, known_by: Sequence[str], **roles: Sequence[str]) -> Report:
    codes = {"spend": SPEND, "clicks": CLICKS, "shows": SHOWS, "leads": LEADS, "day": Role.DAY, "comment": Role.COMMENT}
    heads = {plain(head): str(codes[role]) for role, heads in roles.items() for head in heads}
    return Report(name, frozenset(map(plain, known_by)), heads)


REPORTS = (
    _report(
        "Яндекс Директ", ("Расход (руб.)", "Показы"),
        day=("Дата", "День"), spend=("Расход (руб.)", "Расход, руб.", "Расход"), clicks=("Клики",), shows=("Показы",),
        leads=("Конверсии",), comment=("Кампания", "Название кампании"),
    ),
    _report(
        "Yandex Direct", ("Cost", "Impressions", "Campaign name"),
        day=("Date",), spend=("Cost",), clicks=("Clicks",), shows=("Impressions",), leads=("Conversions",),
        comment=("Campaign name",),
    ),
    _report(
        "VK Реклама", ("Потрачено всего, ₽",),
        day=("Дата",), spend=("Потрачено всего, ₽", "Потрачено, ₽"), clicks=("Клики",), shows=("Показы",),
        leads=("Результат",), comment=("Название", "Кампания"),
    ),
    _report(
        "Google Ads", ("Cost", "Impr."),
        day=("Day", "Date"), spend=("Cost",), clicks=("Clicks",), shows=("Impr.",), leads=("Conversions",),
        comment=("Campaign",),
    ),
    _report(
        "Google Ads", ("Стоимость", "Показы"),
        day=("День", "Дата"), spend=("Стоимость",), clicks=("Клики",), shows=("Показы",), leads=("Конверсии",),
        comment=("Кампания",),
    ),
    _report(
        "Meta Ads", ("Amount spent (RUB)",),
        day=("Day", "Reporting starts"), spend=("Amount spent (RUB)",), clicks=("Link clicks", "Clicks (all)"),
        shows=("Impressions",), leads=("Leads", "Results"), comment=("Campaign name",),
    ),
    _report(
        "Meta Ads", ("Amount spent (USD)",),
        day=("Day", "Reporting starts"), spend=("Amount spent (USD)",), clicks=("Link clicks", "Clicks (all)"),
        shows=("Impressions",), leads=("Leads", "Results"), comment=("Campaign name",),
    ),
)  # fmt: skip
"""The narrower a report's heads, the earlier it stands."""

Heads = Mapping[Role, tuple[str, ...]]

HEADS: Heads = {
    Role.DAY: ("дата", "день", "дата документа", "период", "date", "day", "occurred at"),
    Role.EMPLOYEE: (
        "сотрудник", "менеджер", "фио", "ответственный", "id сотрудника", "почта", "e-mail", "email", "employee",
        "employee id", "manager", "name", "продавец", "табельный номер",
    ),
    Role.DEPARTMENT: ("отдел", "подразделение", "department", "department id"),
    Role.CODE: ("код", "код показателя", "показатель", "вид", "code", "metric"),
    Role.VALUE: ("значение", "сумма", "количество", "сумма документа", "факт", "value", "amount", "sum", "quantity"),
    Role.SOURCE: ("источник", "источник лида", "source", "source id"),
    Role.KEY: ("ключ", "номер", "номер документа", "документ", "id документа", "ссылка", "key", "number", "guid"),
    Role.COMMENT: ("комментарий", "примечание", "описание", "comment", "note"),
}  # fmt: skip


def report(heads: Sequence[Cell]) -> Report | None:
    """The ad system a file comes from, if its heads are all there."""
    known = {plain(str(head or "")) for head in heads}
    return next((one for one in REPORTS if one.known_by <= known), None)


def roles(heads: Sequence[Cell]) -> tuple[str, ...]:
    """A guess at what each column is; each role but that of values once, from the left."""
    found = report(heads)
    return once(heads, (lambda name: found.roles.get(name, "")) if found else lambda name: by_head(name, HEADS))


def once(heads: Sequence[Cell], guessed: Callable[[str], str]) -> tuple[str, ...]:
    given: set[str] = set()

    def role(head: Cell) -> str:
        guess = guessed(plain(str(head or "")))
        if guess in given:
            return Role.NOTHING
        given.add(guess or "-")
        return guess

    return tuple(role(head) for head in heads)


def by_head(name: str, known: Heads) -> str:
    return next((str(role) for role, names in known.items() if name in map(plain, names)), "")


def has_heads(first: Sequence[Cell]) -> bool:
    """Whether a first row names columns: it has neither a number nor a day in it."""
    return not any(
        not isinstance(cell, str) or typed.number(cell) is not None or typed.day(cell) is not None
        for cell in first
        if cell is not None
    )


def decimal(rows: Sequence[Sequence[Cell]], places: Sequence[int]) -> str:
    """The decimal sign of the columns of values: a point only where some number says so and none says otherwise."""
    texts = [cell for row in rows for place in places if place < len(row) and isinstance(cell := row[place], str)]
    points = sum("." in text and "," not in text[text.rfind(".") :] for text in texts)
    commas = sum("," in text and "." not in text[text.rfind(",") :] for text in texts)
    return typed.DOT if points > commas else typed.COMMA
