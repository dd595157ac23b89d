"""docs/metrics*.md, made of the catalogue, the plans and docs/metrics.json: `python -m tests.metrics.docs` writes them.

The same facts and examples are computed by test_docs.py, so that no page can say what the code does not do.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from b24app.metrics.catalogue import CATALOGUE, Ready
from b24app.metrics.measures import AnyTest, FieldTest, Measure, ProductTest, Where
from b24app.metrics.plans import plan
from b24app.metrics.rules import Plan
from b24app.metrics.types.base import metric_types

DOCS = Path(__file__).parents[2] / "docs"
WORLD: Mapping[str, Any] = json.loads((DOCS / "metrics.json").read_text("utf-8"))
PAGES = {"en": DOCS / "metrics.md", "ru": DOCS / "metrics.ru.md"}

WORDS: Mapping[str, Mapping[str, Any]] = WORLD["words"]


def page(language: str) -> str:
    words = WORDS[language]
    lines = [
        f"# {words['title']}", "", words["intro"], "", words["conditions"], "", words["open"], "",
        words["shared"], "",
        *table(words["table"], (_row(ready, language) for ready in CATALOGUE.values())), "",
        f"## {words['facts']}", "", words["period"], "",
        *table(words["deal"], (_deal(one, words) for one in WORLD["deals"])), "",
        words["moves"].format(
            _moves((deal, stage, at) for deal, _kind, stage, _category, at in WORLD["moves"]),
            ", ".join(f"{deal}: {product}, {amount}" for deal, _id, product, amount in WORLD["rows"]),
            *WORLD["sections"][0],
        ), "",
        words["credits"], "",
        words["rest"].format(", ".join(f"{deal} = {text}" for deal, _field, text in WORLD["values"])), "",
        words["entries"].format(
            ", ".join(f"{code} {kind} {value}" for code, kind, value in WORLD["entries"]),
            ", ".join(" ".join(filter(None, (kind, way, words["done"][str(done).lower()])))
                      for kind, way, done in WORLD["activities"]),
            "; ".join(_lead(number, one, words) for number, one in enumerate(WORLD["leads"], 1)),
            _moves((lead, stage, at) for lead, _kind, stage, at in WORLD["lead_moves"]),
        ), "",
        _work(words), "",
        words["invoices"].format(
            "; ".join(
                f"{number}: {made}, {words['outcomes'][outcome]}, {closed or '—'}, {amount}"
                for number, (made, outcome, closed, amount) in enumerate(WORLD["invoices"], 1)
            )
        ), "",
        words["items"].format("; ".join(_item(number, one) for number, one in enumerate(WORLD["items"], 1))), "",
        words["requests"].format("; ".join(map(_request, WORLD["requests"]))), "",
        f"## {words['examples']}", "",
        *table(words["example"], map(_example, WORLD["examples"])),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _moves(moves: Iterable[tuple[int, str, str]]) -> str:
    return ", ".join(f"{record} → {stage} {at[:10]}" for record, stage, at in moves)


def _item(number: int, one: Sequence[Any]) -> str:
    created, *held = one
    return f"{number}: {created[:10]}, {', '.join('—' if value is None else str(value) for value in held)}"


def _work(words: Mapping[str, Any]) -> str:
    calls = (
        f"{at[:10]} {way} {words['answered'][str(answered).lower()]} {seconds} {words['seconds']}"
        for at, way, answered, seconds in WORLD["calls"]
    )
    since = WORLD["calls_from_telephony_since"][:10]
    return str(words["work"].format(since, ", ".join(calls), _moments("todos"), _moments("tasks")))


def _moments(kind: str) -> str:
    """The two days of each record, a dash where there is none."""
    return ", ".join(" → ".join((one or "—")[:10] for one in pair) for pair in WORLD[kind])


def table(head: str, rows: Iterator[str]) -> list[str]:
    return [head, "|" + " --- |" * (head.count("|") - 1), *rows]


def _row(ready: Ready, language: str) -> str:
    cells = (f"`{ready.code}`", ready.rule[language], _options(ready), f"`{shape(plan(ready.code, ready.example))}`")
    return "| " + " | ".join(cells) + " |"


def _options(ready: Ready) -> str:
    own = [f"`{name}`" for name in metric_types()[ready.type].Params.model_fields]
    chosen = [f"`{name}`: {', '.join(option.choices)}" for name, option in ready.options.items()]
    return "; ".join(own + chosen) or "—"


def _deal(one: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    closed = one.get("closed", "—")[:10]
    cells = (one["id"], one["created"][:10], words["outcomes"][one["semantic"]], closed, one["amount"],
             one.get("win_no", "—"), one["category_id"], one["source_id"])  # fmt: skip
    return "| " + " | ".join(map(str, cells)) + " |"


def _lead(number: int, one: Sequence[Any], words: Mapping[str, Any]) -> str:
    created, outcome, closed, source = one
    return f"{number}: {created[:10]}, {words['outcomes'][outcome]}, {(closed or '—')[:10]}, {source}"


def _request(one: Mapping[str, Any]) -> str:
    moments = (one.get(name, "—").replace("T", " ") for name in ("created", "answered", "resolved"))
    rating = f", {one['rating']} ({one.get('rated', '—')[:10]})" if "rating" in one else ""
    working = f", {one['working'] // 3600} h" if "working" in one else ""
    return f"{one['id']} {one['mapping']}: {', '.join(moments)}{rating}{working}"


def _example(one: Mapping[str, Any]) -> str:
    whose = {name: one[name] for name in ("owner", "employee") if name in one}
    asked = {**one.get("options", {}), **one.get("where", {}), **whose}
    told = f"`{json.dumps(asked)}`" if asked else "—"
    value = Fraction(one["value"])
    shown = one["value"] if value.denominator == 1 else f"{float(value):.2f} ({one['value']})"
    return f"| `{one['metric']}` | {told} | {shown} | {one['how']} |"


def shape(made: Plan) -> str:
    """The plan in one line."""
    top = " + ".join(map(_measure, made.above))
    if made.denominator is None:
        return top
    if made.taken_off is not None:
        top = f"({top} − {_measure(made.taken_off)})"
    factor = f"{made.factor} × " if made.factor != 1 else ""
    return f"{factor}{top} / {' + '.join(map(_measure, made.below))}"


def _measure(measure: Measure) -> str:
    where = _where(measure.where)
    said = f"{measure.aggregate.value.upper()}({measure.field or measure.scan.entity})"
    return f"{said} by {measure.scan.date}" + (f" where {where}" if where else "")


def _where(where: Where) -> str:
    return " and ".join(map(_test, where.tests))


def _test(test: AnyTest) -> str:
    if isinstance(test, FieldTest | ProductTest):
        return "..."
    values = f" ({', '.join(map(str, test.values))})" if test.values else ""
    return f"{test.field} {test.op.value}{values}"


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.write_text(page(language), "utf-8")
