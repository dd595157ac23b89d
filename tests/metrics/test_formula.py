"""The formula language (semantics 9): what formulas give, what is refused and where, and that nothing can hurt."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction as F

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from b24app.lib.i18n import speaking
from b24app.metrics.formula import FormulaError, Name, cycle, order, parse
from tests.metrics import slow_formula

VALUES = {"a": F(2), "b": F(3), "half": F(1, 2), "nothing": None, "zero": F(0), "выручка": F(1000), "Any name": F(7)}


def result(source: str, **values: F | None) -> F | None:
    formula = parse(source)
    known = VALUES | values
    return formula.evaluate([known[name.text] for name in formula.names])


def refused(source: str) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        parse(source)
    return caught.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("100 / 10 / 2", 5),
        ("a / b", F(2, 3)),
        ("0.1 + 0.2", F(3, 10)),
        (".5", F(1, 2)),
        ("20%", F(1, 5)),
        ("a * 50%", 1),
        ("выручка%", 10),
        ("2 ^ 10", 1024),
        ("2 ^ -10", F(1, 1024)),
        ("2 ^ 3 ^ 2", 64),
        ("-2 ^ 2", 4),
        ("0 - 2 ^ 2", -4),
        ("--a", 2),
        ("+a", 2),
        ("2 × 3 − 6 ÷ 3", 4),
        ("= a + b", 5),
        ("[Any name] + 1", 8),
        ("выручка / [Any name]", F(1000, 7)),
        ("a\n+\tb", 5),
    ],
)
def test_arithmetic_is_exact_and_reads_like_excel(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("IF(a > b, 1, 2)", 2),
        ("ЕСЛИ(a > b; 1; 2)", 2),
        ("если(выручка >= 1000; 1,5; 0,5)", F(3, 2)),
        ("If(a < b, 5)", 5),
        ("IF(a > b, 5)", None),
        ("MIN(a, b, 1)", 1),
        ("МИН(a; b; 1,5)", F(3, 2)),
        ("MAX(a, b)", 3),
        ("МАКС(a; b)", 3),
        ("SUM(a, b, 1)", 6),
        ("СУММ(a; b; 1)", 6),
        ("AVERAGE(a, b)", F(5, 2)),
        ("СРЗНАЧ(a; b)", F(5, 2)),
        ("COUNT(a, nothing, zero)", 2),
        ("СЧЁТ(a; nothing; zero)", 2),
        ("СЧЕТ(a)", 1),
        ("ABS(a - b)", 1),
        ("IFEMPTY(nothing, 4)", 4),
        ("ЕСЛИПУСТО(a; 4)", 2),
        ("AND(a > 1, b > 1)", 1),
        ("И(a > 1; b > 5)", 0),
        ("OR(a > 5, b > 1)", 1),
        ("ИЛИ(a > 5; b > 5)", 0),
        ("NOT(a > 5)", 1),
        ("НЕ(a < 5)", 0),
        ("min (a, b)", 2),
        ("min + max", 5),
    ],
)
def test_functions_speak_both_languages(source, expected):
    assert result(source, min=F(2), max=F(3)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("ROUND(2.5, 0)", 3),
        ("ROUND(-2.5, 0)", -3),
        ("ROUND(2.49)", 2),
        ("ОКРУГЛ(2,345; 2)", F("2.35")),
        ("ОКРУГЛ(-2,345; 2)", F("-2.35")),
        ("ROUND(1234, -2)", 1200),
        ("ROUND(1250, -2)", 1300),
        ("ROUND(2.345, 1.9)", F("2.3")),
        ("ROUND(a / b, 4)", F("0.6667")),
        ("ROUND(nothing, 2)", None),
        ("ROUND(a, nothing)", None),
        ("ROUND(a, 1000000)", None),
    ],
)
def test_halves_are_rounded_away_from_zero(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", 1),
        ("a >= b", 0),
        ("a <> b", 1),
        ("a != b", 1),
        ("a ≠ b", 1),
        ("a = 2", 1),
        ("a == 2", 1),
        ("a + 1 = b", 1),
        ("a > 1 AND b > 1", 1),
        ("a > 1 and b > 5", 0),
        ("a > 5 или b > 1", 1),
        ("a > 1 И b > 1 И выручка > 1", 1),
        ("a > 5 AND b > 5 OR a > 1", 1),
        ("a > 5 AND (b > 5 OR a > 1)", 0),
        ("NOT a > b", 1),
        ("не a > b и b > a", 1),
        ("NOT NOT a", 1),
        ("NOT(a > b) * 100", 100),
        ("(a < b) * 100", 100),
        ("IF(a, 1, 2)", 1),
        ("IF(zero, 1, 2)", 2),
    ],
)
def test_truth_is_one_or_zero(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"won" = "won"', 1),
        ('"won" = "WON"', 1),
        ('"won" <> "lost"', 1),
        ('"a" < "b"', 1),
        ('"say ""so""" = "say ""so"""', 1),
        ('a = "2"', 0),
        ('a <> "2"', 1),
        ('"2" = 2', 0),
        ('nothing = "2"', None),
        ('IF("x;y" = "x;y", 0.5, 2)', F(1, 2)),
        ('IF(("a") = "a", 1, 2)', 1),
    ],
)
def test_a_number_never_equals_a_text(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "nothing",
        "nothing + 1",
        "1 - nothing",
        "nothing * 0",
        "-nothing",
        "nothing%",
        "nothing ^ 0",
        "nothing = nothing",
        "1 < nothing",
        "AND(zero, nothing)",
        "a > 1 OR nothing",
        "NOT nothing",
        "IF(nothing, 1, 2)",
        "IFEMPTY(nothing, nothing)",
        "ABS(nothing)",
        "SUM(nothing)",
        "MIN(nothing, nothing)",
        "MAX(nothing)",
        "AVERAGE(nothing)",
        "1 / 0",
        "a / zero",
        "zero / zero",
        "zero ^ 0",
        "zero ^ -1",
        "a ^ half",
        "2 ^ (5 + 6)",
        "a ^ выручка",
    ],
)
def test_what_cannot_be_known_is_empty(source):
    assert result(source) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("SUM(a, nothing)", 2),
        ("MIN(nothing, b)", 3),
        ("MAX(nothing, zero)", 0),
        ("AVERAGE(a, nothing, b)", F(5, 2)),
        ("COUNT(nothing)", 0),
        ("IF(a < b, 1, nothing)", 1),
        ("IF(a < b, 1, 1 / 0)", 1),
    ],
)
def test_what_is_not_needed_may_be_empty(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("MIN(0,5)", 0),
        ("MIN(1,2;3)", F(6, 5)),
        ("MIN(1.2;3)", F(6, 5)),
        ("МИН(0,5;1)", F(1, 2)),
        ('IF("a;b" = "a", 1, 2)', 2),
        ("MAX(1,5, [a;b])", 5),
    ],
)
def test_a_semicolon_makes_the_comma_a_decimal_one(source, expected):
    assert result(source, **{"a;b": F(0)}) == expected


