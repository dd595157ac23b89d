"""From the text of a formula to closures, or to the one sentence that says what is wrong and where. Pure.

The grammar is in `formula.lark`, the closures are made by `formula_arithmetic.py`. Lark's parser and the walk over its
tree keep stacks of their own, so that no text can exhaust Python's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.visitors import Transformer_NonRecursive

from b24app.lib.errors import Invalid
from b24app.lib.i18n import gettext as _
from b24app.lib.i18n import ngettext
from b24app.metrics.formula_arithmetic import (
    EXPONENT,
    FUNCTIONS,
    OPERATORS,
    Function,
    Run,
    Value,
    all_of,
    any_of,
    bounded,
    chain,
    compared,
    constant,
    multiply,
    negative,
    never_equal,
    operand,
    opposite,
    takes_exponent,
)

LENGTH = 2000
LEVELS = 64
HEIGHT = 200
"""Operators and functions inside one another; at most so many calls are open while a formula is evaluated."""

PARTS = {
    "value": "value",
    "факт": "value",
    "target": "target",
    "план": "target",
    "attainment": "attainment",
    "выполнение": "attainment",
}
"""What may follow a name and a dot."""

SIGNS = {"−": "-", "–": "-", "×": "*", "÷": "/", "!=": "<>", "≠": "<>", "==": "=", "≤": "<=", "≥": ">="}
"""How else the operators are written."""

_LETTER = r"[\w\u0300-\u036f]"
"""With the accents that follow their letter in text from a Mac."""

_WORD = rf"[^\W\d]{_LETTER}*(?:\.{_LETTER}+)*"
_QUOTED = re.compile(r'"[^"]*"?|\[[^\[\]]*\]?|[();]')


class FormulaError(Invalid):
    """The first thing that is wrong with a formula, and the characters it is about (`at` counts from 0)."""

    def __init__(self, message: str, at: int, length: int = 1) -> None:
        super().__init__(message)
        self.at = at
        self.length = length


@dataclass(frozen=True, slots=True)
class Name:
    """One name in a formula, as written, without brackets. `at` and `length` are of its first appearance and do not
    take part in comparing: two names are the same if their text and part are."""

    text: str
    part: str = "value"
    """value, target or attainment."""
    at: int = field(default=0, compare=False)
    bracketed: bool = field(default=False, compare=False)
    length: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a formula. `number` is set if it is written as a number, `text` if it is text in quotation marks."""

    run: Run
    at: int
    end: int
    height: int = 0
    number: Fraction | None = None
    text: str | None = None


def compiled(source: str) -> tuple[tuple[Name, ...], Run]:
    """The names in order of appearance and the closure that wants their values in this order. Raises FormulaError."""
    if len(source) > LENGTH:
        raise FormulaError(_("A formula has at most 2000 characters."), LENGTH, len(source) - LENGTH)

    brackets = _Brackets.of(source)
    fault = brackets.fault
    try:
        tree = _parser(brackets.separator).parse(_after_equals_sign(source))
    except (UnexpectedCharacters, UnexpectedToken) as error:
        wrong = _explained(error, source, brackets)
        raise (wrong if fault is None or wrong.at < fault.at else fault) from None
    if fault is not None:
        raise fault

    builder = _Builder()
    node = builder.transform(tree)
    builder.number(node)
    if builder.faults:
        raise min(builder.faults, key=lambda one: one.at)
    return tuple(builder.names), node.run


def _after_equals_sign(source: str) -> str:
    """Without the sign that begins a formula in Excel; every other character keeps its place."""
    blank, sign, rest = source.partition("=")
    return f"{blank} {rest}" if sign and not blank.strip() and not rest.startswith("=") else source


@dataclass(frozen=True, slots=True)
class _Brackets:
    """What is seen of a formula without reading it: how it separates arguments, and which brackets stay open."""

    separator: str
    open: Sequence[int]
    too_deep: int | None

    @classmethod
    def of(cls, source: str) -> "_Brackets":
        separator, opened, too_deep = ",", [], None
        for mark in _QUOTED.finditer(source):
            match mark.group():
                case ";":
                    separator = ";"
                case "(":
                    opened.append(mark.start())
                    if too_deep is None and len(opened) > LEVELS:
                        too_deep = mark.start()
                case ")" if opened:
                    opened.pop()
        return cls(separator, opened, too_deep)

    @property
    def fault(self) -> FormulaError | None:
        return None if self.too_deep is None else _too_deep(self.too_deep, 1)


def _too_deep(at: int, length: int) -> FormulaError:
    return FormulaError(_("A formula has at most 64 levels of brackets."), at, length)


