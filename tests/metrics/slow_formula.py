"""Formulas as trees: generated, written down in either language, and evaluated the slow and obvious way (semantics 9).

A tree is a tuple that begins with its kind; the writer knows how tight each operator binds and nothing of the parser.
"""

from collections.abc import Sequence
from fractions import Fraction as F
from random import Random
from typing import Any

from hypothesis import strategies as st

NAMES = ("revenue", "ad_spend", "выручка", "[Any name]", "[Новые клиенты].target", "calls.attainment", "звонки.план")
FUNCTIONS = {
    "if": ("IF", "ЕСЛИ"),
    "min": ("MIN", "МИН"),
    "max": ("MAX", "МАКС"),
    "sum": ("SUM", "СУММ"),
    "average": ("AVERAGE", "СРЗНАЧ"),
    "count": ("COUNT", "СЧЁТ", "СЧЕТ"),
    "round": ("ROUND", "ОКРУГЛ"),
    "abs": ("ABS",),
    "ifempty": ("IFEMPTY", "ЕСЛИПУСТО"),
    "and": ("AND", "И"),
    "or": ("OR", "ИЛИ"),
    "not": ("NOT", "НЕ"),
}
COMPARISONS = {
    "=": ("=", "=="),
    "<>": ("<>", "!=", "≠"),
    "<": ("<",),
    "<=": ("<=", "≤"),
    ">": (">",),
    ">=": (">=", "≥"),
}
SIGNS = {"+": ("+",), "-": ("-", "−"), "*": ("*", "×"), "/": ("/", "÷"), "^": ("^",)}
TIGHTNESS = {"or": 1, "and": 2, "not": 3, "compare": 4, "+": 5, "-": 5, "*": 6, "/": 6, "^": 7, "percent": 8, "sign": 9}
OPERAND = 10

_numbers = st.decimals(0, 1000, places=2).map(lambda number: ("number", F(number))) | st.integers(0, 10).map(
    lambda number: ("number", F(number))
)
_leaves = _numbers | st.sampled_from(NAMES).map(lambda name: ("name", name))
_small = st.integers(-10, 10).map(lambda n: ("number", F(n)) if n >= 0 else ("sign", "-", ("number", F(-n))))


def _is_literal(tree: Any) -> bool:
    return tree[0] == "number" or (tree[0] in ("sign", "percent") and _is_literal(tree[-1]))


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=4).map(tuple)
    exponent = _small | inner.filter(lambda tree: not _is_literal(tree))
    text = st.sampled_from(["", "a", "A", 'say "so"', "one; two, (three"])
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/"]), inner, inner),
        st.tuples(st.just("^"), inner, exponent),
        st.tuples(st.just("sign"), st.sampled_from(["+", "-"]), inner),
        st.tuples(st.just("percent"), inner),
        st.tuples(st.just("compare"), st.sampled_from(sorted(COMPARISONS)), inner, inner),
        st.tuples(st.just("texts"), st.sampled_from(sorted(COMPARISONS)), text, text),
        st.tuples(st.just("text"), st.sampled_from(["=", "<>"]), inner, text),
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or", "min", "max", "sum", "average", "count"]), several),
        st.tuples(st.just("if"), st.tuples(inner, inner) | st.tuples(inner, inner, inner)),
        st.tuples(st.just("round"), st.tuples(inner) | st.tuples(inner, _small)),
        st.tuples(st.just("abs"), st.tuples(inner)),
        st.tuples(st.just("ifempty"), st.tuples(inner, inner)),
    )


trees = st.recursive(_leaves, _grown, max_leaves=20)


def write(tree: Any, random: Random) -> str:
    """The tree as somebody might type it. Without a semicolon in it, a comma cannot be a decimal one."""
    state = random.getstate()
    text = _Writer(random, ";").text(tree)
    if ";" in text.replace("one; two", ""):
        return text
    random.setstate(state)
    return _Writer(random, ",").text(tree)