def test_names_are_listed_once_in_order_of_appearance():
    formula = parse("IF(revenue > [Any name].target; ad_spend; revenue) + revenue.attainment + Revenue")
    assert formula.names == (
        Name("revenue"),
        Name("Any name", "target"),
        Name("ad_spend"),
        Name("revenue", "attainment"),
        Name("Revenue"),
    )
    assert [(name.at, name.length, name.bracketed) for name in formula.names] == [
        (3, 7, False),
        (13, 17, True),
        (32, 8, False),
        (53, 18, False),
        (74, 7, False),
    ]


@pytest.mark.parametrize(
    ("source", "text", "part"),
    [
        ("revenue.target", "revenue", "target"),
        ("revenue.Target", "revenue", "target"),
        ("выручка.план", "выручка", "target"),
        ("выручка.выполнение", "выручка", "attainment"),
        ("выручка.факт", "выручка", "value"),
        ("revenue.value", "revenue", "value"),
        ("[Новые клиенты].план", "Новые клиенты", "target"),
        ("[revenue.target]", "revenue.target", "value"),
        ("[ Any name ]", "Any name", "value"),
        ("ad.spend", "ad.spend", "value"),
        ("ad.spend.target", "ad.spend", "target"),
        ("target", "target", "value"),
        ("[a-b]", "a-b", "value"),
        ("kpi_2", "kpi_2", "value"),
        ("android", "android", "value"),
        ("Именно", "Именно", "value"),
        (unicodedata.normalize("NFD", "йод"), "йод", "value"),
    ],
)
def test_a_name_may_ask_for_the_target_or_the_attainment(source, text, part):
    assert parse(source).names == (Name(text, part),)