@lru_cache
def _parser(separator: str) -> Lark:
    """Where a semicolon separates, decimals may have a comma."""
    grammar = Path(__file__).with_name("formula.lark").read_text("utf-8")
    for mark, text in {
        "%SEPARATOR%": separator,
        "%DECIMAL%": "[.,]" if separator == ";" else r"\.",
        "%WORD%": _WORD,
        "%END%": rf"(?!{_LETTER}|\.)",
    }.items():
        grammar = grammar.replace(mark, text)
    return Lark(grammar, parser="lalr", lexer="basic")


def _explained(error: UnexpectedCharacters | UnexpectedToken, source: str, brackets: _Brackets) -> FormulaError:
    """What the parser stumbled over, in words."""
    if isinstance(error, UnexpectedCharacters):
        return _unreadable(source, error.pos_in_stream or 0, brackets.separator)

    found = error.token
    before = _last_before(found, source, brackets.separator)
    is_end = found.type == "$END"
    at = len(source) if is_end else found.start_pos or 0
    if "NUMBER" in error.expected:
        if not is_end:
            return FormulaError(_("A value is missing before %(sign)s.", sign=found), at, len(found))
        if before is None:
            return FormulaError(_("The formula is empty."), 0, max(len(source), 1))
        return FormulaError(_("A value is missing after %(sign)s.", sign=before), before.start_pos or 0, len(before))
    if before is not None and error.expected == {"LPAR"}:
        # AND and OR may begin an operand only as functions.
        return FormulaError(_("A value is missing before %(sign)s.", sign=before), before.start_pos or 0, len(before))
    if is_end:
        return FormulaError(_("This bracket is not closed."), brackets.open[-1])
    return FormulaError(_misplaced(found, before, source, at), at, len(found))


def _unreadable(source: str, at: int, separator: str) -> FormulaError:
    char = source[at]
    if char == '"':
        return FormulaError(_("The closing quotation mark is missing."), at, len(source) - at)
    if char == "[":
        return FormulaError(_("The closing ] after the name is missing."), at, len(source) - at)
    if char == "," and separator == ";":
        return FormulaError(_("Arguments are separated by ; in this formula."), at)
    return FormulaError(_("%(character)s means nothing here.", character=char), at)


def _last_before(token: Token, source: str, separator: str) -> Token | None:
    """The token left of this one."""
    end = len(source) if token.type == "$END" else token.start_pos or 0
    last = None
    for one in _parser(separator).lex(_after_equals_sign(source)):
        if (one.start_pos or 0) >= end:
            break
        last = one
    return last


def _misplaced(found: Token, before: Token | None, source: str, at: int) -> str:
    """The sentence for something that stands where an operator or the end should be."""
    match before.type if before else "", found.type:
        case (_any, "RPAR"):
            return _("There is no opening bracket for this one.")
        case (_any, "COMPARE"):
            return _("Only two values can be compared at a time; join two comparisons with AND.")
        case ("NUMBER", "_SEPARATOR") if found == "," and source[at + 1 : at + 2].isdigit():
            return _("A decimal is written with a point here, like 0.5; with a comma only where ; separates arguments.")
        case (_any, "_SEPARATOR"):
            return _("Only the arguments of a function are separated like this.")
        case ("NUMBER", "NUMBER"):
            return _("A number is written without spaces.")
        case ("NAME", "NAME"):
            return _("A sign like + is missing before %(word)s; a name with spaces goes into [ ].", word=found)
        case _:
            return _("A sign like + or * is missing before %(word)s.", word=found)


