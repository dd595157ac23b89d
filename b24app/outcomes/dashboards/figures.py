"""Numbers and money as a reader of the current language writes them; used by sentences (words.py) and by pages.

Rounding is that of `scores.rules.shown`: never up to a limit that was not reached (semantics 7).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any, ParamSpec

from babel import Locale, numbers, units

from b24app.lib import i18n
from b24app.scores.rules import shown

Real = Fraction | Decimal | int

NO_DATA = "—"
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, and not taken for a dash."""
LONGEST = 3000
"""More digits than any number has: an attainment by a formula's tiny value can be as long as formulas allow."""

MOST_REMEMBERED = 30_000

# CLDR writes only a country's own currency with its sign ("RUB 1,234" in English); whoever earns in it knows the sign.
SIGNS = {"RUB": "₽", "KZT": "₸", "UAH": "₴", "BYN": "Br", "AMD": "֏", "GEL": "₾", "AZN": "₼", "TRY": "₺"}


Given = ParamSpec("Given")


def remembered(write: Callable[Given, str]) -> Callable[Given, str]:
    """Writing a number takes long and depends on nothing but it and the language; pages write the same ones again."""
    known: dict[tuple[Any, ...], str] = {}

    @wraps(write)
    def ask(*args: Given.args, **kwargs: Given.kwargs) -> str:
        key = (i18n.language(), *map(_told, args), *((name, _told(value)) for name, value in kwargs.items()))
        text = known.get(key)
        if text is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            text = known[key] = write(*args, **kwargs).replace("-", MINUS)
        return text

    return ask


def _told(value: Any) -> Any:
    """What stands for a value in a key; the hash of a fraction takes longer than to find its text."""
    if type(value) is Fraction:
        return value.as_integer_ratio()
    return tuple(map(_told, value)) if type(value) is tuple else value


def locale() -> Locale:
    return _locale(i18n.language())


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def rounded(value: Real, digits: int = 0, limits: Iterable[Real | None] = ()) -> Decimal:
    """Half up to so many digits, but never up to one of the limits."""
    exact = shown(Fraction(value), digits, [None if limit is None else Fraction(limit) for limit in limits])
    return Decimal(exact.numerator) / exact.denominator


@remembered
def plain(value: Real | None, digits: int = 2, *, fixed: bool = False, limits: tuple[Real | None, ...] = ()) -> str:
    """1 234.5: grouped, with at most (`fixed`: exactly) so many digits."""
    if value is None:
        return NO_DATA
    pattern = f"#,##0.{('0' if fixed else '#') * digits}" if digits else "#,##0"
    with localcontext(prec=LONGEST):
        return numbers.format_decimal(rounded(value, digits, limits), format=pattern, locale=locale())


@remembered
def percent(value: Real | None, digits: int = 2, *, fixed: bool = False, limits: tuple[Real | None, ...] = ()) -> str:
    """98.5 %: of a number that is 98.5, not 0.985."""
    if value is None:
        return NO_DATA
    pattern = locale().percent_formats[None].pattern
    return pattern.replace("#,##0", plain(value, digits, fixed=fixed, limits=limits))


def money(
    value: Real | None, currency: str | None, *, exact: bool = False, limits: tuple[Real | None, ...] = ()
) -> str:
    """1 234 ₽. From a thousand on only `exact` money, which somebody may add up, shows its cents."""
    if value is None:
        return NO_DATA
    digits = 2 if exact or -1000 < value < 1000 else 0
    near = rounded(value, digits, limits)
    whole = near == near.to_integral_value()
    sign = numbers.get_currency_symbol(currency, locale()) if currency else ""
    if not currency or sign == currency:
        return f"{plain(near, 0 if whole else 2, fixed=True)}{SPACE}{SIGNS.get(sign, sign)}".rstrip()
    pattern = locale().currency_formats["standard"].pattern.replace("0.00", "0" if whole else "0.00")
    return numbers.format_currency(near, currency, format=pattern, locale=locale(), currency_digits=False)


@remembered
def figure(
    value: Real | None,
    unit: str,
    currency: str | None = None,
    limits: tuple[Real | None, ...] = (),
    *,
    exact: bool = False,
) -> str:
    """A value in the unit of its indicator; a dash when there is no data."""
    if value is None:
        return NO_DATA
    match unit:
        case "money":
            return money(value, currency, exact=exact, limits=limits)
        case "percent":
            return percent(value, limits=limits)
        case "count":
            return plain(value, _decimals(value), limits=limits)
        case "days" | "hours":
            length = rounded(value, 2, limits)
            return units.format_unit(length, f"duration-{unit[:-1]}", "short", "#,##0.##", locale=locale())
        case _:
            return plain(value, limits=limits)


def _decimals(count: Real) -> int:
    """Things are counted whole; but a day's part of a small target is less than one and not nothing."""
    size = abs(Fraction(count))
    return 0 if size >= 10 else 1 if size >= 1 else 2