ERRORS = [
    ("", 0, "The formula is empty."),
    (" = ", 0, "The formula is empty."),
    ("a +", 2, "A value is missing after +."),
    ("a + * b", 4, "A value is missing before *."),
    ("MIN(a, )", 7, "A value is missing before )."),
    ("(a + b", 0, "This bracket is not closed."),
    ("a * (b + MIN(a, b)", 4, "This bracket is not closed."),
    ("a + b)", 5, "There is no opening bracket for this one."),
    ("a b", 2, "A sign like + is missing before b; a name with spaces goes into [ ]."),
    ("2 a", 2, "A sign like + or * is missing before a."),
    ("AND", 0, "A value is missing before AND."),
    ("a + или b", 4, "A value is missing before или."),
    ("(a)(b)", 3, "A sign like + or * is missing before (."),
    ("500 000 * a", 4, "A number is written without spaces."),
    (
        "0,5 * a",
        1,
        "A decimal is written with a point here, like 0.5; with a comma only where ; separates arguments.",
    ),
    ("a, b", 1, "Only the arguments of a function are separated like this."),
    ("MIN(a, b; 1)", 5, "Arguments are separated by ; in this formula."),
    ("1 < a < 5", 6, "Only two values can be compared at a time; join two comparisons with AND."),
    ("a + $b", 4, "$ means nothing here."),
    ('IF(a = "x, 1, 2)', 7, "The closing quotation mark is missing."),
    ("1 + [Any name", 4, "The closing ] after the name is missing."),
    ("1 + []", 4, "There is no name in these brackets."),
    ("[Any name].plan", 11, "After the dot only target or attainment is possible."),
    ("a + VLOOKUP(b)", 4, "There is no function VLOOKUP."),
    ("ABS(a, b)", 0, "ABS takes 1 argument."),
    ("IFEMPTY(a)", 0, "IFEMPTY takes 2 arguments."),
    ("1 + если(a)", 4, "если takes 2 or 3 arguments."),
    ("SUM()", 0, "SUM takes at least one argument."),
    ('"won"', 0, "Text in quotation marks can only be compared."),
    ('IF(a > 1, "yes", "no")', 10, "Text in quotation marks can only be compared."),
    ('1 + "2"', 4, "Text in quotation marks can only be compared."),
    ('a < "b"', 0, "A number and a text can only be compared with = and <>."),
    ("a ^ 11", 4, "An exponent is a whole number from -10 to 10."),
    ("a ^ -11", 4, "An exponent is a whole number from -10 to 10."),
    ("a ^ (0.5)", 5, "An exponent is a whole number from -10 to 10."),
    ("1" * 1500, 0, "This number is too long."),
    ("a" + "+a" * 1000, 2000, "A formula has at most 2000 characters."),
    ("(" * 65 + "a" + ")" * 65, 64, "A formula has at most 64 levels of brackets."),
    ("ABS(" * 65 + "a" + ")" * 65, 259, "A formula has at most 64 levels of brackets."),
]


@pytest.mark.parametrize(("source", "at", "message"), ERRORS)
def test_a_fault_has_a_place_and_a_sentence(source, at, message):
    error = refused(source)
    assert (error.at, error.message) == (at, message)


@pytest.mark.parametrize(("source", "at", "message"), ERRORS)
def test_every_fault_is_told_in_russian(source, at, message):
    with speaking("ru"):
        error = refused(source)
    assert error.at == at
    assert error.message != message
    assert any("а" <= letter <= "я" for letter in error.message)


def test_russian_counts_arguments():
    with speaking("ru"):
        assert refused("ABS(1;2)").message == "Функции ABS нужен 1 аргумент."
        assert refused("ЕСЛИПУСТО(1)").message == "Функции ЕСЛИПУСТО нужны 2 аргумента."
        assert refused("ЕСЛИ(1)").message == "Функции ЕСЛИ нужно 2 или 3 аргумента."


@pytest.mark.parametrize(
    ("source", "at", "length"),
    [
        ("FOO(1) + BAR(2)", 0, 3),
        ("1 + BAR(FOO(2))", 4, 3),
        ('ABS("x") + FOO(1)', 4, 3),
        ("a ++* b" + " + (" * 70, 4, 1),
        ("(" * 65 + "a ++* b", 64, 1),
    ],
)
def test_of_several_faults_the_first_is_told(source, at, length):
    error = refused(source)
    assert (error.at, error.length) == (at, length)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 64 + "a" + ")" * 64,
        "ABS(" * 64 + "a" + ")" * 64,
        "IF(a>1,2," * 64 + "a" + ")" * 64,
        "-(" * 64 + "a" + ")" * 64,
        "(1+2*" * 64 + "a" + ")" * 64,
        "a" + "+a" * 999,
        "a" + "*a" * 999,
        "a" + "^1" * 999,
        "a" + "%" * 300,
        "-" * 1999 + "a",
        "NOT " * 499 + "a",
        "a=1" + " OR a=1" * 280,
        "SUM(" + "a," * 900 + "a)",
    ],
)
def test_long_formulas_are_fine_and_nesting_counts_real_levels(source):
    assert len(source) <= 2000
    assert isinstance(result(source), F)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10**6 + "a" + ")" * 10**6,
        "(" * 1000,
        ")" * 2000,
        "-(" * 1000,
        "1 or 1 and not 1=1+1*1^-(" * 64 + "1" + ")" * 64,
        "IF(" * 600,
        "[" * 2000,
        '"' * 1999,
        "^" * 2000,
    ],
)
def test_hostile_nesting_is_refused(source):
    assert refused(source).message