class _Builder(Transformer_NonRecursive[Token, Node]):
    """One for each formula. Collects faults, so that the first one by place is told, not the innermost."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[Name, int] = {}
        self.faults: list[FormulaError] = []

    def number(self, node: Node) -> Run:
        """What is used as a number must not be text."""
        if node.text is not None:
            self._refuse(_("Text in quotation marks can only be compared."), node.at, node.end)
        return node.run

    def start(self, children: list[Node]) -> Node:
        return children[0]

    def either(self, children: list[Any]) -> Node:
        nodes = children[::2]
        return self._made(any_of(*map(self.number, nodes)), nodes)

    def both(self, children: list[Any]) -> Node:
        nodes = children[::2]
        return self._made(all_of(*map(self.number, nodes)), nodes)

    def denial(self, children: list[Any]) -> Node:
        *signs, node = children
        run = opposite(self.number(node))
        return self._made(run if len(signs) % 2 else opposite(run), [node], at=signs[0].start_pos)

    def comparison(self, children: list[Any]) -> Node:
        left, sign, right = children
        mark = SIGNS.get(sign, str(sign))
        if left.text is None and right.text is None:
            run = chain(left.run, (OPERATORS[mark], right.run))
        elif left.text is not None and right.text is not None:
            run = constant(compared(left.text, mark, right.text))
        else:
            if mark not in ("=", "<>"):
                self._refuse(_("A number and a text can only be compared with = and <>."), left.at, right.end)
            run = never_equal(right.run if right.text is None else left.run, mark)
        return self._made(run, [left, right])

    def total(self, children: list[Any]) -> Node:
        return self._chain(children)

    def product(self, children: list[Any]) -> Node:
        return self._chain(children)

    def power(self, children: list[Any]) -> Node:
        for exponent in children[2::2]:
            if exponent.number is not None and not takes_exponent(exponent.number):
                message = _("An exponent is a whole number from -%(limit)s to %(limit)s.", limit=EXPONENT)
                self._refuse(message, exponent.at, exponent.end)
        return self._chain(children)

    def share(self, children: list[Any]) -> Node:
        node, *signs = children
        self.number(node)
        hundredth = Fraction(1, 100 ** len(signs))
        if node.number is not None:
            return self._literal(bounded(node.number * hundredth), node.at, signs[-1].end_pos)
        run = chain(node.run, (multiply, constant(hundredth)))
        return self._made(run, [node], end=signs[-1].end_pos)

    def signed(self, children: list[Any]) -> Node:
        *signs, node = children
        self.number(node)
        at = signs[0].start_pos
        is_negative = sum(sign != "+" for sign in signs) % 2
        if node.number is not None:
            return self._literal(-node.number if is_negative else node.number, at, node.end)
        return self._made(negative(node.run) if is_negative else node.run, [node], at=at)

    def literal(self, children: list[Token]) -> Node:
        token = children[0]
        at, end = token.start_pos or 0, token.end_pos or 0
        return self._literal(bounded(Fraction(token.replace(",", "."))), at, end)

    def string(self, children: list[Token]) -> Node:
        token = children[0]
        text = token[1:-1].replace('""', '"')
        return Node(constant(None), token.start_pos or 0, token.end_pos or 0, text=text)

    def name(self, children: list[Token]) -> Node:
        token = children[0]
        at, end = token.start_pos or 0, token.end_pos or 0
        bracketed = token.type == "BRACKETED"
        written = normalize("NFC", str(token))
        if bracketed:
            inside, _bracket, suffix = written[1:].rpartition("]")
            text, suffix = inside.strip(), suffix[1:]
        else:
            text, _dot, suffix = written.rpartition(".")
        part = PARTS.get(suffix.lower(), "") if suffix else "value"
        if not bracketed and (not text or not part):
            text, part = written, "value"
        if not text:
            self._refuse(_("There is no name in these brackets."), at, end)
        if not part:
            self._refuse(_("After the dot only target or attainment is possible."), end - len(suffix), end)

        name = Name(text, part, at, bracketed, end - at)
        return Node(operand(self.names.setdefault(name, len(self.names))), at, end)

    def call(self, children: list[Any]) -> Node:
        word, *arguments = children
        at, end = word.start_pos, arguments[-1].end if arguments else word.end_pos
        runs = [self.number(argument) for argument in arguments]
        function = FUNCTIONS.get(normalize("NFC", word).upper())
        if function is None:
            self._refuse(_("There is no function %(name)s.", name=word), at, word.end_pos)
        elif len(runs) < function.least or (function.most is not None and len(runs) > function.most):
            self._refuse(_wants(function, word), at, word.end_pos)
        else:
            return self._made(function.make(*runs), arguments, at, end)
        return Node(constant(None), at, end)

    def _chain(self, children: list[Any]) -> Node:
        first, *rest = children
        steps = [
            (OPERATORS[SIGNS.get(sign, str(sign))], self.number(node))
            for sign, node in zip(rest[::2], rest[1::2], strict=True)
        ]
        return self._made(chain(self.number(first), *steps), children[::2])

    def _literal(self, number: Value, at: int, end: int) -> Node:
        if number is None:
            self._refuse(_("This number is too long."), at, end)
        return Node(constant(number), at, end, number=number)

    def _made(self, run: Run, nodes: Sequence[Node], at: int | None = None, end: int | None = None) -> Node:
        at = nodes[0].at if at is None else at
        end = nodes[-1].end if end is None else end
        height = 1 + max(node.height for node in nodes)
        if height == HEIGHT:
            self.faults.append(_too_deep(at, end - at))
        return Node(run, at, end, height)

    def _refuse(self, message: str, at: int, end: int) -> None:
        self.faults.append(FormulaError(message, at, end - at))


def _wants(function: Function, word: str) -> str:
    if function.most is None:
        return _("%(name)s takes at least one argument.", name=word)
    if function.least < function.most:
        return _("%(name)s takes %(least)s or %(most)s arguments.", name=word, least=function.least, most=function.most)
    return ngettext("%(name)s takes %(num)s argument.", "%(name)s takes %(num)s arguments.", function.least, name=word)