class _Writer:
    def __init__(self, random: Random, separator: str) -> None:
        self.random = random
        self.separator = separator
        self.language = random.choice([0, -1])

    def text(self, tree: Any, tightness: int = 0) -> str:
        written, own = self._written(tree)
        if own < tightness or self.random.random() < 0.1:
            written = f"({self._gap()}{written})"
        return self._gap() + written

    def _gap(self) -> str:
        return self.random.choice(["", "", " ", "\n\t", "\u00a0"])

    def _written(self, tree: Any) -> tuple[str, int]:
        kind, *parts = tree
        own = TIGHTNESS.get(kind, OPERAND)
        match kind:
            case "number":
                return self._number(parts[0]), OPERAND
            case "name":
                return parts[0], OPERAND
            case "sign":
                sign = self.random.choice(SIGNS[parts[0]])
                return sign + self.text(parts[1], own), own
            case "percent":
                return f"{self.text(parts[0], own)}{self._gap()}%", own
            case "+" | "-" | "*" | "/" | "^":
                sign = self.random.choice(SIGNS[kind])
                return f"{self.text(parts[0], own)}{self._gap()}{sign}{self.text(parts[1], own + 1)}", own
            case "compare":
                mark = self.random.choice(COMPARISONS[parts[0]])
                return f"{self.text(parts[1], own + 1)}{self._gap()}{mark}{self.text(parts[2], own + 1)}", own
            case "texts" | "text":
                mark = self.random.choice(COMPARISONS[parts[0]])
                left = self._quoted(parts[1]) if kind == "texts" else self.text(parts[1], TIGHTNESS["compare"] + 1)
                sides = [left, self._quoted(parts[2])]
                if kind == "text" and self.random.random() < 0.5:
                    sides.reverse()
                return mark.join(sides), TIGHTNESS["compare"]
            case "not":
                inner = self.text(parts[0], own)
                if inner.lstrip().startswith("(") or self.random.random() < 0.5:
                    return self._call(kind, [self.text(parts[0])]), OPERAND
                return f"{self._word(kind)} {inner}", own
            case "and" | "or" if len(parts[0]) > 1 and self.random.random() < 0.5:
                # A row of the same word is one operation, so that a bracket is needed only around looser words.
                return f" {self._word(kind)} ".join(self.text(part, own + 1) for part in parts[0]), own
            case _:
                return self._call(kind, [self.text(part) for part in parts[0]]), OPERAND

    def _call(self, kind: str, arguments: Sequence[str]) -> str:
        return f"{self._word(kind)}{self._gap()}({self.separator.join(arguments)})"

    def _word(self, kind: str) -> str:
        names = FUNCTIONS[kind]
        word = names[0] if self.language == 0 else self.random.choice(names[1:] or names)
        return self.random.choice([word, word.lower(), word.capitalize()])

    def _quoted(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    def _number(self, number: F) -> str:
        whole, cents = divmod(int(number * 100), 100)
        point = self.random.choice([".", ","]) if self.separator == ";" else "."
        return f"{whole}{point}{cents:02}" if cents else str(whole)


def evaluate(tree: Any, values: dict[str, F | None]) -> F | None:
    """By the rules of semantics 9, one by one."""
    kind, *parts = tree
    match kind:
        case "number":
            return parts[0]
        case "name":
            return values[parts[0]]
        case "if":
            condition = evaluate(parts[0][0], values)
            if condition is None or (condition == 0 and len(parts[0]) == 2):
                return None
            return evaluate(parts[0][1 if condition != 0 else 2], values)
        case "ifempty":
            first = evaluate(parts[0][0], values)
            return evaluate(parts[0][1], values) if first is None else first
        case "texts":
            return _compare(parts[0], parts[1].lower(), parts[2].lower())
        case "text":
            return None if evaluate(parts[1], values) is None else F(parts[0] == "<>")
        case "min" | "max" | "sum" | "average" | "count":
            return _over([value for part in parts[0] if (value := evaluate(part, values)) is not None], kind)
    operands = [part for part in parts if isinstance(part, tuple)]
    if operands and isinstance(operands[0][0], tuple):
        operands = list(operands[0])
    numbers = [evaluate(operand, values) for operand in operands]
    if None in numbers:
        return None
    return _known(kind, parts, numbers)


def _known(kind: str, parts: list[Any], numbers: list[Any]) -> F | None:
    match kind:
        case "and":
            return F(0 not in numbers)
        case "or":
            return F(any(number != 0 for number in numbers))
        case "not":
            return F(numbers[0] == 0)
        case "compare":
            return _compare(parts[0], *numbers)
        case "sign":
            return -numbers[0] if parts[0] == "-" else numbers[0]
        case "percent":
            return _fits(numbers[0] / 100)
        case "abs":
            return max(numbers[0], -numbers[0])
        case "round":
            return _round(numbers[0], int(numbers[1]) if len(numbers) > 1 else 0)
        case "^":
            return _power(*numbers)
        case "/":
            return _fits(numbers[0] / numbers[1]) if numbers[1] != 0 else None
        case "*":
            return _fits(numbers[0] * numbers[1])
        case "+":
            return _fits(numbers[0] + numbers[1])
        case _:
            return _fits(numbers[0] - numbers[1])


def _fits(number: F) -> F | None:
    return number if abs(number.numerator) < 2**4096 and number.denominator < 2**4096 else None


def _compare(mark: str, left: Any, right: Any) -> F:
    less, same = left < right, left == right
    return F(
        {"=": same, "<>": not same, "<": less, "<=": less or same, ">": not less and not same, ">=": not less}[mark]
    )


def _over(numbers: list[F], kind: str) -> F | None:
    if kind == "count":
        return F(len(numbers))
    if not numbers:
        return None
    if kind in ("min", "max"):
        return sorted(numbers)[0 if kind == "min" else -1]
    total: F | None = F(0)
    for number in numbers:
        total = None if total is None else _fits(total + number)
    if total is None or kind == "sum":
        return total
    return _fits(total / len(numbers))


def _power(base: F, exponent: F) -> F | None:
    if exponent not in range(-10, 11) or (base == 0 and exponent <= 0):
        return None
    result = F(1)
    for _ in range(abs(int(exponent))):
        result = result * base if exponent > 0 else result / base
    return _fits(result)


def _round(number: F, digits: int) -> F | None:
    shift = F(10) ** digits
    whole, rest = divmod(abs(number) * shift, 1)
    rounded = (whole + (1 if rest >= F(1, 2) else 0)) / shift
    return _fits(rounded if number > 0 else -rounded)
