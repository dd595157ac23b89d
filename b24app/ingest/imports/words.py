"""What is wrong with a row or a mapping, as a sentence in the current language."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from b24app.facts.ledger import off_scale
from b24app.lib.i18n import gettext as _

ROWS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in the same way in some rows; `more`: in how many beside those named."""

    rows: tuple[int, ...]
    more: int
    column: int | None
    sentence: str


def mistakes(faults: Iterable[tuple[Any, ...]], say: Callable[[str, str], str]) -> tuple[Mistake, ...]:
    """The mistakes (row, column, code, text) of a file, each said once by its kind, in the order of the rows."""
    grouped: dict[tuple[int | None, str, str], list[int]] = {}
    for row, column, code, text in faults:
        grouped.setdefault((column, code, text), []).append(row)
    return tuple(
        Mistake(tuple(rows[:ROWS_NAMED]), len(rows[ROWS_NAMED:]), column, say(code, text))
        for (column, code, text), rows in grouped.items()
    )


def fault(code: str, text: str) -> str:
    """`text` is what stands in the cell."""
    match code:
        case "day":
            return _("“%(text)s” is no date: write 30.11.2026 or 2026-11-30.", text=text)
        case "no_day":
            return _("The date is missing.")
        case "future":
            return _("%(text)s lies in the future.", text=text)
        case "unknown_person":
            return _("Nobody here is called “%(text)s”.", text=text)
        case "ambiguous_person":
            return _("Several people may be meant by “%(text)s”: write the id.", text=text)
        case "address":
            return _("Whose address is %(text)s? Bitrix24 does not tell the app: say whom it means.", text=text)
        case "unknown_department":
            return _("No department here is called “%(text)s”.", text=text)
        case "ambiguous_department":
            return _("Several departments are called “%(text)s”: write the id.", text=text)
        case "number":
            return _("“%(text)s” is no number.", text=text)
        case "decimals":
            return _("%(text)s has more than 6 decimals.", text=text)
        case "too_large":
            return _("%(text)s is too large.", text=text)
        case "no_value":
            return _("The row has no value.")
        case "code":
            return _("The kind of the value is missing or longer than 64 characters.")
        case "too_long":
            return _("“%(text)s…” is too long.", text=text)
        case "key_twice":
            return _("The key and the row where it came first: %(text)s. Each key may stand in a file once.", text=text)
        case "own":
            return _("These are your own numbers: nobody enters or corrects their own.")
        case "money":
            return _("These are amounts of money, which you may not see.")
        case "mark" | "yes_no":
            return f"{text}: {off_scale(code)}"
        case _:
            return _("You may not enter values of this person or department.")


def missing(code: str) -> str:
    match code:
        case "no_value_column":
            return _("Say which column has the values.")
        case "no_code":
            return _("Say what kind of values these are.")
        case "no_day":
            return _("Say which column has the dates, or choose one day for all rows.")
        case _:
            return _("Two columns have the same meaning: only values may stand in several columns.")