@pytest.mark.parametrize(
    "source",
    [
        "a" + "^10" * 600,
        "(" * 60 + "a" + "^10)" * 60,
        "(9" + "^9" * 600 + ")",
        "99999^10" + "*99999^10" * 150,
        "1/" + "*".join(f"{n}^10" for n in range(2, 200)),
    ],
)
def test_powers_that_pile_up_become_empty(source):
    assert result(source) is None


def test_a_huge_operand_is_empty():
    assert result("a + 1", a=F(2) ** 4095) == 2**4095 + 1
    assert result("a + 1", a=F(2) ** 5000) is None
    assert result("a + 1", a=F(1, 2**5000)) is None


def test_values_that_do_not_fit_the_names_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError):
        parse("a + b").evaluate([F(1)])


def test_formulas_may_be_parsed_and_evaluated_by_many_threads():
    parse.cache_clear()
    sources = [f"IF(a > {n}; a * {n},5; выручка)" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda source: result(source, a=F(50)), sources * 2))
    assert found == [(50 * F(2 * n + 1, 2) if n < 50 else 1000) for n in range(200)] * 2


values = st.none() | st.fractions(-1000, 1000, max_denominator=1000) | st.integers(-10, 10).map(F)


known_values = st.fixed_dictionaries(dict.fromkeys(slow_formula.NAMES, values))


@settings(max_examples=400, deadline=None)
@given(slow_formula.trees, st.randoms(use_true_random=False), known_values)
def test_a_formula_means_what_its_tree_means(tree, random, known):
    source = slow_formula.write(tree, random)
    assume(len(source) <= 2000)
    formula = parse(source)
    written = {parse(name).names[0]: value for name, value in known.items()}
    assert formula.evaluate([written[name] for name in formula.names]) == slow_formula.evaluate(tree, known)


SIGNS = list('();,.+-*/^%=<>[]"€ё')
WORDS = ["<>", "[x]", '"t"', "a", "b.target", "1", "0,5", "0.5", "10", "AND", "И", "ИЛИ(", "NOT", "НЕ("]
CALLS = ["IF(", "ЕСЛИ(", "MIN(", "ROUND("]
pieces = st.sampled_from(SIGNS + WORDS + CALLS)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=40).map(" ".join) | st.lists(pieces, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_is_a_formula_or_has_a_fault_inside_it(source):
    try:
        formula = parse(source)
    except FormulaError as error:
        fault = error
    else:
        fault = None
    if fault is not None:
        assert fault.message
        assert 0 <= fault.at <= len(source)
        assert 1 <= fault.length <= max(len(source) - fault.at, 1)
        return
    for value in (None, F(0), F(-7, 3), F(2) ** 4096, F(1, 3**3000)):
        found = formula.evaluate([value] * len(formula.names))
        assert found is None or isinstance(found, F)


def test_operands_come_before_what_needs_them():
    references = {"score": ["cpl", "revenue"], "cpl": ["ad_spend", "leads"], "roi": ["cpl"], "leads": []}
    assert cycle(references) is None
    placed = order(references)
    assert sorted(placed) == ["cpl", "leads", "roi", "score"]
    assert placed.index("leads") < placed.index("cpl") < min(placed.index("roi"), placed.index("score"))


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ({}, None),
        ({"a": ["x"], "b": ["a"]}, None),
        ({"a": ["a"]}, ("a", "a")),
        ({"b": ["a"], "a": ["b"]}, ("a", "b", "a")),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, ("a", "b", "c", "a")),
    ],
)
def test_a_cycle_is_shown_in_the_direction_of_need(references, expected):
    assert cycle(references) == expected


codes = st.sampled_from("abcdef")


@given(st.dictionaries(codes, st.lists(codes, max_size=3)))
def test_there_is_either_an_order_or_a_cycle(references):
    around = cycle(references)
    if around is None:
        placed = order(references)
        assert sorted(placed) == sorted(references)
        for position, code in enumerate(placed):
            assert set(references[code]) & references.keys() <= set(placed[:position])
    else:
        assert around[0] == around[-1]
        assert all(needed in references[code] for code, needed in zip(around, around[1:], strict=False))
